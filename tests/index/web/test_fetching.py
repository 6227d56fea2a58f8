"""What is fetched, and how the server is asked; limits, robots.txt and the guard have their own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.metadata import version

import pytest

from index import SourceError
from index.web import FetchLimits, fetch
from tests.index.web.conftest import Fetch
from tests.index.web.site import Site, leads_to, page


def test_a_page_comes_with_where_when_and_how(site: Site, fetch: Fetch) -> None:
    site.pages["/news?page=2"] = page("<p>Größe</p>", type='Text/HTML; Charset="UTF-8"')
    fetched = fetch("http://News.test:8080/news?page=2#top")
    assert fetched.data.decode() == "<p>Größe</p>"
    assert fetched.address == "http://news.test:8080/news?page=2"
    assert (fetched.media_type, fetched.charset) == ("text/html", "utf-8")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", fetched.fetched)
    age = datetime.now(UTC) - datetime.fromisoformat(fetched.fetched)
    assert timedelta(seconds=-1) < age < timedelta(minutes=1)
    assert "Größe" not in repr(fetched)


def test_the_server_is_told_who_asks_and_under_which_name(site: Site, fetch: Fetch) -> None:
    site.pages["/"] = page()
    fetch("http://news.test:8080/")
    headers = site.asked[-1].headers
    assert headers["user-agent"] == f"pincite/{version('pincite')}"
    assert headers["host"] == "news.test:8080"
    assert not headers.keys() & {"cookie", "referer", "authorization"}


def test_a_unicode_name_is_asked_for_in_its_ascii_form(site: Site, fetch: Fetch) -> None:
    site.pages["/%C3%BC"] = page()
    assert fetch("http://bücher.test/ü").address == "http://xn--bcher-kva.test/%C3%BC"
    assert site.asked[-1].headers["host"] == "xn--bcher-kva.test"


def test_a_private_server_on_the_list_is_fetched_by_the_public_function(site: Site) -> None:
    site.pages["/"] = page("Here.", type="text/plain")
    limits = FetchLimits(pause_s=0, allowed_hosts=frozenset({site.host_and_port}))
    assert fetch(site.url, limits).data == b"Here."


def test_redirects_are_followed_to_where_they_lead(site: Site, fetch: Fetch) -> None:
    site.pages["/a"] = leads_to("/b?x=ü")
    site.pages["/b?x=%C3%BC"] = leads_to("http://other.test/c", 308)
    site.pages["/c"] = page()
    assert fetch("http://news.test/a").address == "http://other.test/c"
    assert [asked.headers["host"] for asked in site.asked if asked.path == "/c"] == ["other.test"]


def test_redirects_in_a_loop_end(site: Site, fetch: Fetch) -> None:
    site.pages["/a"] = leads_to("/b")
    site.pages["/b"] = leads_to("/a")
    with pytest.raises(SourceError, match=r"'http://news\.test/a' leads .* more than 5 times"):
        fetch("http://news.test/a")
    assert site.paths == ["/a", "/b"] * 3


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("ftp://news.test/", "isn't a complete web address"),
        ("file:///etc/passwd", "isn't a complete web address"),
        ("http://user:secret@news.test/", "user name or a password"),
        ("http://[", "isn't a complete web address"),
        ("http://2130706433/", "number in place of a name"),
        ("", "without saying where"),
    ],
)
def test_a_redirect_is_read_as_strictly_as_an_address(
    site: Site, fetch: Fetch, location: str, message: str
) -> None:
    site.pages["/"] = leads_to(location)
    with pytest.raises(SourceError, match=message) as caught:
        fetch("http://news.test/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, r"There is nothing at 'http://news\.test/x' \(status 404\): check the address"),
        (410, r"There is nothing at"),
        (401, r"without signing in \(status 401\): save the page"),
        (403, r"doesn't show 'http://news\.test/x' to programs"),
        (429, r"asks for fewer requests \(status 429\): try again later"),
        (500, r"'news\.test' has a fault \(status 500\): try again later"),
        (503, r"has a fault \(status 503\)"),
        (204, r"answers with status 204"),
        (206, r"answers with status 206"),
        (304, r"answers with status 304"),
        (418, r"answers with status 418"),
    ],
)
def test_each_failure_of_a_server_is_one_sentence(
    site: Site, fetch: Fetch, status: int, message: str
) -> None:
    body = b"" if status in (204, 304) else b"<p>Sorry.</p>"
    site.pages["/x"] = page(body, status=status)
    with pytest.raises(SourceError, match=message):
        fetch("http://news.test/x")


@pytest.mark.parametrize(
    ("retry_after", "message"),
    [
        ("120", "try again in 120 seconds"),
        (
            format_datetime(datetime(2031, 5, 4, 12, 30, tzinfo=UTC), usegmt=True),
            "try again after 2031-05-04 12:30 UTC",
        ),
        ("Fri, 31 Dec 9999 23:59:59 -2359", "try again later"),
        ("soon", "try again later"),
    ],
)
def test_a_server_that_says_when_to_come_back_is_quoted(
    site: Site, fetch: Fetch, retry_after: str, message: str
) -> None:
    site.pages["/"] = page(status=429, Retry_After=retry_after)
    with pytest.raises(SourceError, match=message):
        fetch("http://news.test/")


@pytest.mark.parametrize(
    ("path", "stated", "expected"),
    [
        ("/", "application/xhtml+xml", "application/xhtml+xml"),
        ("/", "text/plain;charset=koi8-r", "text/plain"),
        ("/a.pdf", "application/pdf", "application/pdf"),
        ("/feed", "application/rss+xml; charset=utf-8", "application/rss+xml"),
        ("/b%2Emd?raw=1", "application/octet-stream", "text/markdown"),
        ("/book.EPUB", "binary/octet-stream", "application/epub+zip"),
        ("/a.txt", "", "text/plain"),
    ],
)
def test_the_media_type_is_what_the_server_says_or_the_ending(
    site: Site, fetch: Fetch, path: str, stated: str, expected: str
) -> None:
    site.pages[path] = page("x", type=stated)
    assert fetch(f"http://news.test{path}").media_type == expected


@pytest.mark.parametrize(
    ("path", "stated", "message"),
    [
        ("/a.png", "image/png", "holds image/png, which Pincite doesn't read"),
        ("/a.html", "video/mp4", "holds video/mp4"),
        ("/program", "application/octet-stream", "holds application/octet-stream"),
        ("/", "", "holds something of no stated type"),
    ],
)
def test_what_there_is_no_reader_for_is_refused_before_it_is_read(
    site: Site, fetch: Fetch, path: str, stated: str, message: str
) -> None:
    site.pages[path] = page(b"", type=stated, Content_Length="150000")  # nothing comes after it
    with pytest.raises(SourceError, match=message):
        fetch(f"http://news.test{path}")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("text/html; charset=Windows-1251", "windows-1251"),
        ("text/html;charset='utf-8'", None),
        ('text/html; charset="<script>"', None),
        ("text/html; charset=", None),
        (f"text/html; charset={'a' * 300}", None),
        ("text/html", None),
    ],
)
def test_only_what_can_be_the_name_of_a_charset_is_handed_on(
    site: Site, fetch: Fetch, stated: str, expected: str | None
) -> None:
    site.pages["/"] = page(type=stated)
    assert fetch("http://news.test/").charset == expected
