"""Encrypted connections: the certificate must be for the name, wherever the connection goes."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import trustme

from index import SourceError
from index.web import FetchLimits
from index.web.connecting import trusted
from index.web.fetching import Fetcher
from tests.index.web.site import LIMITS, Internet, Site, leads_to, page


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Site]:
    """A server with a certificate for news.test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("news.test").configure_cert(context)
    with Site(context) as site:
        site.pages["/"] = page()
        yield site


def _fetcher(site: Site, authority: trustme.CA | None) -> Fetcher:
    @cache
    def tls() -> ssl.SSLContext:
        context = ssl.create_default_context()
        if authority is not None:
            authority.configure_trust(context)
        return context

    return Fetcher(Internet(site, tls=tls).network)


def test_a_certificate_is_checked_for_the_name_and_not_the_ip_address(
    secure: Site, authority: trustme.CA
) -> None:
    fetched = _fetcher(secure, authority).fetch("https://news.test/", LIMITS)
    assert (fetched.address, fetched.data) == ("https://news.test/", b"<p>Text.</p>")
    assert secure.asked[-1].headers["host"] == "news.test"


def test_the_server_is_told_the_name_before_it_shows_its_certificate(
    authority: trustme.CA,
) -> None:
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda connection, name, context: names.append(name)
    authority.issue_cert("xn--bcher-kva.test").configure_cert(context)
    with Site(context) as site:
        site.pages["/"] = page()
        _fetcher(site, authority).fetch("https://bücher.test./", LIMITS)
    assert set(names) == {"xn--bcher-kva.test"}


def test_a_certificate_for_another_name_is_refused(secure: Site, authority: trustme.CA) -> None:
    with pytest.raises(SourceError, match=r"'other\.test' can't prove that it is the one named so"):
        _fetcher(secure, authority).fetch("https://other.test/", LIMITS)
    assert not secure.asked


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: Site) -> None:
    with pytest.raises(SourceError, match=r"'news\.test' can't prove"):
        _fetcher(secure, None).fetch("https://news.test/", LIMITS)
    assert not secure.asked


def test_a_server_without_encryption_is_refused(site: Site) -> None:
    with pytest.raises(SourceError, match=r"No safe connection with the server 'news\.test'"):
        _fetcher(site, None).fetch("https://news.test/", LIMITS)


def test_a_redirect_doesnt_lead_out_of_encryption(secure: Site, authority: trustme.CA) -> None:
    secure.pages["/"] = leads_to("http://news.test/plain")
    with pytest.raises(SourceError, match=r"if that will do, add 'http://news\.test/plain'"):
        _fetcher(secure, authority).fetch("https://news.test/", LIMITS)


def test_the_systems_certificates_are_trusted_or_those_of_ssl_cert_file(
    secure: Site, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    fetcher = Fetcher(Internet(secure).network)
    try:
        trusted.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert fetcher.fetch("https://news.test/", LIMITS).data
        trusted.cache_clear()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
        with pytest.raises(SourceError, match="correct SSL_CERT_FILE"):
            Fetcher(Internet(secure).network).fetch("https://news.test/", FetchLimits())
    finally:
        trusted.cache_clear()
