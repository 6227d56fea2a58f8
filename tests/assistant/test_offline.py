"""Nothing leaves the machine: the guard that all tests run under, and a question under it."""

from __future__ import annotations

import socket

import pytest

from assistant import Assistant


@pytest.mark.parametrize("host", ["192.0.2.1", "example.invalid"])
def test_the_guard_refuses_to_leave_the_machine(no_network: list[str], host: str) -> None:
    with pytest.raises(OSError, match="tried to leave the machine"):
        socket.create_connection((host, 80), timeout=1)
    assert no_network
    no_network.clear()


def test_the_guard_lets_the_machine_talk_to_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_asking_opens_no_connection(sample: Assistant, no_network: list[str]) -> None:
    sample.ask("When did Trump and Putin speak by phone?")
    assert no_network == []
