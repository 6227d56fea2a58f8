import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import SourceError
from index.web import is_address
from index.web.addresses import parse_address, resolve_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://example.org/", True),
        ("HTTPS://EXAMPLE.ORG", True),
        ("http://", True),  # meant as one, so that the message is about addresses
        ("example.org", False),
        ("ftp://example.org/", False),
        ("articles/http://x.txt", False),
        ("", False),
    ],
)
def test_what_begins_with_http_is_meant_as_an_address(text: str, expected: bool) -> None:
    assert is_address(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://example.org", "http://example.org/"),
        ("HTTP://Example.ORG:80/A?b=C#part", "http://example.org/A?b=C"),
        ("https://example.org:443/", "https://example.org/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("http://example.org./", "http://example.org/"),
        ("http://localhost./", "http://localhost/"),
        ("http://[2606:4700::0001]:8080/", "http://[2606:4700::1]:8080/"),
        (
            "http://example.org/a b/é?q=ü&r=[1]",
            "http://example.org/a%20b/%C3%A9?q=%C3%BC&r=%5B1%5D",
        ),
        ("http://example.org/100%25?x=%2F", "http://example.org/100%25?x=%2F"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://例え。テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("http://my_host.example/.well-known/a", "http://my_host.example/.well-known/a"),
        # Full-width digits are digits, so this is seen as what it is, and then refused.
        ("http://１２７.０.０.１/", "http://127.0.0.1/"),
    ],
)
def test_an_address_is_brought_into_one_form(text: str, expected: str) -> None:
    assert str(parse_address(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org/news",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http:///path",
        "http:example.org",
        "http://:80/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:http/",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
    ],
)
def test_what_is_no_whole_web_address_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="isn't a complete web address"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://017700000001/",
        "http://127.1/",
        "http://127.0.0.1.1/",
        "http://010.0.0.1/",
        "http://0x/",
        "http://２１３０７０６４３３/",
    ],
)
def test_a_number_in_place_of_a_name_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="number in place of a name"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://a..b/",
        "http://-a.example/",
        "http://a-.example/",
        "http://a b.example/",
        "http://a,b.example/",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 130}example/",
        "http://\u2603.example/",
        "http://localhost../",
    ],
)
def test_what_cant_be_a_name_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match="can't be the name of a server"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org\\@localhost/",
        "http://example.org\\.localhost/",
        "http://exam\tple.org/",
        "http://example.org/a\r\nHost: localhost",
        "http://example.org/\0",
        "http://example.org/\ud800",
        "http://example.org/\u2028",
    ],
)
def test_what_parsers_take_in_different_ways_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://user:secret@example.org/",
        "http://secret@example.org/",
        "http://example.org:80@secret:99999/",
        "http://user:secret@[::1",
        "http://user:secret\\@example.org/",
        f"http://user:secret@{'a' * 5000}/",
    ],
)
def test_a_user_name_or_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SourceError, match="user name or a password") as caught:
        parse_address(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["/a/../b", "/..", "/./a", "/a/.", "/a/%2E%2e/b", "/.%2e"])
def test_a_path_that_rules_could_be_evaded_with_is_refused(path: str) -> None:
    with pytest.raises(SourceError, match="as a part of its path"):
        parse_address(f"http://example.org{path}")


def test_a_very_long_address_is_refused_in_a_short_message() -> None:
    with pytest.raises(SourceError, match="longer than 4000 characters") as caught:
        parse_address("http://example.org/" + "a" * 10_000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/news", "https://example.org/news"),
        ("next?page=2", "https://example.org/a/next?page=2"),
        ("../b", "https://example.org/b"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example", "http://other.example/"),
    ],
)
def test_a_reference_is_resolved_on_its_page(reference: str, expected: str) -> None:
    base = parse_address("https://example.org/a/b")
    assert str(resolve_reference(base, reference)) == expected


@given(st.text() | st.from_regex(r"https?://[^/]{0,12}(:\d{0,5})?/.{0,12}"))
def test_an_address_in_its_one_form_stays_as_it_is(text: str) -> None:
    try:
        address = parse_address(text)
    except SourceError:
        return
    assert str(address).isascii()
    assert parse_address(str(address)) == address
