"""Where a notification may go: no address of ours can be reached by way of a receiver's name.

A name is resolved once, every address it has is checked, and the connection is made to the one
that was checked. Internal receivers are normal; the receivers file allows them one by one.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from vigie.errors import VigieError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

Resolve = Callable[..., Sequence[tuple[Any, ...]]]
"""`socket.getaddrinfo`, or what stands for it."""

PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
MAIL_PORTS: Final[Mapping[str, int]] = {"smtp": 587, "smtps": 465}
_TRANSLATED: Final = (
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
"""NAT64 and 6to4: IPv4 in disguise, and how many bits to the right of it."""
_LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")


class AddressRefused(VigieError):
    """A receiver's URL leads where it must not."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Addresses and a port that an operator has opened: `10.0.0.0/24:9000`."""

    network: IpNetwork
    port: int

    @classmethod
    def parse(cls, text: object) -> "Allowed":
        """Read one; IPv6 networks stand in brackets.

        Raises:
            ValueError: it is none.
        """
        match = re.fullmatch(r"\[?([0-9A-Fa-f.:]+/\d+)\]?:(\d{1,5})", str(text))
        wanted = f"a network and a port like 10.0.0.0/24:9000 are wanted, got {text!r}"
        if not match or not 0 < int(match[2]) < 65_536:
            raise ValueError(wanted)
        try:
            return cls(ipaddress.ip_network(match[1]), int(match[2]))
        except ValueError as error:
            raise ValueError(f"{wanted}: {error}") from None

    def holds(self, address: IpAddress, port: int) -> bool:
        """Whether it opens this address and port."""
        return (
            port == self.port
            and address.version == self.network.version
            and address in self.network
        )


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str
    """What the Host header says."""


def target(url: str, ports: Mapping[str, int] = PORTS) -> Target:
    """Take a receiver's URL apart; `ports` are the schemes that will do, and their ports.

    Raises:
        AddressRefused: another scheme, no host, or a name and password in it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"{url!r:.200} is no URL: {error}") from None
    if parts.scheme not in ports or not parts.hostname:
        wanted = " or ".join(f"{scheme}://…" for scheme in ports)
        raise AddressRefused(f"{url!r:.200}: {wanted} is wanted")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("a URL must not carry a name or a password; use the secret file")
    if not url.isascii() or not url.isprintable() or any(c in url for c in " \\"):
        raise AddressRefused(f"{url!r:.200}: only printable ASCII without spaces is wanted")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = ports[parts.scheme] if port is None else port
    return Target(parts.scheme, parts.hostname, port, path, parts.netloc)


def pinned(where: Target, allowed: Iterable[Allowed], resolve: Resolve) -> str:
    """The address to connect to: the first of the host's, after all of them were checked.

    Raises:
        AddressRefused: one of them is not public and not allowed.
        OSError: the name has no address.
    """
    found = resolve(where.host, where.port, type=1)  # 1: a stream, on every system
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    if not addresses:
        raise OSError(f"{where.host} has no address")
    opened = list(allowed)
    for text in addresses:
        address = ipaddress.ip_address(text.partition("%")[0])
        if any(a.holds(address, where.port) for a in opened):
            continue
        if not public(address):
            raise AddressRefused(
                f"{where.host} is at {address}, which is not public; if it is meant, add "
                f'allow = ["{_single(address)}:{where.port}"] to this receiver'
            )
    return addresses[0]


def public(address: IpAddress) -> bool:
    """Whether an address is one of the open internet, seen through every disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or _hidden(address)
        if address.teredo is not None or address.is_site_local or address in _LOCAL_NAT64:
            return False
        if hidden is not None:
            return public(hidden)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _hidden(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    for network, shift in _TRANSLATED:
        if address in network:
            return ipaddress.IPv4Address((int(address) >> shift) & 0xFFFF_FFFF)
    return None


def _single(address: IpAddress) -> str:
    return f"{address}/32" if address.version == 4 else f"[{address}/128]"
