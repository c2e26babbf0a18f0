"""The catalog and the devices as agents see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import AppError
from core.http.front import Caller
from graphs.catalog import served as catalog
from graphs.front.opened import Bounds, opened
from graphs.integrate import session
from graphs.toolbox import devices
from graphs.toolbox.catalog import Librarian, Reference, Searched

pytestmark = pytest.mark.anyio
ACME = Caller("acme", "key:1")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def librarian(tmp_path: Path) -> AsyncIterator[Librarian]:
    means = session.Means(home=tmp_path, store_url=f"sqlite:///{tmp_path}/s.db", remote=f"{tmp_path}/r.git")
    extra = {"catalog": catalog.offered()}
    with session.opened(means, lambda _: None) as work:
        async with opened(work.store, {}, Bounds(), ended=lambda run, took_s: None, extra=extra) as hall:
            yield Librarian(hall.front)


async def test_what_is_published_is_found_and_checked(librarian: Librarian) -> None:
    search, check = librarian.tools

    found = await search.call(ACME, Searched(query="vpc"))
    path = found["modules"][0]["path"]
    hit = await check.call(ACME, Reference(path=path))

    assert hit["module"]["path"] == path
    search.output.model_validate(found)
    check.output.model_validate(hit)


async def test_what_is_not_published_is_an_error_with_the_nearest_name(librarian: Librarian) -> None:
    _, check = librarian.tools

    with pytest.raises(AppError) as refused:
        await check.call(ACME, Reference(path="aws/networking/vcp"))

    assert refused.value.code == "AW376"
    assert "aws/networking/vpc" in refused.value.message + refused.value.fix


async def test_other_tenants_see_no_devices_of_the_machine() -> None:
    with pytest.raises(devices.DevicesForeign):
        await devices.TOOL.call(ACME, devices.Wanted())
