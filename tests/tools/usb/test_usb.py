"""Devices in folders laid out as the kernel lays them out; nothing is plugged in, nothing is opened."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tools import usb

STICK = {
    "idVendor": "0781",
    "idProduct": "5581",
    "serial": "4C530001",
    "manufacturer": "SanDisk",
    "product": "Ultra",
}


def plug(
    root: Path, port: str, address: int = 5, *, interfaces: tuple[str, ...] = (), **attributes: Any
) -> Path:
    """A device on a port. An attribute that is None is not there."""
    folder = root / port
    folder.mkdir(parents=True)
    whole = (
        {"busnum": port.partition("-")[0], "devnum": str(address), "bDeviceClass": "00"} | STICK | attributes
    )
    for name, value in whole.items():
        if value is not None:
            data = value if isinstance(value, bytes) else f"{value}\n".encode()
            (folder / name).write_bytes(data)
    for number, triple in enumerate(interfaces):
        part = root / f"{port}:1.{number}"
        part.mkdir()
        for name, value in zip(("Class", "SubClass", "Protocol"), triple.split(":"), strict=True):
            (part / f"bInterface{name}").write_text(f"{value}\n")
    return folder


def ids(root: Path) -> list[str]:
    return [device.id for device in usb.scan(root)]


def test_a_device_is_told_with_all_it_says(tmp_path: Path) -> None:
    plug(tmp_path, "1-4.2", 12, interfaces=("08:06:50",))

    (device,) = usb.scan(tmp_path)

    assert device.to_dict() == {
        "id": "usb:0781:5581:4C530001",
        "session": "0781:5581:1:c",
        "port": "1-4.2",
        "path": "/dev/bus/usb/001/012",
        "vendor_id": "0781",
        "product_id": "5581",
        "device_class": "00",
        "serial": "4C530001",
        "vendor": "SanDisk",
        "product": "Ultra",
        "interfaces": ["08:06:50"],
    }


def test_an_id_survives_another_port_and_a_session_does_not(tmp_path: Path) -> None:
    plug(tmp_path / "a", "1-1", 5)
    plug(tmp_path / "b", "2-3.1", 9)

    (before,), (after,) = usb.scan(tmp_path / "a"), usb.scan(tmp_path / "b")

    assert before.id == after.id
    assert before.session != after.session


@pytest.mark.parametrize("serial", [None, "", "   ", "0", "000000000000"])
def test_a_device_without_a_number_is_known_by_its_port(tmp_path: Path, serial: str | None) -> None:
    plug(tmp_path, "1-1", serial=serial)

    assert ids(tmp_path) == ["usb:0781:5581@1-1"]


def test_twins_with_one_serial_are_told_apart(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", 5)
    plug(tmp_path, "1-2", 6)
    plug(tmp_path, "1-3", 7, serial="other")

    assert ids(tmp_path) == [
        "usb:0781:5581:4C530001@1-1",
        "usb:0781:5581:4C530001@1-2",
        "usb:0781:5581:other",
    ]


def test_a_serial_cannot_pretend_to_be_a_twin(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", 5, serial="4C530001@1-2")
    plug(tmp_path, "1-2", 6)

    assert ids(tmp_path) == ["usb:0781:5581:4C530001%401-2", "usb:0781:5581:4C530001"]


def test_serials_that_differ_only_beyond_the_bound_stay_different(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", 5, serial="x" * 120 + "a")
    plug(tmp_path, "1-2", 6, serial="x" * 120 + "b")

    assert len(set(ids(tmp_path))) == 2
    assert all("@" not in each and len(each) <= 80 for each in ids(tmp_path))


def test_ports_are_in_the_order_of_people(tmp_path: Path) -> None:
    for address, port in enumerate(["1-10", "1-9", "2-1", "1-9.2"], start=1):
        plug(tmp_path, port, address, serial=None)

    assert [device.port for device in usb.scan(tmp_path)] == ["1-9", "1-9.2", "1-10", "2-1"]


def test_root_hubs_and_interfaces_are_no_devices(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", interfaces=("03:01:01", "03:01:02"))
    (tmp_path / "usb1").mkdir()
    (tmp_path / "usb1" / "idVendor").write_text("1d6b\n")

    assert [device.interfaces for device in usb.scan(tmp_path)] == [("03:01:01", "03:01:02")]


def test_a_vendor_of_zeros_is_a_device_like_any(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", idVendor="0000")

    assert ids(tmp_path) == ["usb:0000:5581:4C530001"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"idVendor": None},
        {"idProduct": None},
        {"idVendor": "78"},
        {"idProduct": "../x"},
        {"devnum": None},
        {"busnum": ""},
        {"devnum": "-1"},
        {"devnum": "9" * 400},
    ],
)
def test_what_is_not_wholly_there_is_left_out(tmp_path: Path, attributes: dict[str, Any]) -> None:
    plug(tmp_path, "1-1", **attributes)
    plug(tmp_path, "1-2", 6)

    assert [device.port for device in usb.scan(tmp_path)] == ["1-2"]


def test_a_device_that_goes_while_it_is_read_is_left_out(tmp_path: Path) -> None:
    """The kernel leaves a link that leads nowhere for a moment."""
    (tmp_path / "1-1").symlink_to(tmp_path / "gone")
    plug(tmp_path, "1-2", 6)

    assert [device.port for device in usb.scan(tmp_path)] == ["1-2"]


def test_an_attribute_that_cannot_be_read_is_not_taken_for_empty(tmp_path: Path) -> None:
    """Reading a folder fails as reading an unplugged device does."""
    folder = plug(tmp_path, "1-1", serial=None)
    (folder / "serial").mkdir()

    assert usb.scan(tmp_path) == ()


def test_a_pipe_in_place_of_an_attribute_holds_nobody_up(tmp_path: Path) -> None:
    folder = plug(tmp_path, "1-1", product=None)
    os.mkfifo(folder / "product")

    assert [device.product for device in usb.scan(tmp_path)] == [""]


def test_a_machine_without_usb_is_not_a_machine_without_devices(tmp_path: Path) -> None:
    with pytest.raises(usb.DevicesHidden) as caught:
        usb.scan(tmp_path / "none")

    assert caught.value.code == "AW379"


def test_no_device_is_an_answer(tmp_path: Path) -> None:
    assert usb.scan(tmp_path) == ()


# -- what a device says of itself


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"two\nlines\n", "two\\nlines"),
        (b"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        (b"nul\0here", "nul\\x00here"),
        (b"\xff\xfe\x41", "\\xff\\xfeA"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
        ("right\u202eleft".encode(), "right\\u202eleft"),
        ("Clé USB 日本".encode(), "Clé USB 日本"),
        (b"back\\slash", "back\\\\slash"),
    ],
)
def test_a_device_s_words_are_escaped(tmp_path: Path, said: bytes, told: str) -> None:
    plug(tmp_path, "1-1", product=said, manufacturer=said)

    (device,) = usb.scan(tmp_path)

    assert (device.product, device.vendor) == (told, told)
    assert device.product.isprintable()


def test_a_device_s_words_are_bounded(tmp_path: Path) -> None:
    plug(
        tmp_path, "1-1", product=b"x" * 65_536, manufacturer=b"\x1b" * 65_536, serial=b"\n\0" * 32_768 + b"y"
    )

    (device,) = usb.scan(tmp_path)

    assert {len(device.product), len(device.vendor)} == {126}
    assert len(device.serial) <= 126
    assert len(device.id) <= 80


@pytest.mark.parametrize(
    "serial", [b"a\nb", b"a b", b"a:b", b"a/../b", b"\xff", "é".encode(), b"a%0Ab", b"*"]
)
def test_an_id_is_plain_letters(tmp_path: Path, serial: bytes) -> None:
    plug(tmp_path, "1-1", serial=serial)

    (found,) = ids(tmp_path)

    assert re.fullmatch(r"usb:0781:5581:[A-Za-z0-9._%-]+", found)


# -- which one is meant


@pytest.fixture
def devices(tmp_path: Path) -> tuple[usb.Device, ...]:
    plug(tmp_path, "1-1", 5, interfaces=("08:06:50",))
    plug(tmp_path, "1-2", 6, idVendor="0403", idProduct="6001", serial="FT1", interfaces=("ff:ff:ff",))
    plug(tmp_path, "1-3", 7, idVendor="05e3", idProduct="0608", serial=None, bDeviceClass="09")
    return usb.scan(tmp_path)


@pytest.mark.parametrize(
    ("matcher", "ports"),
    [
        (usb.Matcher(), ["1-1", "1-2", "1-3"]),
        (usb.Matcher(vendor_id="0403"), ["1-2"]),
        (usb.Matcher(vendor_id="0x0403", product_id="6001"), ["1-2"]),
        (usb.Matcher(vendor_id="05E3"), ["1-3"]),
        (usb.Matcher(vendor_id="0403", product_id="6002"), []),
        (usb.Matcher(serial="4C530001"), ["1-1"]),
        (usb.Matcher(device_class="08"), ["1-1"]),
        (usb.Matcher(device_class="09"), ["1-3"]),
        (usb.Matcher(device_class="00"), []),
        (usb.Matcher(port="1-2"), ["1-2"]),
    ],
)
def test_every_field_that_is_given_has_to_fit(
    devices: tuple[usb.Device, ...], matcher: usb.Matcher, ports: list[str]
) -> None:
    assert [device.port for device in usb.find(devices, matcher)] == ports


@pytest.mark.parametrize(
    "fields",
    [
        {"vendor_id": "403"},
        {"vendor_id": "1027x"},
        {"product_id": "*"},
        {"device_class": "8"},
        {"port": "../1-1"},
    ],
)
def test_a_matcher_that_can_fit_nothing_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(usb.MatcherInvalid):
        usb.Matcher(**fields)


def test_a_hub_says_so(devices: tuple[usb.Device, ...]) -> None:
    assert [device.is_hub for device in devices] == [False, False, True]


def test_a_crowd_of_twins_is_told_apart_quickly(tmp_path: Path) -> None:
    """As the kernel has it, an entry is a link; these lead to ten devices, all of one make and serial."""
    real, root = tmp_path / "real", tmp_path / "root"
    root.mkdir()
    folders = [plug(real, f"1-{number}", number) for number in range(1, 11)]
    for number in range(2_000):
        (root / f"{number // 100 + 1}-{number % 100 + 1}").symlink_to(folders[number % 10])
    began = time.process_time()

    found = usb.scan(root)

    assert len({device.id for device in found}) == 2_000
    assert time.process_time() - began < 1.0
