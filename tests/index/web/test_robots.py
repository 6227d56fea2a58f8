"""robots.txt: what it allows, what its absence or failure means, and how often it is asked for."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from index import SourceError
from index.web.fetching import Fetcher
from index.web.robots import for_this_program
from tests.index.web.conftest import Fetch
from tests.index.web.site import LIMITS, Internet, Site, leads_to, page


def _rules(text: str | bytes, **headers: str) -> bytes:
    return page(text, type="text/plain", **headers)


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /", "/news", False),
        ("User-agent: *\nDisallow: /private", "/news", True),
        ("User-agent: *\nDisallow: /private", "/private/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf", False),
        ("User-agent: *\nDisallow: /*?print=", "/x?print=1", False),
        ("User-agent: *\nDisallow: /%C3%BC", "/ü", False),
        ("User-agent: pincite\nDisallow: /\n\nUser-agent: *\nAllow: /", "/", False),
        ("User-agent: PinciteBot\nDisallow: /", "/", True),
        ("User-agent: other\nDisallow: /", "/", True),
        ("\ufeffUser-agent: *\r\nDisallow: /", "/", False),
        ("", "/", True),
        ("<html>Not found</html>", "/", True),
        (b"\xff\xfe\0\x01" * 100, "/", True),
    ],
)
def test_the_rules_for_this_program_are_kept_to(
    site: Site, fetch: Fetch, rules: str | bytes, path: str, allowed: bool
) -> None:
    site.pages["/robots.txt"] = _rules(rules)
    for known in ("/", "/news", "/private/x", "/a/b", "/x.pdf", "/x?print=1", "/%C3%BC"):
        site.pages[known] = page()
    if allowed:
        assert fetch(f"http://news.test{path}").data
    else:
        with pytest.raises(SourceError, match=r"robots.txt of 'news\.test' asks programs not to"):
            fetch(f"http://news.test{path}")
        assert not site.paths


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_without_a_robots_txt_everything_is_allowed(site: Site, fetch: Fetch, status: int) -> None:
    site.pages["/robots.txt"] = page(status=status)
    site.pages["/"] = page()
    assert fetch("http://news.test/").data


@pytest.mark.parametrize("status", [429, 500, 503, 304])
def test_nothing_is_read_while_the_rules_cant_be_had(site: Site, fetch: Fetch, status: int) -> None:
    site.pages["/robots.txt"] = page(b"", status=status)
    site.pages["/"] = page()
    with pytest.raises(SourceError, match=f"can't be told: its robots.txt has status {status}"):
        fetch("http://news.test/")
    assert not site.paths


@pytest.mark.parametrize(
    "answer", [b"", _rules("User-agent: *\n", Content_Length="100"), leads_to("/robots.txt")]
)
def test_nothing_is_read_where_asking_for_the_rules_fails(
    site: Site, fetch: Fetch, answer: bytes
) -> None:
    site.pages["/robots.txt"] = answer
    site.pages["/"] = page()
    with pytest.raises(SourceError):
        fetch("http://news.test/")
    assert not site.paths


def test_rules_are_found_where_robots_txt_leads(site: Site, fetch: Fetch) -> None:
    site.pages["/robots.txt"] = leads_to("http://other.test/rules")
    site.pages["/rules"] = _rules("User-agent: *\nDisallow: /private")
    site.pages["/private"] = page()
    with pytest.raises(SourceError, match="asks programs not to"):
        fetch("http://news.test/private")


def test_each_hop_is_held_against_the_rules_of_its_server(site: Site, fetch: Fetch) -> None:
    site.pages["/robots.txt"] = _rules("User-agent: *\nDisallow: /private")
    site.pages["/"] = leads_to("http://other.test/private")
    site.pages["/private"] = page()
    with pytest.raises(SourceError, match=r"robots.txt of 'other\.test' asks programs not to"):
        fetch("http://news.test/")
    assert site.paths == ["/"]


def test_the_rules_are_asked_for_once(site: Site, fetch: Fetch) -> None:
    site.pages["/"] = page()
    for address in ("http://news.test/", "http://news.test/", "http://news.test:8080/"):
        fetch(address)
    hosts = [each.headers["host"] for each in site.asked if each.path == "/robots.txt"]
    assert hosts == ["news.test", "news.test:8080"]


def test_a_failure_is_remembered_so_that_a_list_of_addresses_ends(site: Site, fetch: Fetch) -> None:
    site.pages["/robots.txt"] = page(status=503)
    for path in ("/a", "/b", "/c"):
        with pytest.raises(SourceError, match="has status 503"):
            fetch(f"http://news.test{path}")
    assert len(site.asked) == 1


def test_of_a_huge_robots_txt_the_beginning_counts(site: Site, fetch: Fetch) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(_rules("User-agent: *\nDisallow: /private\n", Content_Length=""))
        while True:
            connection.sendall(b"Allow: /private/x/%d\n" % 7 * 1000)

    site.pages["/robots.txt"] = endless
    site.pages["/"] = site.pages["/private"] = page()
    assert fetch("http://news.test/").data
    with pytest.raises(SourceError, match="asks programs not to"):
        fetch("http://news.test/private")


def test_a_crawl_delay_is_kept_to_between_pages(site: Site) -> None:
    site.pages["/robots.txt"] = _rules("User-agent: *\nCrawl-delay: 1\n")
    site.pages["/"] = page()
    fetcher = Fetcher(Internet(site).network)
    began = time.monotonic()
    fetcher.fetch("http://news.test/", replace(LIMITS, pause_s=0))
    first, second = (asked.time for asked in site.asked)
    assert second - first < 1, "the rules themselves don't count"
    fetcher.fetch("http://news.test/", replace(LIMITS, pause_s=0))
    assert time.monotonic() - began >= 1


def test_rules_for_thousands_of_programs_take_no_time(site: Site, fetch: Fetch) -> None:
    """As many names as rules: a copy of each rule for each name would be 50 million."""
    names = "".join(f"User-agent: program{number}\n" for number in range(5000))
    site.pages["/robots.txt"] = _rules(f"User-agent: *\n{names}" + "Disallow: /x\n" * 10_000)
    site.pages["/"] = page()
    began = time.process_time()
    assert fetch("http://news.test/").data
    with pytest.raises(SourceError, match="asks programs not to"):
        fetch("http://news.test/x")
    assert time.process_time() - began < 3


@given(
    st.lists(
        st.builds(
            "{}{}".format,
            st.sampled_from(
                [
                    *("User-agent: ", "useragent:", " USER  AGENT ", "User-agent"),
                    *("Allow: ", "Disallow: ", "Crawl-delay: ", "Sitemap: ", "# ", ""),
                ]
            ),
            st.sampled_from(
                [
                    *("*", "**", "pincite", "Pincite*", "p*i", "other", "pincitebot", "pin # x"),
                    *("", "/", "/a", "7"),
                ]
            ),
        )
    )
)
def test_leaving_out_other_programs_changes_no_rule(lines: list[str]) -> None:
    text = "\n".join(lines)
    whole, ours = Protego.parse(text), Protego.parse(for_this_program(text))
    for path in ("/", "/a", "/b"):
        url = f"http://news.test{path}"
        assert whole.can_fetch(url, "Pincite") == ours.can_fetch(url, "Pincite")
    assert whole.crawl_delay("Pincite") == ours.crawl_delay("Pincite")
