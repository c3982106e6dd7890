"""What makes two findings of different runs the same one: the check, what it says, and which kind of thing it is about.

Ids, names of contests, amounts and times differ from run to run and are left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulation.checks.base import Finding
from simulation.checks.verdict import Verdict
from simulation.events import FaultScheduled
from simulation.history import History

_KINDS = ("account", "alert", "runbook", "job", "program", "service", "table", "column")
"""Keys of a finding that name a kind of thing, equal in every run; the others name one thing of a run."""
_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*|\b[a-z]{2,5}_[A-Za-z]{12,}\S*")
"""What is quoted, what has a digit, and an id of Stripe's that happens to have none."""


@dataclass(frozen=True, kw_only=True, order=True)
class Cause:
    """:param message: without what differs between runs.
    :param about: kinds of things, as ``table payout_transfers``.
    """

    check: str
    message: str
    about: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Short and stable: for a file, a column, a comparison between nights."""
        told = "\0".join((self.check, self.message, *self.about))
        return f"{self.check}:{hashlib.sha256(told.encode()).hexdigest()[:10]}"

    def __str__(self) -> str:
        return f"{self.check}: {self.message}" + (f" ({', '.join(self.about)})" if self.about else "")


def causes_of(history: History, verdict: Verdict) -> Mapping[Cause, Finding]:
    """Each cause with the first of its findings, in the order in which a report tells them: probable causes first, then
    by time. A check that could not tell counts as a finding without a time."""
    cause_of = naming(history)
    found = [finding for result in verdict.results for finding in result.findings]
    found += [
        Finding(check=result.check, subject="", message=f"cannot tell: {result.unknown}")
        for result in verdict.results
        if result.unknown is not None and not result.findings
    ]
    causes: dict[Cause, Finding] = {}
    for finding in sorted(found, key=_rank):
        causes.setdefault(cause_of(finding), finding)
    return causes


def naming(history: History) -> Callable[[Finding], Cause]:
    """Tells the cause of each finding of the run."""
    kinds = {event.fault_id: event.fault_kind for event in history.of(FaultScheduled)}
    names = _names(history)
    return lambda finding: _cause(finding, kinds, names)


def _rank(finding: Finding) -> tuple[bool, bool, str, str, str, str]:
    at = finding.at.isoformat() if finding.at else ""
    return not finding.cause, finding.at is None, at, finding.check, finding.subject, finding.message


def _cause(finding: Finding, kinds: Mapping[str, str], names: re.Pattern[str] | None) -> Cause:
    ids = finding.keys.named()
    about = [f"{name} {_kind(ids[name])}" for name in _KINDS if name in ids]
    if (kind := kinds.get(ids.get("fault_id", ""))) is not None:
        about.append(f"fault {kind}")
    message = _VARIES.sub("…", finding.message)
    return Cause(check=finding.check, message=message if names is None else names.sub("…", message), about=tuple(about))


def _kind(name: str) -> str:
    """``contest_pool:3f2a…`` is the account of one contest: its id is left out."""
    head, colon, one = name.partition(":")
    return f"{head}:…" if colon and one else name


def _names(history: History) -> re.Pattern[str] | None:
    """Names that the scenario gave to its contests and faults: a message may have them."""
    document: Any = history.started.scenario_document if history.started is not None else None
    if not isinstance(document, dict):
        return None
    contests, faults = document.get("contests") or (), document.get("faults") or ()
    named = [part.get(name) for part in contests for name in ("key", "name")] + [part.get("id") for part in faults]
    words = sorted({re.escape(str(word)) for word in named if word}, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None
