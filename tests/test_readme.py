"""What the README shows is what happens: its commands and Python examples run here."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import cli
from page import serve
from tests.chroma_server import ChromaServer
from tests.model_replies import says
from tests.openai_server import OpenAIServer
from tests.page.serving import serving

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
CONSOLE_BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
DEFAULT_ADDRESS = "http://127.0.0.1:7860"
ELLIPSIS = "…"
"""At the end of a shown line: the real line goes on."""


@pytest.fixture(scope="module")
def server():
    """Stands in for OpenAI: states what the README's example with a model shows."""
    claim = ("Trump spoke by phone with Putin on February 12.", "On February 12, Trump spoke")
    with OpenAIServer() as running:
        running.script(says(claim))
        yield running


@pytest.fixture(scope="module")
def desk(tmp_path_factory, sample, server):
    """A folder to run the README in, with a text of the user's own and a sample library."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "texts").mkdir()
    (folder / "texts" / "harbour.txt").write_text(
        "Harbour reopens\n\nThe harbour of Varna reopened on 3 May 2024 after two weeks.\n\n"
        "“Ships can enter again,” said harbour master Elena Petrova.\n",
        encoding="utf-8",
    )
    (folder / "questions.txt").write_text(
        "When did Trump and Putin speak by phone?\nWhat is the capital of Australia?\n"
    )
    binaries = str(Path(sys.executable).parent)
    path = os.pathsep.join([binaries, os.environ["PATH"]])
    model = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": server.base_url}
    return folder, {**os.environ, "PATH": path, **model}


@pytest.fixture(scope="module")
def chroma(tmp_path_factory):
    """The server that the README shares a library on, at a free port."""
    running = ChromaServer(tmp_path_factory.mktemp("chroma"))
    running.start()
    yield running
    running.stop()


def run(command, desk):
    folder, environment = desk
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_readme_has_examples_of_both_kinds():
    assert PYTHON_BLOCKS
    assert CONSOLE_BLOCKS


def test_the_console_examples_print_what_the_readme_shows(desk, chroma):
    """In one go and in order: later commands use the library that earlier ones made."""
    for block in CONSOLE_BLOCKS:
        for example in block.split("$ ")[1:]:
            command, _, shown = example.partition("\n")
            words = shlex.split(command.replace("localhost:8000", f"127.0.0.1:{chroma.port}"))
            if words[0] != "pincite":
                continue
            if words[1] == "serve":  # doesn't end: what it prints is looked at in `page`
                assert shown.strip() == f"Pincite is at {DEFAULT_ADDRESS} (Ctrl-C stops it)."
                continue
            done = run(words, desk)
            assert done.returncode in (0, 3), done.stderr
            wanted = [line.rstrip() for line in shown.splitlines() if line.strip()]
            printed = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
            for want, got in zip(wanted, printed, strict=False):
                if want == ELLIPSIS:
                    break
                if want.endswith(ELLIPSIS):
                    assert got.startswith(want.removesuffix(ELLIPSIS)), (command, want, got)
                else:
                    assert got == want, command
            else:
                assert len(printed) == len(wanted) or not wanted, (command, printed)


def test_the_page_is_served_where_the_readme_says():
    for start in (serve, cli.serve):
        options = inspect.signature(start).parameters
        assert f"http://{options['host'].default}:{options['port'].default}" == DEFAULT_ADDRESS


@pytest.fixture(scope="module")
def page(sample):
    """`pincite serve --mcp`, on a port that is free."""
    with serving("--mcp") as running:
        assert f"Pincite is at {running.address} (Ctrl-C stops it)." in running.output()
        yield running


@pytest.mark.parametrize("code", PYTHON_BLOCKS, ids=range(1, len(PYTHON_BLOCKS) + 1))
def test_the_python_examples_run(code, desk, request):
    if DEFAULT_ADDRESS in code:
        address = request.getfixturevalue("page").address
        code = code.replace(DEFAULT_ADDRESS, address)
    done = run([sys.executable, "-c", code], desk)
    assert done.returncode == 0, done.stderr
    for want in re.findall(r"#> (.*)", code):
        assert want in done.stdout
