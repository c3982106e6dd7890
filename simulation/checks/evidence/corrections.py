"""Corrections of scores that came after a settlement: what the provider published when the books were closed.

A settlement is final, but a platform keeps asking for a day, so that a difference is known and answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from simulation.checks.evidence.case import Case, PlannedContest
from simulation.checks.evidence.expected import closing_times
from simulation.checks.evidence.relations import SettlementRow
from simulation.events import ProviderPublication

ASKED_FOR = timedelta(hours=22)
"""A day, less the two hours in which a platform that asks once an hour must have asked."""


def corrections(case: Case) -> Iterator[tuple[PlannedContest, ProviderPublication]]:
    """Final boards that came after a contest's settlement, soon enough to be asked for."""
    closed = closing_times(case) if case.rows(SettlementRow) else {}
    for contest in case.contests:
        for publication in case.events(ProviderPublication):
            at = closed.get(contest.contest_id)
            mine = publication.tournament == contest.plan.tournament and publication.final
            if mine and at is not None and at < publication.at <= at + ASKED_FOR:
                yield contest, publication
