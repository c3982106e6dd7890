"""Corrections of scores that the provider published after a contest was settled.

A settlement is final, but the platform keeps polling for a day, so that a correction is noticed and handled.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from simulation.checks.evidence.case import Case, PlannedContest
from simulation.checks.evidence.expected import closing_times
from simulation.checks.evidence.relations import SettlementRow
from simulation.events import ProviderPublication

ASKED_FOR = timedelta(hours=22)
"""How long after settlement a correction must be noticed: a day, less two hours for a platform that polls hourly."""


def corrections(case: Case) -> Iterator[tuple[PlannedContest, ProviderPublication]]:
    """Final boards published after a contest's settlement, early enough to be polled."""
    closed = closing_times(case) if case.rows(SettlementRow) else {}
    for contest in case.contests:
        for publication in case.events(ProviderPublication):
            at = closed.get(contest.contest_id)
            mine = publication.tournament == contest.plan.tournament and publication.final
            if mine and at is not None and at < publication.at <= at + ASKED_FOR:
                yield contest, publication
