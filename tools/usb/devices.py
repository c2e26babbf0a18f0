"""What is plugged in. A device's id stays the same when it is plugged in again, also elsewhere.

`usb:<vendor>:<product>:<serial>` where the device has a serial number of its own, else
`usb:<vendor>:<product>@<port>`. Copies that claim one serial are told apart by their ports.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .sysfs import SYSFS, Raw, devices

_SHOWN: Final = 126  # letters of the longest string descriptor
_SERIAL: Final = 64
_SAFE: Final = re.compile(r"[A-Za-z0-9._-]+")
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


@dataclass(frozen=True, slots=True)
class Device:
    """Texts that the device chose (`serial`, `vendor`, `product`) are escaped and bounded.

    `session` is unique while the device is plugged in, `port` is where: `1-4.2` is port 2 of the hub at
    port 4 of bus 1. `interfaces` are class:subclass:protocol in hexadecimal.
    """

    id: str
    session: str
    port: str
    bus: int
    address: int
    vendor_id: str
    product_id: str
    device_class: str
    serial: str
    vendor: str
    product: str
    interfaces: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"/dev/bus/usb/{self.bus:03d}/{self.address:03d}"

    @property
    def classes(self) -> frozenset[str]:
        """The device's own class, and those of its interfaces."""
        own = {self.device_class} - {"", "00"}
        return frozenset(own | {each.partition(":")[0] for each in self.interfaces})

    @property
    def is_hub(self) -> bool:
        return self.device_class == "09"

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "session": self.session,
            "port": self.port,
            "path": self.path,
            "vendor_id": self.vendor_id,
            "product_id": self.product_id,
            "device_class": self.device_class,
            "serial": self.serial,
            "vendor": self.vendor,
            "product": self.product,
            "interfaces": list(self.interfaces),
        }


def scan(root: Path = SYSFS) -> tuple[Device, ...]:
    """Every device that is wholly there, hubs too, by port."""
    found = sorted(devices(root), key=lambda raw: _order(raw.port))
    serials = [_serial(raw.serial) for raw in found]
    makes = [(raw.vendor_id, raw.product_id, serial) for raw, serial in zip(found, serials, strict=True)]
    counted = Counter(makes)
    return tuple(
        _device(raw, make[2], is_twin=counted[make] > 1) for raw, make in zip(found, makes, strict=True)
    )


def shown(text: bytes) -> str:
    """A device's own words on one line: what is not printable is written as an escape, and it ends."""
    decoded = text.decode("utf-8", "surrogateescape").strip()
    if decoded.isascii() and decoded.isprintable() and "\\" not in decoded and len(decoded) <= _SHOWN:
        return decoded
    escaped = "".join(char if _is_plain(char) else _escape(char) for char in decoded[: _SHOWN + 1])
    return escaped if len(escaped) <= _SHOWN else f"{escaped[: _SHOWN - 1]}…"


def _device(raw: Raw, serial: str, *, is_twin: bool) -> Device:
    base = f"usb:{raw.vendor_id}:{raw.product_id}" + (f":{serial}" if serial else "")
    return Device(
        id=f"{base}@{raw.port}" if is_twin or not serial else base,
        session=f"{raw.vendor_id}:{raw.product_id}:{raw.bus:x}:{raw.address:x}",
        port=raw.port,
        bus=raw.bus,
        address=raw.address,
        vendor_id=raw.vendor_id,
        product_id=raw.product_id,
        device_class=raw.device_class,
        serial=shown(raw.serial),
        vendor=shown(raw.vendor),
        product=shown(raw.product),
        interfaces=raw.interfaces,
    )


def _serial(text: bytes) -> str:
    """Plain letters for an id, and different for different serials, however long or odd they are.

    Empty for none, and for the zeros or spaces of makers who did not number their devices.
    """
    bare = text.strip(b" \t\r\n\0")
    if not bare.strip(b"0"):
        return ""
    safe = bare.decode("ascii", "replace")
    if not _SAFE.fullmatch(safe):
        safe = "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in bare)
    if len(safe) <= _SERIAL:
        return safe
    return f"{safe[: _SERIAL - 17]}~{hashlib.sha256(bare).hexdigest()[:16]}"


def _is_plain(char: str) -> bool:
    return char != "\\" and (char == " " or unicodedata.category(char)[0] not in "CZ")


def _escape(char: str) -> str:
    if char == "\\":
        return "\\\\"
    # A byte that is no UTF-8 was kept as a lone surrogate.
    return f"\\x{ord(char) - 0xDC00:02x}" if "\udc80" <= char <= "\udcff" else ascii(char)[1:-1]


def _order(port: str) -> tuple[int, ...]:
    """`1-10` after `1-9`."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", port))
