"""What the browser tests rely on: the watching sees, axe-core finds, and nothing skips unsaid."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.page.browser import Visits, axe, marked_text

ROOT = Path(__file__).resolve().parents[2]
PAGE = '<!doctype html><html lang="en"><head><title>t</title></head><body><main>{}</main></body>'
ELSEWHERE = "http://elsewhere.example/x"


@dataclass(frozen=True)
class Hosted:
    address: str


@contextmanager
def hosted(body: str) -> Iterator[Hosted]:
    """A server of one page with this body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(PAGE.format(body).encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield Hosted(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


@pytest.fixture
def visits(chromium: Browser, tmp_path: Path) -> Iterator[Visits]:
    """Like `page_of`, but what the pages do fails no test."""
    opened = Visits(chromium, tmp_path)
    yield opened
    opened.close()


# --- watching ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        f"<img src='{ELSEWHERE}' alt='x'>",
        f"<link rel='stylesheet' href='{ELSEWHERE}'>",
        f"<script src='{ELSEWHERE}'></script>",
        f"<iframe src='{ELSEWHERE}' title='x'></iframe>",
        f"<script>navigator.sendBeacon('{ELSEWHERE}')</script>",
        f"<script>window.open('{ELSEWHERE}')</script>",
        f"<script>new WebSocket('{ELSEWHERE.replace('http', 'ws')}')</script>",
    ],
)
def test_a_request_to_another_host_is_a_problem(visits, body):
    with hosted(body) as page:
        opened = visits(page)
        opened.wait_for_timeout(200)
        assert any("requested from elsewhere: " in problem for problem in visits.problems())
        assert {url.partition("://")[2] for url in visits.watch(opened).foreign()} == {
            "elsewhere.example/x"
        }


def test_another_port_of_this_machine_is_elsewhere_too(visits):
    with hosted("") as other, hosted(f"<img src='{other.address}/x' alt='x'>") as page:
        opened = visits(page)
        assert visits.watch(opened).foreign() == [f"{other.address}/x"]


def test_a_page_of_its_own_host_has_no_problems(visits):
    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
    with hosted(f"<img src='/own' alt='x'><img src='{pixel}' alt='x'>") as page:
        opened = visits(page, "/?source=text")
        assert f"{page.address}/own" in visits.watch(opened).requests
        assert visits.problems() == []


@pytest.mark.parametrize(
    "script", ["console.error('oh no')", "throw Error('oh no')", "Promise.reject(Error('oh no'))"]
)
def test_an_error_in_the_browser_is_a_problem_unless_it_is_expected(visits, script):
    with hosted(f"<script>{script}</script>") as page:
        visits(page).wait_for_timeout(100)
        assert len(visits.problems()) == 1
        assert "oh no" in visits.problems()[0]
        visits(page, expected_errors="oh n.").wait_for_timeout(100)
        assert len(visits.problems()) == 1


def test_the_browser_itself_reaches_no_other_host(visits):
    with hosted("") as page:
        opened = visits(page)
        for address in ("http://elsewhere.example", "http://192.0.2.1", "http://[2001:db8::1]"):
            with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
                opened.goto(address)


def test_two_visitors_share_nothing(visits):
    with hosted("") as page:
        first, second = visits(page), visits(page)
        first.evaluate("localStorage.setItem('key', 'value'); document.cookie = 'key=value'")
        assert second.evaluate("[localStorage.getItem('key'), document.cookie]") == [None, ""]


def test_a_failed_test_has_a_picture_of_each_page(visits, tmp_path):
    with hosted("") as page:
        visits(page), visits(page, viewport={"width": 380, "height": 800})
        assert visits.screenshots() == [tmp_path / "page-1.png", tmp_path / "page-2.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.glob("*.png"))


def test_marked_text_is_all_marks_in_order_and_untouched(visits):
    body = "<div id='source-pane'>a <mark>b &lt; </mark><mark>\nc</mark> d</div><mark>e</mark>"
    with hosted(body) as page:
        assert marked_text(visits(page)) == "b < \nc"


def test_axe_tells_the_serious_faults_only(visits):
    with hosted("<h1>a</h1><img src='data:,'><h4>too deep</h4>") as page:
        (fault,) = axe(visits(page))
        assert fault.startswith("image-alt (critical): ")
        assert fault.endswith(": img")


def test_other_tests_can_run_event_loops_of_their_own(request):
    """Playwright leaves its loop set as running; the fixture that ends here must not."""
    request.getfixturevalue("_launched")
    assert asyncio.run(asyncio.sleep(0, "ran")) == "ran"


# --- where a tool is missing ---------------------------------------------------------------------


def run_without_a_browser(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One of these tests in a process that finds no browser."""
    test = f"{__file__}::test_a_page_of_its_own_host_has_no_problems"
    options = ["-rs", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inner'}"]
    empty = tmp_path / "empty"
    empty.mkdir()
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, test],
        cwd=ROOT,
        env=os.environ | {"PATH": str(empty), "PLAYWRIGHT_BROWSERS_PATH": str(empty)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_browser_the_tests_skip_and_say_how_to_get_one(tmp_path):
    done = run_without_a_browser(tmp_path, BROWSER_TESTS="")
    assert done.returncode == 0
    assert "1 skipped" in done.stdout
    assert "There is no Chromium for the browser tests: `make browser` installs it" in done.stdout


def test_where_browser_tests_are_required_a_missing_browser_fails_them(tmp_path):
    done = run_without_a_browser(tmp_path, BROWSER_TESTS="required")
    assert done.returncode == 1
    assert "1 error" in done.stdout
    assert "There is no Chromium for the browser tests" in done.stdout


def test_a_named_browser_that_cannot_run_is_named(tmp_path):
    named = str(tmp_path / "no-such-browser")
    done = subprocess.run(
        [sys.executable, "-m", "tests.page.installed"],
        cwd=ROOT,
        env=os.environ | {"BROWSER_TESTS_CHROMIUM": named},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == f"BROWSER_TESTS_CHROMIUM names {named}, which can't be run.\n"


# --- what is installed ---------------------------------------------------------------------------


def test_the_lock_file_of_axe_names_versions_and_hashes_but_no_registry():
    lock = (ROOT / "tests/page/axe/package-lock.json").read_text(encoding="utf-8")
    assert '"integrity": "sha512-' in lock
    assert "resolved" not in lock
    assert "://" not in lock
