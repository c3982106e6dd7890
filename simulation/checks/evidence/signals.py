"""The provider's answers that contests wait for, and the audit row that goes with a transition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulation.checks.evidence.case import Case, PlannedContest
from simulation.events import ProviderAnswer, ProviderPublication, Row, Transaction


@dataclass(frozen=True, kw_only=True)
class Signal:
    """``first``: the earliest answer that gives the signal; ``first_whole``: the one at which it must be acted on."""

    first: ProviderAnswer | None
    first_whole: ProviderAnswer | None


def answers(case: Case, tournament: str) -> Iterator[ProviderAnswer]:
    """The provider's answers about a tournament, in order."""
    return (answer for answer in case.events(ProviderAnswer) if answer.tournament == tournament)


def field_signal(case: Case, contest: PlannedContest) -> Signal:
    """The players are known: from any valid board, at the latest from the first one after the contest's lock."""
    boards = [answer for answer in answers(case, contest.plan.tournament) if answer.valid]
    return Signal(
        first=boards[0] if boards else None,
        first_whole=next((answer for answer in boards if answer.at >= contest.plan.lock), None),
    )


def final_signal(case: Case, contest: PlannedContest) -> Signal:
    """The tournament is over: from any valid final board, at the latest from the first that no fault altered."""
    tournament = contest.plan.tournament
    revisions = {
        publication.revision
        for publication in case.events(ProviderPublication)
        if publication.tournament == tournament and publication.final
    }
    finals = [answer for answer in answers(case, tournament) if answer.revision in revisions and answer.status == 200]
    return Signal(
        first=next((answer for answer in finals if answer.valid), None),
        first_whole=next((answer for answer in finals if answer.valid and answer.fault_id is None), None),
    )


def audit_of(case: Case, transaction: Transaction, contest_id: str, to_status: str) -> Row | None:
    """The contest's audit row for its arrival in ``to_status``, written in the same transaction."""
    governance = case.governance
    columns = governance.contest_audit_columns
    for change in transaction.changes:
        if (
            change.table == governance.contest_audit_table
            and change.op == "insert"
            and str(change.new.get(columns["contest_id"])) == contest_id
            and case.canonical_status(change.new.get(columns["to_status"])) == to_status
        ):
            return change.new
    return None
