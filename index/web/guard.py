"""Which servers may be asked: those at public addresses, on the ports of the web.

The lists follow IANA's registries of special-purpose addresses. They stand here, rather than
asking `ipaddress`, because what that calls global differs between Python's releases.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

from index.errors import SourceError
from index.web.addresses import Address

Resolver = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host's name for a port; OSError when there are none."""

WEB_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8081, 8088, 8443, 8888})

_SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network, and "unspecified"
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # behind a carrier's NAT; a cloud's metadata service
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # a cloud's metadata service, in public space
            "169.254.0.0/16",  # link-local; most clouds' metadata services
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; a cloud's metadata service
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# All global unicast addresses assigned so far. Outside are loopback, private, link-local and
# multicast ones, and those with an IPv4 address inside (mapped, compatible, NAT64).
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_SPECIAL_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, which holds an IPv4 address, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which holds an IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(ip: str) -> bool:
    """Whether this is an IP address that anybody on the Internet could ask as well."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    if address.scope_id is not None or address not in _GLOBAL_IPV6:
        return False
    return not any(address in network for network in _SPECIAL_IPV6)


def check_port(address: Address, allowed: Collection[str]) -> None:
    """Raises SourceError for a port where something else than a web server is to be expected."""
    if address.port not in WEB_PORTS and address.host_and_port not in allowed:
        raise SourceError(
            f"Port {address.port} in {str(address)!r} isn't one that web servers use: "
            "save the page and add the file."
        )


def checked_ips(address: Address, resolve: Resolver, allowed: Collection[str]) -> Sequence[str]:
    """The IP addresses to connect to for `address`, every one of them public, or `allowed`.

    They are looked up once: whoever connects must use these and not the name. Raises SourceError.
    """
    ips = _looked_up(address, resolve)
    if address.host_and_port not in allowed:
        for ip in ips:
            if not is_public(ip):
                raise SourceError(
                    f"The server {address.host!r} is at {ip}, which isn't a public address: "
                    "save the page and add the file."
                )
    return ips


def _looked_up(address: Address, resolve: Resolver) -> Sequence[str]:
    if _is_ip(address.host):
        return [address.host]
    try:
        ips = resolve(address.host, address.port)
    except OSError as error:
        raise _not_found(address) from error
    if not ips:
        raise _not_found(address)
    return ips


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _not_found(address: Address) -> SourceError:
    return SourceError(
        f"No server named {address.host!r} was found: check the address and the connection."
    )
