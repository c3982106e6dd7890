"""The events of the history that findings name as evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.base import Finding
from simulation.history import History, line_of

LIMIT = 200
"""At most this many events are shown; all are in ``history.jsonl``."""
_LONGEST = 4_000


@dataclass(frozen=True, kw_only=True)
class Evidence:
    seq: int
    at: datetime
    cause: str
    kind: str
    line: str


def evidence_of(history: History, findings: Iterable[Finding]) -> dict[int, Evidence]:
    """``seq`` → event, in order of ``seq``, for the first ``LIMIT`` events."""
    wanted = sorted({seq for finding in findings for seq in finding.seqs})[:LIMIT]
    by_seq = {event.seq: event for event in history.events}
    return {
        seq: Evidence(
            seq=seq,
            at=by_seq[seq].at,
            cause=by_seq[seq].cause,
            kind=str(getattr(by_seq[seq], "kind", "event")),
            line=line if len(line := line_of(by_seq[seq])) <= _LONGEST else f"{line[:_LONGEST]} …",
        )
        for seq in wanted
        if seq in by_seq
    }
