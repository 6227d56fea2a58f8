"""How the page is served: to whom, with which headers, from which files, and until when."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant import Assistant, SettingsError
from page.headers import SAFETY_HEADERS
from page.server import check
from tests.model_replies import reply
from tests.openai_server import OpenAIServer, Stall
from tests.page.serving import ROOT, ServedPage, connected, serving

QUESTION = "When did Trump and Putin speak by phone?"
CLAIM = "Trump spoke by phone with Putin on February 12."
WORDS = "On February 12, Trump spoke"
NO_FILTER = [None, None, None, None]
FILE = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}

HOSTILE = {
    "GRADIO_ALLOWED_PATHS": "/",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "GRADIO_AUTH": "a:b",
    "GRADIO_DEBUG": "1",
    "GRADIO_LOCAL_DEV_MODE": "1",
    "GRADIO_MCP_SERVER": "True",
    "GRADIO_NUM_WORKERS": "2",
    "GRADIO_ROOT_PATH": "/elsewhere",
    "GRADIO_RUN_HISTORY": "True",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_SERVER_PORT": "1",
    "GRADIO_SHARE": "True",
    "GRADIO_SSR_MODE": "True",
    "GRADIO_TEMP_DIR": "/",
    "GRADIO_VIBE_MODE": "1",
    "GRADIO_WATCH_DIRS": "/",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "SPACE_ID": "a/b",
    "SYSTEM": "spaces",
}
"""Variables that could let Gradio show, share or fetch what it shouldn't."""

TELL_TALE = """
import sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        host = address[0] if isinstance(address, tuple) else address
        if not str(host).startswith(("127.", "localhost", "::1")):
            with open({log!r}, "a") as log:
                print(event, host, file=log)
sys.addaudithook(hook)
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH: what Python connects to beyond this machine is noted in `log`."""
    folder = tmp_path_factory.mktemp("calls")
    (folder / "sitecustomize.py").write_text(TELL_TALE.format(log=str(folder / "log")))
    return folder


@pytest.fixture(scope="module")
def page(sample: Assistant, calls: Path) -> Iterator[ServedPage]:
    """The sample library, served in an environment that means ill."""
    with serving(env={**HOSTILE, "PYTHONPATH": str(calls)}) as page:
        yield page


def get(page: ServedPage, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{page.address}{path}", headers=headers)


# --- what a browser is told ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/config", 200),
        ("/theme.css", 200),
        ("/none", 404),
        ("/gradio_api/file=/x", 403),
    ],
)
def test_every_response_has_the_safety_headers(page: ServedPage, path: str, status: int) -> None:
    answer = get(page, path)
    assert answer.status_code == status
    for name, value in SAFETY_HEADERS.items():
        assert answer.headers.get_list(name) == [value]
    assert "server" not in answer.headers


def test_refusals_have_the_safety_headers_too(page: ServedPage) -> None:
    answer = get(page, "/", Host="example.org")
    assert answer.headers["Content-Security-Policy"] == SAFETY_HEADERS["Content-Security-Policy"]


def test_what_is_streamed_comes_as_it_is_sent(page: ServedPage) -> None:
    with httpx.stream("GET", f"{page.address}/gradio_api/heartbeat/a", timeout=5) as answer:
        assert next(answer.iter_lines()) == "data: ALIVE"
        assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1.example.org", "0.0.0.0", "10.0.0.1", ""]
)
def test_a_foreign_name_for_this_machine_is_refused(page: ServedPage, host: str) -> None:
    answer = get(page, "/config", Host=host)
    assert answer.status_code == 421
    assert answer.text == "This page answers at http://localhost only.\n"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:7860", "127.0.0.1", "127.1.2.3", "[::1]:1"]
)
def test_this_machines_own_names_are_served(page: ServedPage, host: str) -> None:
    assert get(page, "/config", Host=host).status_code == 200


@pytest.mark.parametrize("origin", ["http://example.org", "null", "http://localhost", "http://["])
@pytest.mark.parametrize("path", ["/config", "/gradio_api/info"])
def test_other_sites_cannot_use_the_page(page: ServedPage, origin: str, path: str) -> None:
    assert get(page, path, Origin=origin).status_code == 403
    asked = httpx.post(
        f"{page.address}/gradio_api/run/ask",
        json={"data": ["Who?", None, None, *NO_FILTER]},
        headers={"Origin": origin},
    )
    assert asked.status_code == 403
    assert "access-control-allow-origin" not in asked.headers


def test_the_page_itself_can_use_it(page: ServedPage) -> None:
    assert get(page, "/config", Origin=page.address).status_code == 200
    behind_a_proxy = {"Origin": "https://example.org", "Sec-Fetch-Site": "same-origin"}
    assert get(page, "/config", **behind_a_proxy).status_code == 200


# --- files and other hosts -----------------------------------------------------------------------


@pytest.mark.parametrize("file", ["/etc/hostname", str(ROOT / "README.md"), "../README.md", "/"])
def test_files_of_this_machine_are_not_given_out(page: ServedPage, file: str) -> None:
    assert get(page, f"/gradio_api/file={file}").status_code == 403


def test_a_file_of_this_machine_cannot_be_named_as_an_upload(page: ServedPage) -> None:
    url = f"{page.address}/gradio_api/run/ask"
    answer = httpx.post(url, json={"data": ["Who?", None, [FILE], *NO_FILTER]})
    assert answer.status_code == 500
    assert "hostname" not in answer.text
    assert "was not uploaded by a user" in page.errors()


@pytest.mark.parametrize(
    "path",
    [
        "file=https://example.org/a",
        "file=HTTP://example.org/a",
        "file=https%3A%2F%2Fexample.org/a",
        "file/https://example.org/a",
        "proxy=https://example.hf.space/a",
    ],
)
def test_nothing_is_fetched_for_a_visitor(page: ServedPage, path: str) -> None:
    answer = get(page, f"/gradio_api/{path}")
    assert (answer.status_code, answer.text) == (404, "Not found.\n")


def test_a_variable_of_the_environment_changes_nothing(page: ServedPage) -> None:
    config = get(page, "/config").json()
    assert config["root"] == page.address
    assert config["space_id"] is None
    assert config["footer_links"] == []
    assert not config["vibe_mode"]
    assert get(page, "/gradio_api/mcp/schema").status_code == 404
    assert get(page, "/gradio_api/vibe-code").status_code == 403
    assert get(page, "/openapi.json").status_code == 404
    assert page.output() == f"Pincite is at {page.address} (Ctrl-C stops it).\n"


def test_the_server_calls_nobody(page: ServedPage, calls: Path) -> None:
    assert connected(page.address).predict(QUESTION, api_name="/ask")["citations"]
    log = calls / "log"
    assert not log.exists(), log.read_text()


# --- uploads -------------------------------------------------------------------------------------


def upload(page: ServedPage, name: str, content: bytes) -> httpx.Response:
    return httpx.post(f"{page.address}/gradio_api/upload", files={"files": (name, content)})


def test_an_upload_lands_in_a_private_folder_that_goes_with_the_server(
    page: ServedPage, sample: Assistant
) -> None:
    (path,) = upload(page, "../../a.txt", b"It rained.").json()
    folder = next(each for each in Path(path).parents if each.name.startswith("uploads-"))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.is_relative_to(sample.library.path)
    assert Path(path).read_bytes() == b"It rained."
    page.stop()
    assert not folder.exists()
    page.start()


def test_an_upload_that_is_too_large_is_refused(page: ServedPage) -> None:
    assert upload(page, "a.txt", bytes(20 * 1024 * 1024 + 1)).status_code == 413


def test_uploads_to_a_library_of_ones_own_stay_in_its_folder(tmp_path: Path) -> None:
    library = tmp_path / "library"
    with serving("--library", library) as page:
        made = (
            f"There was no library in {library}: an empty one was made; the page can add texts.\n"
        )
        assert page.errors() == made
        (path,) = upload(page, "a.txt", b"It rained.").json()
        assert Path(path).is_relative_to(library)
        assert connected(page.address).predict(api_name="/sources") == []
        assert page.stop(signal.SIGINT) == 0
        assert not list(library.glob("uploads-*"))
        page.start()
        assert page.errors() == ""


# --- addresses -----------------------------------------------------------------------------------


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", "serve", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_port_in_use_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("--port", str(port), "--library", str(tmp_path / "library"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"pincite: Port {port} of 127.0.0.1 can't be used (Address already in use): "
        "name another with --port, or 0 for any free one.\n"
    )
    assert not (tmp_path / "library").exists()


@pytest.mark.parametrize(
    ("host", "port"),
    [("no.such.host.invalid", 0), ("a b", 0), ("127.0.0.1", 65536), ("127.0.0.1", -1)],
)
def test_an_address_that_is_none_is_told(host: str, port: int, no_network: list[str]) -> None:
    with pytest.raises(SettingsError, match=r"--(host|port)"):
        check(host, port, None, True)
    no_network.clear()  # to look up a name is no attempt to leave the machine


def test_a_host_that_others_reach_is_refused_in_one_sentence() -> None:
    done = command("--host", "0.0.0.0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "pincite: With the host 0.0.0.0, anybody who can reach this machine could read the "
        "library: give --auth FILE, or --open to allow it.\n"
    )


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_is_served(sample: Assistant, host: str) -> None:
    with serving("--host", host) as page:
        assert re.fullmatch(r"http://\[::1\]:\d+", page.address)
        assert get(page, "/config").status_code == 200


def test_a_host_opened_to_all_answers_under_any_name(sample: Assistant) -> None:
    with serving("--host", "0.0.0.0", "--open") as page:
        assert page.address.startswith("http://127.0.0.1:")
        assert get(page, "/config", Host="pincite.example").status_code == 200
        assert get(page, "/config", Origin="http://example.org").status_code == 403


def test_app_py_takes_the_same_options() -> None:
    done = subprocess.run(
        [sys.executable, "app.py", "--host", "0.0.0.0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "give --auth FILE, or --open to allow it" in done.stderr


# --- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quickly_and_quietly_while_a_model_is_asked(
    sample: Assistant, with_signal: int
) -> None:
    def stalls(request: dict[str, Any]) -> Stall:
        return Stall(reply(request, (CLAIM, WORDS)), 10)

    with (
        OpenAIServer() as model,
        serving("--model", "openai:test", "--base-url", model.base_url) as page,
    ):
        model.script(stalls)
        asking = threading.Thread(target=ask_until_the_end, args=(page,))
        asking.start()
        eventually(lambda: model.requests)
        begun = time.monotonic()
        assert page.stop(with_signal) == 0
        assert time.monotonic() - begun < 4
        assert page.errors() == ""
        asking.join(10)


def eventually(seen: Callable[[], object]) -> None:
    """Wait until it is seen; fail when it isn't within a minute."""
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ask_until_the_end(page: ServedPage) -> None:
    data = {"data": [QUESTION, None, None, *NO_FILTER]}
    with suppress(httpx.HTTPError):
        answer = httpx.post(f"{page.address}/gradio_api/run/ask", json=data, timeout=30)
        assert answer.status_code == 500


def test_it_can_be_stopped_while_it_starts(sample: Assistant, tmp_path: Path) -> None:
    library = tmp_path / "library"
    arguments = ["--port", "0", "--library", str(library)]
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "serve", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    eventually(lambda: list(library.glob("uploads-*")))
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, b"")
    assert b"Traceback" not in err
    assert not list(library.glob("uploads-*"))
