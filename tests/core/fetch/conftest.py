"""A TLS host on loopback, and a net in which public names lead to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tls_host import AUTHORITY, NAME, PUBLIC, Host, Net


@pytest.fixture
def host() -> Iterator[Host]:
    with Host(AUTHORITY.issue_cert(NAME, "other.example.com", PUBLIC)) as running:
        yield running


@pytest.fixture
def net(host: Host) -> Net:
    return Net(host.port)
