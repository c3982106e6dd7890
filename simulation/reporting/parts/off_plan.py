"""Contests that did not go as planned: what became of them, what went back, what the house added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulation.checks.evidence.called_off import CANCELLED
from simulation.events import EntrantAction, StripeMovement
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.fields import number, text
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.tally import Tally, tally
from simulation.words import plural

_TOP_UP = "POOL_TOP_UP"


@dataclass(frozen=True, kw_only=True)
class OffPlan:
    """One contest. ``paid``, ``given_back``: as Stripe moved it; ``added``: to the pool that was guaranteed, by the
    ledger."""

    contest: str
    what: str
    paid: Tally
    given_back: Tally
    added: Tally


def off_plan_of(source: ReportSource, contests: Sequence[ContestView]) -> tuple[OffPlan, ...]:
    """One row for each of them, in the order of the contests."""
    movements = list(source.history.of(StripeMovement))
    paid = [(one.contest_id, one.amount_cents, one.currency) for one in movements if one.movement == "charge"]
    given_back = [(one.contest_id, -one.amount_cents, one.currency) for one in movements if one.movement == "refund"]
    added = [
        (text(row, "contest_id"), number(row, "amount_cents"), source.currency(row))
        for row in source.rows("postings")
        if (row.get("entry_type"), row.get("direction")) == (_TOP_UP, "CREDIT")
    ]
    found = []
    for contest in contests:
        topped_up = tally(added, contest.contest_id)
        what = [*_what(source, contest), *(["the house added to the pool"] if topped_up.number else [])]
        if what:
            found.append(
                OffPlan(
                    contest=contest.name,
                    what=", ".join(what),
                    paid=tally(paid, contest.contest_id),
                    given_back=tally(given_back, contest.contest_id),
                    added=topped_up,
                )
            )
    return tuple(found)


def _what(source: ReportSource, contest: ContestView) -> Iterator[str]:
    """In a few words each; nothing where all went as planned."""
    acts = [act for act in source.history.of(EntrantAction) if act.contest_id == contest.contest_id]
    if contest.reached(CANCELLED) is not None:
        yield _why_cancelled(source, contest, acts)
    left = len({act.person for act in acts if act.action == "left_contest"})
    if left:
        yield f"{plural(left, 'entrant')} left"


def _why_cancelled(source: ReportSource, contest: ContestView, acts: Sequence[EntrantAction]) -> str:
    if any(act.action == "cancelled_contest" for act in acts):
        return "cancelled by its organizer"
    tournament = source.case.scenario.tournaments.get(contest.tournament)
    return "cancelled with its tournament" if tournament and tournament.cancelled else "cancelled, too few entered"
