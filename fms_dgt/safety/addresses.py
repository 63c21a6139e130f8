"""Which network addresses a stranger's URL may lead to: public ones, and hosts that the user allows.

A name is looked up once, every address it has is checked, and the connection goes to a checked address: a
name that means something else a moment later leads nowhere new.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import TypeAlias

from fms_dgt.errors import Problem

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Networks that lead back to an IPv4 address in their last, or some other, 32 bits.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
# What `ipaddress` calls global in some versions of Python, or always.
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",
        "168.63.129.16/32",  # Azure's own service for virtual machines
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b:1::/48",
        "fec0::/10",
    )
)


class HostRefused(Exception):
    """A host that a stranger's URL may not lead to; the message says why."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host

    def problem(self, where: str) -> Problem:
        """What to say of the document that was not fetched."""
        mend = f"if it is one of an intranet that you trust, pass --allow-host {self.host}"
        return Problem(f"is not fetched: {self}", mend, where)


class HostUnknown(Exception):
    """A host that has no address."""


def is_loopback(host: str) -> bool:
    """Whether a host in a URL is this machine, going by the name or address alone."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return any(each.is_loopback or each.is_unspecified for each in (address, *_embedded(address)))


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and so is every address embedded in it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _embedded(parsed)
    # these stand for nothing but the address in them
    is_form = isinstance(parsed, ipaddress.IPv6Address) and (parsed.ipv4_mapped or parsed in _NAT64)
    return all(_is_public(each) for each in (inner if is_form else (parsed, *inner)))


def checked_addresses(host: str, port: int, allowed: Collection[str] = ()) -> list[str]:
    """The addresses of a host, all of them public, or of a host that is `allowed`.

    Raises HostRefused where one is not, HostUnknown where the host has none, UnicodeError where there can
    be no such host.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise HostUnknown(f"there is no host '{host}'") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not is_allowed(host, allowed):
        for address in addresses:
            if not is_public(address):
                meant = host if host == address else f"{host} is {address}, which"
                raise HostRefused(f"{meant} is not a public address", host)
    return addresses


def is_allowed(host: str, allowed: Collection[str]) -> bool:
    """Whether the user allows a host by its name or address."""
    return host.lower().rstrip(".") in {name.lower().rstrip(".").strip("[]") for name in allowed}


def _is_public(address: IPAddress) -> bool:
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    )


def _embedded(address: IPAddress) -> list[IPAddress]:
    """The IPv4 addresses that an IPv6 address stands for: mapped, translated or tunnelled."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in inner if each is not None]
