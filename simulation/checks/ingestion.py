"""Scores: what the provider served was ingested, errors were recorded, settlements used its final board.

Source: fixtures/spec/requirements.md (C-17; C-41), fixtures/spec/platform.md (The provider's feed).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, zip_longest

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.called_off import called_off
from simulation.checks.evidence.case import BUSY_SECONDS, CannotTell, Case, PlannedContest
from simulation.checks.evidence.corrections import corrections
from simulation.checks.evidence.expected import Expected, expected_settlements
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.relations import IngestionErrorRow, IngestionEventRow, SettlementRow, SettlementRunRow
from simulation.checks.evidence.signals import answers
from simulation.events import ProviderAnswer, ProviderPublication

_TRIES = 3
"""A poll may fail twice and still succeed (fixtures/spec/platform.md, Background work)."""
_SERVER_ERROR = 500


def _live(case: Case, contest: PlannedContest) -> tuple[datetime, datetime] | None:
    """When the contest was LIVE: until COMPLETE, or to the end of the history; None if it never was."""
    live, complete = case.arrival(contest.contest_id, "LIVE"), case.arrival(contest.contest_id, "COMPLETE")
    if live is None:
        return None
    return live.at, complete.at if complete else case.history.events[-1].at


@check(
    "Every board that the provider handed out, or showed for long, in a contest's live time was ingested, "
    "and every correction in the day after its settlement",
    needs_end=True,
    about=("provider",),
)
def ingestion_automatic(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("provider")
    stored = {(row.contest_id, row.payload_sha256): row.validation_status for row in case.rows(IngestionEventRow)}
    off = case.remembered(called_off)
    for contest in case.contests:
        if contest.contest_id in off:
            continue
        window = _live(case, contest)
        if window is None:
            inquiry.cannot_tell(f"{contest.key} was never live")
            continue
        for answer in answers(case, contest.plan.tournament):
            if answer.valid and answer.payload_sha256 and window[0] <= answer.at <= window[1]:
                inquiry.examine()
                _was_stored(inquiry, contest, answer, stored.get((contest.contest_id, answer.payload_sha256)))
        for publication in _shown_long_enough(case, contest, window):
            inquiry.examine()
            _was_fetched(case, inquiry, contest, publication)
    for contest, correction in corrections(case):
        inquiry.examine()
        if stored.get((contest.contest_id, correction.payload_sha256)) != "VALID":
            what = "a correction after the settlement was not ingested"
            inquiry.find(contest.key, what, keys=_of(contest), events=(correction,))


def _of(contest: PlannedContest) -> Keys:
    """Keys of the contest and of the tournament whose scores it uses."""
    return replace(contest.keys, tournament=contest.plan.tournament)


def _was_stored(inquiry: Inquiry, contest: PlannedContest, answer: ProviderAnswer, status: str | None) -> None:
    """A board must be stored as valid; one that a fault altered may be stored as refused, but not left out."""
    if status == "VALID" or (status is not None and answer.fault_id is not None):
        return
    inquiry.find(
        contest.key,
        f"revision {answer.revision} was handed out and not ingested",
        keys=_of(contest),
        expected="an ingestion event, VALID",
        actual=status or "none",
        events=(answer,),
    )


def _shown_long_enough(
    case: Case, contest: PlannedContest, window: tuple[datetime, datetime]
) -> Iterator[ProviderPublication]:
    """Publications within the window that stayed current for two polls in which the provider did not fail."""
    tournament, polls = contest.plan.tournament, 2 * case.within("ingestion")
    own = [item for item in case.events(ProviderPublication) if item.tournament == tournament]
    failures = [answer.at for answer in answers(case, tournament) if not answer.valid]
    for item, following in zip_longest(own, own[1:]):
        until = min(window[1], following.at if following else window[1])
        if window[0] <= item.at and item.at + polls <= until and not any(item.at <= at <= until for at in failures):
            yield item


def _was_fetched(case: Case, inquiry: Inquiry, contest: PlannedContest, publication: ProviderPublication) -> None:
    """A publication must be fetched, unless the platform had that board: "not modified" is not in the history."""
    valid = [answer for answer in answers(case, contest.plan.tournament) if answer.valid]
    had = [answer.payload_sha256 for answer in valid if answer.seq < publication.seq][-1:]
    if had != [publication.payload_sha256] and not any(answer.revision == publication.revision for answer in valid):
        what = f"revision {publication.revision} was never fetched"
        inquiry.find(contest.key, what, keys=_of(contest), events=(publication,))


@check(
    "Nothing failed silently: every invalid or failed answer of the provider has its ingestion error",
    needs_end=True,
    about=("provider", "ingestion_errors"),
)
def ingestion_errors_logged(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("provider")
    grace = case.within("ingestion")
    errors = case.rows(IngestionErrorRow)
    for tournament in sorted(case.scenario.tournaments):
        contests = {item.contest_id for item in case.contests if item.plan.tournament == tournament}
        noted = [error.created_at for error in errors if error.contest_id in contests]
        for group in _troubles(case, tournament):
            inquiry.examine()
            first, last = group[0], group[-1]
            if not any(first.at <= at <= last.at + grace for at in noted):
                inquiry.find(
                    f"tournament {tournament}",
                    f"{_trouble(first)} left no ingestion error",
                    keys=Keys(tournament=tournament),
                    expected=f"a row dated {first.at:%Y-%m-%d %H:%M} or up to {grace} after {last.at:%Y-%m-%d %H:%M}",
                    actual="none",
                    events=(first, last),
                )
    _invalid_not_taken(case, inquiry)
    if not inquiry.examined:
        inquiry.nothing_needed("the provider answered, and never wrongly")


def _troubles(case: Case, tournament: str) -> Iterator[Sequence[ProviderAnswer]]:
    """Groups of consecutive failures of one kind that must leave an error.

    Fewer failures than a poll has tries leave none: a later try of the same poll may have succeeded.
    """
    given = answers(case, tournament)
    for (valid, status, _), group in groupby(given, key=lambda item: (item.valid, item.status, item.payload_sha256)):
        if not valid:
            yield from _polls(list(group), retried=status is None or status >= _SERVER_ERROR)


def _polls(group: list[ProviderAnswer], *, retried: bool) -> Iterator[Sequence[ProviderAnswer]]:
    """Split a group at long pauses: "not modified" answers in between are not in the history."""
    pause = timedelta(seconds=2 * BUSY_SECONDS)
    start = 0
    for position in range(1, len(group) + 1):
        if position == len(group) or group[position].at - group[position - 1].at > pause:
            part = group[start:position]
            start = position
            if not retried or len(part) >= _TRIES:
                yield part


def _trouble(answer: ProviderAnswer) -> str:
    if answer.payload_sha256 is not None:
        return "an invalid payload"
    return "a timeout" if answer.status is None else f"status {answer.status}"


def _invalid_not_taken(case: Case, inquiry: Inquiry) -> None:
    invalid = {
        answer.payload_sha256: answer
        for answer in case.events(ProviderAnswer)
        if not answer.valid and answer.payload_sha256 is not None
    }
    for row in case.rows(IngestionEventRow):
        if row.payload_sha256 in invalid and row.validation_status == "VALID":
            inquiry.find(
                f"ingestion event {row.event_id}",
                "an invalid payload was taken as valid",
                keys=row.keys,
                at=row.received_at,
                events=(invalid[row.payload_sha256],),
            )


@check(
    "Every settlement used the provider's last word, applied once, and scored by it",
    needs_end=True,
    about=("provider",),
)
def scores_applied(case: Case, inquiry: Inquiry) -> None:
    settled = {row.contest_id: row for row in case.rows(SettlementRow)}
    runs = case.rows(SettlementRunRow)
    for contest_id, expected in case.remembered(expected_settlements).items():
        inquiry.examine()
        name, publication = expected.contest.key, expected.publication
        if not _ingested(case, expected):
            inquiry.find(
                name,
                "settled without the provider's final board",
                keys=_of(expected.contest),
                expected=f"revision {publication.revision} ingested before {expected.closed_at:%Y-%m-%d %H:%M}",
                events=(publication,),
            )
        completed = sum(run.contest_id == contest_id and run.status == "COMPLETE" for run in runs)
        if completed != 1 and not case.lacks("settlement_runs"):
            inquiry.find(
                name, "not settled by exactly one run", keys=expected.contest.keys, expected=1, actual=completed
            )
        ours = {placing.user_id: placing.score for placing in expected.settlement.placings}
        theirs = {ranking.user_id: ranking.score for ranking in settled[contest_id].results.rankings}
        if ours != theirs:
            inquiry.find(
                name,
                "scores differ from the provider's",
                keys=_of(expected.contest),
                expected=ours,
                actual=theirs,
                events=(publication,),
            )
    if not settled:
        raise CannotTell("no contest was settled")


def _ingested(case: Case, expected: Expected) -> bool:
    """Whether the final board had been ingested as valid when the settlement was committed."""
    return any(
        row.contest_id == expected.contest.contest_id
        and row.payload_sha256 == expected.publication.payload_sha256
        and row.validation_status == "VALID"
        and row.received_at <= expected.closed_at
        for row in case.rows(IngestionEventRow)
    )
