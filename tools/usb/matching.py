"""Which device is meant: every field that is given has to fit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.errors import Invalid

from .devices import Device

_FORMS: Final = {
    "vendor_id": re.compile(r"[0-9a-f]{4}"),
    "product_id": re.compile(r"[0-9a-f]{4}"),
    "device_class": re.compile(r"[0-9a-f]{2}"),
    "port": re.compile(r"[0-9]{1,3}-[0-9]{1,3}(\.[0-9]{1,3}){0,6}"),
}


class MatcherInvalid(Invalid):
    """A device is described by something that no device can have."""

    code = "AW378"
    fix = "Write ids as four hexadecimal digits (0403), a class as two (08), a port as in 1-4.2."


@dataclass(frozen=True, slots=True)
class Matcher:
    """Empty fields fit everything. `device_class` fits the device's own class or one of its interfaces'."""

    vendor_id: str = ""
    product_id: str = ""
    serial: str = ""
    device_class: str = ""
    port: str = ""

    def __post_init__(self) -> None:
        for field, form in _FORMS.items():
            value = getattr(self, field).lower().removeprefix("0x")
            if value and not form.fullmatch(value):
                raise MatcherInvalid(f"`{field}` cannot be {value[:40]!a}.", place=field)
            object.__setattr__(self, field, value)

    def fits(self, device: Device) -> bool:
        return (
            self.vendor_id in {"", device.vendor_id}
            and self.product_id in {"", device.product_id}
            and self.serial in {"", device.serial}
            and self.port in {"", device.port}
            and (not self.device_class or self.device_class in device.classes)
        )


def find(devices: Iterable[Device], matcher: Matcher) -> tuple[Device, ...]:
    """In the order they came in."""
    return tuple(device for device in devices if matcher.fits(device))
