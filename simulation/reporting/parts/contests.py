"""Each contest: its stages with their times, its money, its results and each winner's prize."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.evidence.case import CannotTell, Stay
from simulation.events import Row
from simulation.reporting.parts.fields import document, instant, number, text
from simulation.reporting.parts.source import ReportSource

STAGES = ("SCHEDULED", "LOCKED", "LIVE", "COMPLETE", "SETTLED", "PAID_OUT")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The time that a contest spent in the status ``name``; ``end`` is None if the run ended in it."""

    name: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, kw_only=True)
class ContestResult:
    """One entrant's rank and prize, and the state of the transfer; ``paid_at`` is None unless it completed."""

    rank: int
    person: str
    score: int
    prize_cents: int
    transfer_status: str
    transfer_reason: str
    paid_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ContestView:
    contest_id: str
    name: str
    status: str
    tournament: str
    organizer: str
    currency: str
    """Of all amounts."""
    entry_fee_cents: int
    payout_percent: tuple[tuple[str, str], ...]
    entrants: int
    paid: int
    pool_cents: int
    platform_cents: int
    stages: tuple[Stage, ...]
    results: tuple[ContestResult, ...]

    @property
    def winners(self) -> tuple[ContestResult, ...]:
        return tuple(result for result in self.results if result.prize_cents > 0)

    @property
    def prizes_cents(self) -> int:
        return sum(result.prize_cents for result in self.results)

    @property
    def paid_out(self) -> bool:
        return bool(self.stages) and self.stages[-1].name == "PAID_OUT"

    def reached(self, stage: str) -> datetime | None:
        """When the contest entered a stage; None if it never did."""
        return next((entered.start for entered in self.stages if entered.name == stage), None)


def contests_of(source: ReportSource) -> tuple[ContestView, ...]:
    """The contests as observed at the end of the run, in order of creation."""
    entrants = Counter(text(row, "contest_id") for row in source.rows("entries"))
    paid = {
        (text(r, "contest_id"), text(r, "user_id")) for r in source.rows("payments") if r.get("status") == "SUCCEEDED"
    }
    settlements = {text(row, "contest_id"): row for row in source.rows("settlements")}
    views = []
    for row in source.rows("contests"):
        contest_id = text(row, "contest_id")
        settlement = settlements.get(contest_id, {})
        views.append(
            ContestView(
                contest_id=contest_id,
                name=source.names.contest(contest_id),
                status=text(row, "status"),
                tournament=text(row, "tournament"),
                organizer=source.names.person(text(row, "organizer_id")),
                currency=source.case.told_currency(contest_id),
                entry_fee_cents=number(row, "entry_fee_cents"),
                payout_percent=tuple(sorted((k, str(v)) for k, v in document(row, "payout_structure").items())),
                entrants=entrants[contest_id],
                paid=sum(1 for contest, _ in paid if contest == contest_id),
                pool_cents=number(settlement, "total_pool_cents"),
                platform_cents=number(document(settlement, "results"), "platform_cents"),
                stages=_stages(source, row),
                results=_results(source, contest_id, settlement),
            )
        )
    return tuple(
        sorted(views, key=lambda view: (view.stages[0].start if view.stages else source.calendar.end, view.name))
    )


def _stages(source: ReportSource, contest: Row) -> tuple[Stage, ...]:
    """Stages in order of time: statuses from the write-ahead log; SETTLED and PAID_OUT from the contest's own row."""
    entered: dict[str, datetime] = {}
    for stay in _stays(source, text(contest, "contest_id")):
        entered.setdefault(stay.status, stay.at)
    for status, column in (("SETTLED", "settled_at"), ("PAID_OUT", "paid_out_at")):
        if (at := instant(contest, column)) is not None:
            entered.setdefault(status, at)
    order = sorted(entered.items(), key=lambda item: (item[1], _rank(item[0])))
    ends = [*(at for _, at in order[1:]), None]
    return tuple(Stage(name=name, start=at, end=end) for (name, at), end in zip(order, ends, strict=True))


def _stays(source: ReportSource, contest_id: str) -> Sequence[Stay]:
    try:
        return source.case.stays.get(contest_id, ())
    except CannotTell:
        return ()


def _rank(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def _results(source: ReportSource, contest_id: str, settlement: Row) -> tuple[ContestResult, ...]:
    transfers = {text(r, "user_id"): r for r in source.rows("transfers") if text(r, "contest_id") == contest_id}
    rankings = document(settlement, "results").get("rankings")
    results = []
    for row in rankings if isinstance(rankings, list) else ():
        if not isinstance(row, dict):
            continue
        transfer = transfers.get(text(row, "user_id"), {})
        results.append(
            ContestResult(
                rank=number(row, "rank"),
                person=source.names.person(text(row, "user_id")),
                score=number(row, "score"),
                prize_cents=number(row, "payout_cents"),
                transfer_status=text(transfer, "status"),
                transfer_reason=text(transfer, "failure_reason"),
                paid_at=instant(transfer, "completed_at") if transfer.get("status") == "completed" else None,
            )
        )
    return tuple(results)
