"""The page talks to its own server only, and what it is served with keeps it so."""

import json
import re
from urllib.parse import urljoin, urlsplit

import pytest

from tests.page.browser import ask, marked_text

QUESTION = "Which sources are there, and what do they say?"
ELSEWHERE = "http://elsewhere.example/x"
ROUTES = ("/", "/config", "/theme.css", "/gradio_api/info", "/no/such/route")


# --- nothing comes from elsewhere ----------------------------------------------------------------


def test_reading_and_asking_stay_on_the_pages_own_host(page_of, served):
    page = page_of(served)
    ask(page, QUESTION)
    page.locator("#conversation a.mark, #conversation .nearest a").first.click()
    page.locator("#source-pane .paragraph").first.wait_for()
    page.reload()
    page.locator("#conversation .turn .making").wait_for()
    watch = page_of.watch(page)
    assert len(watch.requests) > 10
    assert watch.foreign() == []


def test_the_page_names_no_host_to_load_from(page_of, served):
    """Links to prepare connections to, and icons, show up in no list of requests."""
    page = page_of(served)
    page.locator("#question").wait_for()
    named = page.evaluate(
        "[...document.querySelectorAll('link[href]')].map(e => e.getAttribute('href'))"
        ".concat([...document.querySelectorAll('[src]')].map(e => e.getAttribute('src')))"
    )
    assert named
    hosts = {urlsplit(urljoin(served.address, address)).netloc for address in named}
    assert hosts - {""} == {urlsplit(served.address).netloc}


def test_the_description_of_the_api_is_read_from_the_pages_own_host(page_of, served):
    page = page_of(served, "/gradio_api/info")
    described = json.loads(page.locator("body").inner_text())
    assert "/ask" in described["named_endpoints"]
    assert page_of.watch(page).foreign() == []


# --- hostile sources -----------------------------------------------------------------------------

HOSTILE = f"""<img src={ELSEWHERE} onerror="window.ran = 1"> Harbour <script>window.ran = 1</script>

The harbour of Varna opened <img src="{ELSEWHERE}" onerror="window.ran = 1"> on 3 May & "4 May".

![picture]({ELSEWHERE}) [link](javascript:window.ran=1) <style>body {{ display: none }}</style>
"""


def test_markup_in_a_source_is_shown_as_text_and_never_runs(page_of, served_own):
    page = page_of(served_own({"harbour": HOSTILE}))
    ask(page, "When did the harbour of Varna open?")
    mark = page.locator("#conversation a.mark").first
    quote = mark.get_attribute("data-quote")
    assert "<img src=" in quote
    mark.click()
    page.locator("#source-pane mark").wait_for()
    assert marked_text(page) == quote
    shown = page.locator("#source-pane .paragraph .text").all_text_contents()
    assert shown == [block.strip() for block in HOSTILE.strip().split("\n\n")]
    assert page.evaluate("window.ran") is None
    assert page.locator("#conversation img, #source-pane img").count() == 0


# --- what the browser is told to refuse ----------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
def test_every_response_has_the_safety_headers(page_of, served, route):
    headers = page_of(served).request.get(served.address + route).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert not re.search(r"https?:|wss?:|\*", headers["content-security-policy"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("attempt", "directive"),
    [
        (f"fetch('{ELSEWHERE}')", "connect-src"),
        (f"new WebSocket('{ELSEWHERE.replace('http', 'ws')}')", "connect-src"),
        (f"new FontFace('f', 'url({ELSEWHERE})').load()", "font-src"),
        (f"add('img', {{src: '{ELSEWHERE}'}})", "img-src"),
        (f"add('iframe', {{src: '{ELSEWHERE}'}})", "frame-src"),
        (f"add('object', {{data: '{ELSEWHERE}'}})", "object-src"),
        (f"add('script', {{src: '{ELSEWHERE}'}})", "script-src-elem"),
        (f"add('link', {{rel: 'stylesheet', href: '{ELSEWHERE}'}})", "style-src-elem"),
    ],
)
def test_even_a_script_in_the_page_can_load_nothing_from_elsewhere(
    page_of, served, attempt, directive
):
    page = page_of(served, expected_errors="Content Security Policy|Failed to fetch|network error")
    refused = page.evaluate(
        """attempt => new Promise(resolve => {
          window.add = (name, values) =>
            document.body.append(Object.assign(document.createElement(name), values));
          document.addEventListener("securitypolicyviolation", event =>
            resolve([event.effectiveDirective, new URL(event.blockedURI).hostname]));
          setTimeout(() => resolve("nothing was refused"), 3000);
          Promise.resolve(eval(attempt)).catch(() => {});
        })""",
        attempt,
    )
    assert refused == [directive, urlsplit(ELSEWHERE).hostname]
    page_of.watch(page).requests.clear()  # the browser lists what it refused to request


def test_what_stands_in_the_page_cannot_redirect_its_addresses(page_of, served):
    page = page_of(served, expected_errors="Content Security Policy")
    page.evaluate(
        "href => document.head.prepend(Object.assign(document.createElement('base'), {href}))",
        ELSEWHERE,
    )
    assert page.evaluate("document.baseURI").startswith(served.address)
