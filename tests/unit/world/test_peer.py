"""Whose connection it is, by the kernel's own table."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from simulation.world.network import peer
from simulation.world.network.peer import is_ours

_ROW = "  1: {here} {there} 01 00000000:00000000 00:00000000 00000000 {user:>5}        0 4711 1 0 20 4 30 10 -1\n"
PEER, LOCAL = ("127.0.0.1", 0xB00D), ("127.0.0.1", 0x07E8)


def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, user: int, mapped: bool = False) -> None:
    there, here = "0100007F:07E8", "0100007F:B00D"
    prefix = "0000000000000000FFFF0000" if mapped else ""
    file = tmp_path / "tcp"
    file.write_text("  sl  local_address\n" + _ROW.format(here=prefix + here, there=prefix + there, user=user))
    monkeypatch.setattr(peer, "_TABLES", (file,))


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that answers no question about one socket, so that its table is read."""

    def refuse(_peer: object, _local: object) -> int:
        raise PermissionError

    monkeypatch.setattr(peer, "_asked", refuse)


@pytest.mark.usefixtures("unanswered")
@pytest.mark.parametrize("mapped", [False, True])
def test_the_row_of_the_connection_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: bool) -> None:
    table(tmp_path, monkeypatch, user=os.getuid(), mapped=mapped)
    assert is_ours(PEER, LOCAL)
    table(tmp_path, monkeypatch, user=os.getuid() + 1, mapped=mapped)
    assert not is_ours(PEER, LOCAL)


@pytest.mark.usefixtures("unanswered")
def test_a_connection_that_is_not_there_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(tmp_path, monkeypatch, user=os.getuid())
    assert not is_ours(("127.0.0.1", 1), LOCAL)
    assert not is_ours(PEER, ("127.0.0.1", 1))


@pytest.mark.usefixtures("unanswered")
def test_a_machine_without_the_table_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "_TABLES", (tmp_path / "absent",))
    assert is_ours(PEER, LOCAL)


def test_a_real_connection_of_this_process_is_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        local = server.getsockname()
        with socket.create_connection(local) as client, server.accept()[0]:
            assert is_ours(client.getsockname(), local)
            assert peer._asked(client.getsockname(), local) == os.getuid()


def test_a_real_connection_of_another_user_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        local = server.getsockname()
        with socket.create_connection(local) as client, server.accept()[0]:
            owner = os.getuid()
            monkeypatch.setattr(os, "getuid", lambda: owner + 1)
            assert not is_ours(client.getsockname(), local)


def test_the_kernel_knows_no_connection_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_ours(("127.0.0.1", 1), server.getsockname())
