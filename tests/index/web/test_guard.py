from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import SourceError
from index.web.addresses import parse_address
from index.web.guard import check_port, checked_ips, is_public


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0", "0.1.2.3",
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "100.64.0.1", "100.127.255.255", "100.100.100.200",
        "127.0.0.1", "127.255.255.255",
        "169.254.169.254", "168.63.129.16", "192.0.0.192",
        "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:4136:e378::1",
        "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254",
        "ff02::1", "100::1", "2001:db8::1", "3fff::1", "4000::1", "2606:4700::1%eth0",
        "", "example.org", "127.1", "1.2.3.4.5",
    ],
)  # fmt: skip
def test_what_isnt_public_is_known(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700::1111"])
def test_public_addresses_are_known(ip: str) -> None:
    assert is_public(ip)


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_nothing_that_python_knows_as_not_global_is_public(ip: IPv4Address | IPv6Address) -> None:
    assert ip.is_global or not is_public(str(ip))


def test_one_address_that_isnt_public_is_enough_to_refuse_a_name() -> None:
    address = parse_address("http://example.org/")
    with pytest.raises(SourceError, match=r"'example.org' is at 10.0.0.1, which isn't a public"):
        checked_ips(address, lambda host, port: ["8.8.8.8", "10.0.0.1"], ())


def test_a_name_without_addresses_isnt_found() -> None:
    address = parse_address("http://example.org/")
    with pytest.raises(SourceError, match=r"No server named 'example\.org'"):
        checked_ips(address, lambda host, port: [], ())


def test_an_ip_address_isnt_looked_up() -> None:
    def look_up(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    assert checked_ips(parse_address("http://8.8.8.8/"), look_up, ()) == ["8.8.8.8"]


@pytest.mark.parametrize("port", [22, 25, 6379, 11211])
def test_ports_of_other_services_are_refused(port: int) -> None:
    with pytest.raises(SourceError, match=f"Port {port} .* isn't one that web servers use"):
        check_port(parse_address(f"http://example.org:{port}/"), ())


def test_what_is_allowed_by_name_and_port_is_allowed_there_only() -> None:
    allowed = frozenset({"intranet.test:3000"})
    address = parse_address("http://intranet.test:3000/")
    check_port(address, allowed)
    assert checked_ips(address, lambda host, port: ["10.0.0.1"], allowed) == ["10.0.0.1"]
    for other in ("http://intranet.test/", "http://other.test:3000/"):
        with pytest.raises(SourceError):
            checked_ips(parse_address(other), lambda host, port: ["10.0.0.1"], allowed)
