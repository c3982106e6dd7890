"""Where programs in a backend's house listen, from the kernel's own tables: to say what they did instead."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

_LISTENING = "0A"


def listening_ports(pid: int, *, ours: Collection[int]) -> list[int]:
    """TCP ports that somebody listens on in the network of a process, without our own."""
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state = line.split()[:4]
            if state == _LISTENING:
                found.add(int(local.rpartition(":")[2], 16))
    return sorted(found - set(ours))
