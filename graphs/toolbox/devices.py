"""`devices`: the USB devices of the machine that serves, for whoever runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.errors import Forbidden
from core.http.context import Tool
from core.http.front import Caller
from graphs.integrate.places import MAIN
from tools import usb


class DevicesForeign(Forbidden):
    """The devices of the serving machine are its owner's to see."""

    code = "AW986"
    fix = "Ask with a key of the tenant `main`."


class Wanted(BaseModel):
    """Empty fields fit every device."""

    model_config = ConfigDict(extra="forbid")

    vendor_id: str = Field("", max_length=6, description="Four hexadecimal digits.")
    product_id: str = Field("", max_length=6, description="Four hexadecimal digits.")
    serial: str = Field("", max_length=200)
    device_class: str = Field("", max_length=4, description="Two hexadecimal digits.")
    port: str = Field("", max_length=40, description="Such as 1-4.2.")


class Connected(BaseModel):
    devices: list[dict[str, Any]]


async def _connected(caller: Caller, wanted: Wanted) -> Mapping[str, Any]:
    if caller.tenant != MAIN:
        raise DevicesForeign("These devices are not this tenant's.")
    matcher = usb.Matcher(**wanted.model_dump())
    found = usb.find(await asyncio.to_thread(usb.scan), matcher)
    return {"devices": [device.to_dict() for device in found]}


TOOL = Tool(
    name="devices",
    title="List USB devices",
    description="What is plugged into the machine that serves. Reads names; opens no device.",
    input=Wanted,
    output=Connected,
    call=_connected,
    is_read_only=True,
    is_idempotent=True,
)
