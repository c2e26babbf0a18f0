"""Attributes of USB devices, read as the kernel writes them: bounded, and never half of a device."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import Unsupported

SYSFS: Final = Path("/sys/bus/usb/devices")
_PORT: Final = re.compile(r"[0-9]{1,3}-[0-9]{1,3}(?:\.[0-9]{1,3}){0,6}")
_FOUR: Final = re.compile(r"[0-9a-f]{4}")
_TWO: Final = re.compile(r"[0-9a-f]{2}")
_NUMBER: Final = re.compile(r"[0-9]{1,3}")
_ATTRIBUTE_BYTES: Final = (
    4_096  # a page, the most that sysfs gives; a string descriptor is at most 126 letters
)
_ENTRIES: Final = 200_000


class DevicesHidden(Unsupported):
    """This machine does not show its USB devices, or not to this user: that is not "none"."""

    code = "AW379"
    fix = "Look at /sys/bus/usb/devices; in a container, mount it read-only."


@dataclass(frozen=True, slots=True)
class Raw:
    """One device's attributes. `serial`, `vendor` and `product` are what the device itself says."""

    port: str
    bus: int
    address: int
    vendor_id: str
    product_id: str
    device_class: str
    serial: bytes
    vendor: bytes
    product: bytes
    interfaces: tuple[str, ...]


def devices(root: Path) -> Iterator[Raw]:
    """In no order. What is not there yet, or is there no more, is left out; root hubs are no devices."""
    try:
        entries = os.listdir(root)  # noqa: PTH208  # names alone: ten thousand paths cost more than the reads
    except OSError as error:
        raise DevicesHidden(f"USB devices cannot be listed: {error.strerror}.", place=str(root)) from error
    if len(entries) > _ENTRIES:
        raise DevicesHidden(f"There are over {_ENTRIES} entries.", place=str(root))
    parts: dict[str, list[str]] = {}
    for entry in entries:
        port, colon, _ = entry.partition(":")
        if colon:
            parts.setdefault(port, []).append(entry)
    for entry in entries:
        if _PORT.fullmatch(entry):
            found = _device(f"{root}/{entry}", entry, [f"{root}/{each}" for each in parts.get(entry, ())])
            if found is not None:
                yield found


def _device(folder: str, port: str, interfaces: list[str]) -> Raw | None:
    try:
        before = _word(folder, "devnum")
        vendor_id, product_id = _word(folder, "idVendor"), _word(folder, "idProduct")
        bus = _word(folder, "busnum")
        raw = Raw(
            port=port,
            bus=int(bus) if _NUMBER.fullmatch(bus) else -1,
            address=int(before) if _NUMBER.fullmatch(before) else -1,
            vendor_id=vendor_id,
            product_id=product_id,
            device_class=_word(folder, "bDeviceClass"),
            serial=_read(folder, "serial"),
            vendor=_read(folder, "manufacturer"),
            product=_read(folder, "product"),
            interfaces=tuple(sorted(each for each in map(_interface, interfaces) if each)),
        )
        # The kernel fills a device's folder file by file, and another device may take the port meanwhile.
        is_same = _word(folder, "devnum") == before
    except _Gone:
        return None
    is_whole = (
        _FOUR.fullmatch(vendor_id) and _FOUR.fullmatch(product_id) and raw.bus >= 0 and raw.address >= 0
    )
    return raw if is_whole and is_same else None


def _interface(folder: str) -> str:
    """Class, subclass and protocol, such as `08:06:50`; empty while it is not there."""
    names = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    words = [_word(folder, name) for name in names]
    return ":".join(words) if all(_TWO.fullmatch(word) for word in words) else ""


def _word(folder: str, name: str) -> str:
    return _read(folder, name).decode("ascii", "replace").strip().lower()


class _Gone(Exception):
    """The device went away between two reads."""


def _read(folder: str, name: str) -> bytes:
    """The attribute; empty where the device has none."""
    try:
        opened = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except PermissionError as error:
        raise DevicesHidden("An attribute of a device cannot be read.", place=f"{folder}/{name}") from error
    except OSError as error:
        raise _Gone from error
    try:
        return os.read(opened, _ATTRIBUTE_BYTES)
    except OSError as error:  # ENODEV, EIO: unplugged while it was read
        raise _Gone from error
    finally:
        os.close(opened)
