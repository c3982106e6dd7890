"""The base of all checks: a check examines a history and answers with findings that name their evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import PlainSerializer, ValidationError

from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.contract.business import Lacking
from simulation.currency import USD
from simulation.events import Event
from simulation.events.governance import Governance
from simulation.history import History

Outcome = Literal["pass", "fail", "unknown", "not_verified"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it must be. ``seqs`` are the numbers of the events in the history that show it."""

    check: str
    subject: str
    message: str
    expected: str = ""
    actual: str = ""
    at: datetime | None = None
    seqs: tuple[int, ...] = ()
    keys: Annotated[Keys, PlainSerializer(Keys.named, return_type=dict[str, str])] = NO_KEYS
    """The ids of what it is about; those that are not known are left out of ``verdict.json``."""
    amount_cents: int | None = None
    """How much is in the wrong place, or would be, in the smallest unit; None where it is not about money."""
    currency: str = USD
    """Of the amount; amounts of two currencies are never added."""
    cause: bool = False
    """Whether it probably explains other findings, so that it is reported first."""

    @property
    def sentence(self) -> str:
        """What is wrong, with what was expected and what was found."""
        told = f"{self.subject}: {self.message}" if self.subject else self.message
        if not (self.expected or self.actual):
            return told
        return f"{told} (expected {self.expected or 'nothing'}, found {self.actual or 'nothing'})"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The result of one check. ``unknown`` and ``not_verified`` hold the reason, or None."""

    check: str
    examined: int
    findings: tuple[Finding, ...]
    unknown: str | None
    not_verified: str | None
    undeclared: str | None = None
    """What the target would have to declare so that the check can look; None if that is not what it lacks."""
    absent: str | None = None
    """What the business does not have, as its contract says, so that there is nothing to check."""
    title: str = ""
    note: str = ""
    """Why it was correct that there was nothing to examine."""

    @property
    def outcome(self) -> Outcome:
        """Fail outranks unknown, unknown outranks not verified."""
        if self.findings:
            return "fail"
        if self.unknown is not None:
            return "unknown"
        return "pass" if self.not_verified is None else "not_verified"


class Inquiry:
    """The notes a check takes while it looks."""

    def __init__(self, check: str, *, currency_of: Callable[[Keys], str] = lambda _: USD) -> None:
        self._check = check
        self._currency_of = currency_of
        self.examined = 0
        self.findings: list[Finding] = []
        self.unknown: str | None = None
        self.not_verified: str | None = None
        self.undeclared: str | None = None
        self.absent: Lacking | None = None
        self.note = ""

    def examine(self, count: int = 1) -> None:
        """Count the items examined; a check that examined nothing proves nothing."""
        self.examined += count

    def find(
        self,
        subject: str,
        message: str,
        *,
        keys: Keys,
        expected: object = "",
        actual: object = "",
        at: datetime | None = None,
        events: tuple[Event | None, ...] = (),
        amount_cents: int | None = None,
        currency: str | None = None,
        cause: bool = False,
    ) -> None:
        """Note a finding with what it is about and the events that show it; ``at`` is by default the first's, and
        ``currency`` that of the contest that it is about."""
        evidence = [event for event in events if event is not None]
        self.findings.append(
            Finding(
                check=self._check,
                subject=subject,
                message=message,
                expected=str(expected),
                actual=str(actual),
                at=at or (evidence[0].at if evidence else None),
                seqs=tuple(event.seq for event in evidence),
                keys=keys,
                amount_cents=amount_cents,
                currency=currency or self._currency_of(keys),
                cause=cause,
            )
        )

    def cannot_tell(self, reason: str | CannotTell) -> None:
        """Evidence is missing, so the check becomes ``unknown``; the first reason given is kept."""
        if self.unknown is None:
            self.unknown = str(reason)
            self.undeclared = reason.undeclared if isinstance(reason, CannotTell) else None

    def nothing_needed(self, reason: str) -> None:
        """Say why it is correct that there was nothing to examine."""
        self.note = reason

    def leave_unverified(self, reason: str) -> None:
        """This run cannot decide the check, so that it counts neither for nor against the verdict."""
        self.not_verified = reason


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named property of a history.

    ``needs_end``: the check cannot judge a history that breaks off. Any other check judges what is there: its findings
    are valid, but without the end of the run it cannot pass.
    """

    name: str
    title: str
    look: Callable[[Case, Inquiry], None]
    needs_end: bool
    about: tuple[Lacking, ...] = ()
    """What a business must have so that there is something to check."""

    def run(self, history: History, governance: Governance) -> CheckResult:
        """Apply the check to a history. Never raises."""
        return self.examine(Case(history, governance))

    def examine(self, case: Case) -> CheckResult:
        """Apply the check to a case that checks share. Never raises: an error within the check makes it ``unknown``."""
        inquiry = Inquiry(self.name, currency_of=lambda keys: case.told_currency(keys.contest_id or keys.contest))
        if not case.whole:
            inquiry.cannot_tell(_broken_off(case.history))
        if case.whole or not self.needs_end:
            self._leave_out(case, inquiry)
            if inquiry.absent is None:
                self._look(case, inquiry)
        if not inquiry.examined and not inquiry.note and not inquiry.findings and not inquiry.not_verified:
            inquiry.cannot_tell("nothing to look at")
        return CheckResult(
            check=self.name,
            title=self.title,
            examined=inquiry.examined,
            findings=tuple(inquiry.findings),
            unknown=inquiry.unknown,
            not_verified=inquiry.not_verified,
            undeclared=inquiry.undeclared,
            absent=inquiry.absent,
            note=inquiry.note,
        )

    def _leave_out(self, case: Case, inquiry: Inquiry) -> None:
        """Say so where the check is about something that the business does not have."""
        try:
            inquiry.absent = next((what for what in self.about if case.lacks(what)), None)
        except ValidationError:
            return  # a contract that cannot be read declares nothing; the check will say what is wrong with it
        if inquiry.absent is not None:
            reason = case.business.absent[inquiry.absent]
            inquiry.leave_unverified(f"this business has no {inquiry.absent.replace('_', ' ')}: {reason}")

    def _look(self, case: Case, inquiry: Inquiry) -> None:
        try:
            self.look(case, inquiry)
        except CannotTell as gap:
            inquiry.cannot_tell(gap)
        except MemoryError:  # a problem of this machine, not of the run under judgement
            raise
        except Exception as error:
            inquiry.cannot_tell(f"the check itself broke: {type(error).__name__}: {error}")


def _broken_off(history: History) -> str:
    if not history.events:
        return "the history is empty"
    last = history.events[-1]
    return f"the history breaks off at event {last.seq} ({last.at:%Y-%m-%d %H:%M:%S}): no RunEnded"


def check(
    title: str, *, needs_end: bool = False, about: tuple[Lacking, ...] = ()
) -> Callable[[Callable[[Case, Inquiry], None]], Check]:
    """Decorator that makes a function a check, named after the function."""

    def make(look: Callable[[Case, Inquiry], None]) -> Check:
        return Check(name=look.__name__, title=title, look=look, needs_end=needs_end, about=about)

    return make
