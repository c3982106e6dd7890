"""What went wrong, for somebody who has one minute: what started it, what it cost, what to do, and what followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.base import Finding
from simulation.checks.cause import Cause, naming
from simulation.errors import command
from simulation.history import History
from simulation.reporting.parts.facts import RunFacts


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """Findings of one cause: one check says the same of several things.

    ``findings``: at least one, in the report's order. ``amounts``: by currency, in the wrong place, or would be; empty
    where it is not about money. ``people``: how many persons it is about, as far as the findings name them.
    """

    findings: tuple[Finding, ...]
    amounts: tuple[tuple[str, int], ...]
    people: int
    first_at: datetime | None

    @property
    def first(self) -> Finding:
        return self.findings[0]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Something to do, and the command for it; empty: there is none."""

    what: str
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class WentWrong:
    """``causes``: the first is what probably started it, the others may follow from it; empty: nothing was found."""

    causes: tuple[Wrong, ...]
    advice: tuple[Advice, ...]


def went_wrong(history: History, found: Sequence[tuple[Finding, Finding]], facts: RunFacts) -> WentWrong:
    """:param found: each finding as its check made it and as people read it, in the report's order."""
    cause_of, groups = naming(history), dict[Cause, list[Finding]]()
    for made, told in found:
        groups.setdefault(cause_of(made), []).append(told)
    causes = tuple(_wrong(group) for group in groups.values())
    return WentWrong(causes=causes, advice=tuple(_advice(facts)) if causes else ())


def _wrong(findings: Sequence[Finding]) -> Wrong:
    once = {(finding.keys, finding.subject, finding.currency): finding.amount_cents for finding in findings}
    cents: Counter[str] = Counter()
    for (_, _, currency), amount in once.items():
        if amount is not None:
            cents[currency] += abs(amount)
    return Wrong(
        findings=tuple(findings),
        amounts=tuple(cents.items()),
        people=len({finding.keys.user_id for finding in findings if finding.keys.user_id}),
        first_at=min((finding.at for finding in findings if finding.at), default=None),
    )


def _advice(facts: RunFacts) -> Iterator[Advice]:
    yield Advice(what="Read the events that show it: each finding below names them, and they stand at the page's end.")
    if facts.folder:
        yield Advice(what="Have it told as the shortest story that still fails:", how=command("shrink", facts.folder))
    if facts.reproduce:
        yield Advice(what="See it again, after the mending, too:", how=facts.reproduce)
