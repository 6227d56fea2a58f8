"""No request reaches a server that isn't public, on whatever way it is led there."""

from __future__ import annotations

import pytest

from index import SourceError
from index.web import FetchLimits, fetch
from index.web.fetching import Fetcher
from tests.index.web.conftest import Fetch
from tests.index.web.site import LIMITS, PUBLIC_IP, Internet, Site, leads_to, page

NOT_PUBLIC = "isn't a public address: save the page"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fd00:ec2::254]"],
)
def test_a_private_ip_address_is_refused_without_a_connection(site: Site, host: str) -> None:
    internet = Internet(site)
    with pytest.raises(SourceError, match=NOT_PUBLIC):
        Fetcher(internet.network).fetch(f"http://{host}/", LIMITS)
    assert not internet.connected


@pytest.mark.parametrize("name", ["localhost", "localhost.", "LOCALHOST"])
def test_the_own_machine_is_refused_by_name(site: Site, name: str) -> None:
    with pytest.raises(SourceError, match=NOT_PUBLIC):
        fetch(f"http://{name}:8080/")


def test_the_own_server_is_refused_unless_it_is_on_the_list(site: Site) -> None:
    site.pages["/"] = page()
    other = FetchLimits(allowed_hosts=frozenset({f"127.0.0.1:{site.port + 1}", "127.0.0.1"}))
    with pytest.raises(SourceError):
        fetch(site.url, other)
    assert not site.asked
    listed = FetchLimits(pause_s=0, allowed_hosts=frozenset({site.host_and_port}))
    assert fetch(site.url, listed).data, "the refusal isn't remembered for another list"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/admin",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "//10.1.2.3/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::a00:1]/",
    ],
)
@pytest.mark.parametrize("from_path", ["/", "/robots.txt"])
def test_a_redirect_to_a_private_address_is_refused(
    site: Site, location: str, from_path: str
) -> None:
    site.pages["/"] = page()
    site.pages[from_path] = leads_to(location)
    internet = Internet(site)
    with pytest.raises(SourceError, match=NOT_PUBLIC):
        Fetcher(internet.network).fetch("http://news.test/", LIMITS)
    assert {ip for ip, _ in internet.connected} == {PUBLIC_IP}
    assert {asked.headers["host"] for asked in site.asked} == {"news.test"}


def test_a_name_that_changes_to_a_private_address_is_refused(site: Site) -> None:
    """robots.txt is fetched from the public address; the page would be from another."""
    site.pages["/"] = page()
    internet = Internet(site, ips=[[PUBLIC_IP], ["127.0.0.1"]])
    with pytest.raises(SourceError, match=NOT_PUBLIC):
        Fetcher(internet.network).fetch("http://news.test/", LIMITS)
    assert internet.connected == [(PUBLIC_IP, 80)]
    assert site.paths == []


def test_a_connection_goes_to_the_address_that_was_checked(site: Site) -> None:
    """One look-up for each connection: a second answer is never asked for in between."""
    site.pages["/"] = page()
    ips = ["93.184.215.1", "93.184.215.2"]
    internet = Internet(site, ips=[[ip] for ip in ips])
    Fetcher(internet.network).fetch("http://news.test/", LIMITS)
    assert internet.looked_up == [("news.test", 80)] * 2
    assert internet.connected == [(ip, 80) for ip in ips]


def test_a_private_address_among_public_ones_is_refused(site: Site) -> None:
    internet = Internet(site, ips=[[PUBLIC_IP, "2606:4700::1", "192.168.0.1"]])
    with pytest.raises(SourceError, match=r"at 192\.168\.0\.1, which isn't"):
        Fetcher(internet.network).fetch("http://news.test/", LIMITS)
    assert not internet.connected


def test_ports_that_arent_the_webs_are_refused_on_a_redirect_too(site: Site, fetch: Fetch) -> None:
    site.pages["/"] = leads_to("http://news.test:6379/")
    with pytest.raises(SourceError, match="Port 6379"):
        fetch("http://news.test/")


def test_proxies_of_the_environment_arent_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    site.pages["/"] = page()
    limits = FetchLimits(pause_s=0, allowed_hosts=frozenset({site.host_and_port}))
    assert fetch(site.url, limits).data == b"<p>Text.</p>"
