"""Frames on a stream socket: eight bytes of length, then one MessagePack value. Never pickle."""

from __future__ import annotations

import socket
import struct
from typing import Any

import ormsgpack

HEADER = struct.Struct(">Q")
_OPTIONS = (
    ormsgpack.OPT_NON_STR_KEYS
    | ormsgpack.OPT_PASSTHROUGH_BIG_INT
    | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    | ormsgpack.OPT_PASSTHROUGH_DATETIME
    | ormsgpack.OPT_PASSTHROUGH_UUID
)
_BIG_INT = 1

# What the zygote reports on a call's `watch`: a letter, the pid or wait status, CPU seconds
# (user, system), peak kB.
STARTED, ENDED = b"S", b"E"
REPORT = struct.Struct("=ciddq")


def pack(value: Any) -> bytes:
    """The frame of plain data. TypeError for anything else, a cycle included."""
    body = ormsgpack.packb(value, default=_big, option=_OPTIONS)
    return HEADER.pack(len(body)) + body


def unpack(body: bytes | bytearray) -> Any:
    """The value of a frame's body. ValueError where it is not one."""
    return ormsgpack.unpackb(body, ext_hook=_small, option=ormsgpack.OPT_NON_STR_KEYS)


def receive(sock: socket.socket) -> Any:
    """The next frame of a trusted sender; EOFError where it has gone."""
    (size,) = HEADER.unpack(_exactly(sock, HEADER.size))
    return unpack(_exactly(sock, size))


def _exactly(sock: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        got = sock.recv_into(view[at:])
        if not got:
            raise EOFError
        at += got
    return data


def _big(value: Any) -> Any:
    # A document may say `maximum: 1e30` as digits: Python holds it, MessagePack does not.
    if isinstance(value, int):
        return ormsgpack.Ext(_BIG_INT, str(value).encode())
    raise TypeError(f"{type(value).__name__} is not plain data")


def _small(tag: int, data: bytes) -> int:
    if tag != _BIG_INT:
        raise ValueError(f"unknown extension {tag}")
    return int(data)
