"""Which URLs and which addresses are asked at all."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from core.fetch.errors import RedirectRefused, UrlRefused

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network
    from urllib.parse import SplitResult


def is_public(address: str) -> bool:
    """A global unicast address that is not a way of writing a private one."""
    from ipaddress import IPv4Address, ip_address  # noqa: PLC0415  # as above

    try:
        ip = ip_address(address)
    except ValueError:  # with a zone (`fe80::1%eth0`): an address of this link
        return False
    inside = [network for network in _networks() if ip in network]
    if isinstance(ip, IPv4Address):
        return ip.is_global and not (ip.is_multicast or ip.is_reserved or inside)
    return len(inside) == 1 and inside[0].prefixlen == 3


@cache
def _networks() -> tuple[IPv4Network | IPv6Network, ...]:
    """What `is_global` lets pass on some Python or other. Of IPv6 only 2000::/3 is global unicast;
    in it lie Teredo and its kin, documentation, and 6to4, which wraps an IPv4 address."""
    from ipaddress import ip_network  # noqa: PLC0415  # as above

    names = (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",  # the host of an Azure machine, with its metadata
        "2000::/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
    return tuple(ip_network(name) for name in names)


def parse(url: str) -> SplitResult:
    from urllib.parse import urlsplit  # noqa: PLC0415  # as above

    if not re.fullmatch(r"[!-~]{1,2048}", url) or "\\" in url:
        raise UrlRefused("The URL has characters that no URL has, or is over 2048 long.")
    if not url.lower().startswith("https://"):
        raise UrlRefused("The URL does not begin with https://.")
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError as error:
        raise UrlRefused("The URL cannot be read.") from error
    if "@" in parts.netloc:
        raise UrlRefused("The URL holds a user or password.")
    if "#" in url:
        raise UrlRefused("The URL has a fragment, which no host is ever asked for.")
    if number == 0 or not _is_host(parts.hostname or ""):
        raise UrlRefused("The URL has no plain host.")
    return parts


def _is_host(name: str) -> bool:
    """A DNS name or a plain address. `127.1` and `0x7f000001` are neither, though resolvers read them."""
    from ipaddress import ip_address  # noqa: PLC0415  # as above

    try:
        return "%" not in name and bool(ip_address(name))  # a zone names an interface of this machine
    except ValueError:
        labels = name.removesuffix(".").split(".")
        is_number = re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1])
        return len(name) <= 253 and not is_number and all(map(_LABEL.fullmatch, labels))


_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def host(parts: SplitResult) -> str:
    return (parts.hostname or "").removesuffix(".")


def port(parts: SplitResult) -> int:
    return parts.port or 443


def authority(parts: SplitResult) -> str:
    name = f"[{host(parts)}]" if ":" in host(parts) else host(parts)
    return name if port(parts) == 443 else f"{name}:{port(parts)}"


def shown(parts: SplitResult) -> str:
    """The URL without its query: what messages and records may hold."""
    return f"https://{authority(parts)}{parts.path or '/'}"


def hop(parts: SplitResult, location: str) -> SplitResult:
    from urllib.parse import urljoin  # noqa: PLC0415  # as above

    try:
        new = parse(urljoin(parts.geturl(), location))
    except (UrlRefused, ValueError) as error:
        raise RedirectRefused("The redirect is not to a plain https URL.", place=shown(parts)) from error
    if not location or port(new) != port(parts):
        raise RedirectRefused("The redirect goes to another port or nowhere.", place=shown(parts))
    return new
