"""Faults of the database that come from its other sessions: a row held, no connection left, rows gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from simulation.scenario.faults.alerting import JOB_INTERVAL, alerted
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import At, Beyond, ContestFault, Fault, Minutes, Window, Within
from simulation.scenario.faults.needs import SCORE_TABLES
from simulation.scenario.faults.outage import OutageFault
from simulation.scenario.faults.provider import ProviderCorrection
from simulation.scenario.faults.rule import BrokenRule, minute

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_LOCK_GRACE = timedelta(minutes=15)
"""Before it a contest that is not locked is not counted as a failed transition."""
_HELD_BEFORE_LOCK = timedelta(seconds=30)
"""After the last prompt payer, before the lock."""
_BEFORE_LOCK = timedelta(minutes=5)
_ROOM_TO_ANSWER = timedelta(hours=6)


class ContestRowHeld(ContestFault):
    """From just before a contest's lock another session holds its row, for `minutes` or until ended."""

    kind: Literal["contest_row_held"]
    minutes: Annotated[
        Minutes, Within(most=360, otherwise="is longer than any lock that a forgotten transaction holds unnoticed")
    ]
    title = "Another session holds a contest's row when it is to be locked"
    origin = "A worker that hangs in the middle of a transaction, or a console left open after an UPDATE."
    recovery = "Locks the contest at the next run once the row is free. The runbook ends the session and locks it."
    turns_people_away = True
    expects = Expectation(runbook="contest_lock_failed")
    acts = True
    drawn = 1

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """The alert ContestStatusTransitionFailed wants the lock to be a quarter of an hour late."""
        late = timedelta(minutes=self.minutes) - _LOCK_GRACE
        return alerted(scenario, least=late, most=late + JOB_INTERVAL, field="minutes", runbook=self.expects)

    def window(self, scenario: Scenario, seed: int) -> Window:
        lock = self.its_contest(scenario).lock
        return Window(starts_at=lock - _HELD_BEFORE_LOCK, ends_at=lock + timedelta(minutes=self.minutes))

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from self.only_one(earlier, does="holds the row of")

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """Over before the reconciler's next run, or until the runbook ends it."""
        key = drawing.source.choice([contest.key for contest in drawing.scenario.contests])
        minutes, expect = drawing.source.choice(((3, SELF_HEALS), (180, cls.expects)))
        return cls._drawn(contest=key, minutes=minutes, expect=expect)


class DatabaseConnectionsExhausted(OutageFault):
    """From `at` another program's sessions take every connection that the platform's role has left."""

    kind: Literal["database_connections_exhausted"]
    title = "Another program takes every database connection that is left"
    origin = "A report that opens a connection for each row and closes none; workers of a deploy that never ended."
    recovery = "Goes on with the connections it has. The runbook ends the other sessions and starts the pool anew."
    turns_people_away = True
    expects = Expectation(runbook="database_connection_failure")
    aim = ("service", "database")

    def in_the_way(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Nobody else must need a new connection in its window."""
        for what, start, until in self._who_connects(scenario, earlier):
            yield from self.meets(start, until, f"leaves no connection for {what}")

    def _who_connects(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[tuple[str, datetime, datetime]]:
        """Faults and tasks that open a connection of the platform's role, and from when to when they may."""
        for rival in scenario.faults:
            if isinstance(rival, ContestRowHeld):
                lock = rival.its_contest(scenario).lock
                yield f"fault {rival.id}", lock - _BEFORE_LOCK, lock
        for rival in earlier:
            if isinstance(rival, DatabaseConnectionsExhausted):
                yield f"fault {rival.id}", rival.at, rival.ends_at
        for task in scenario.operator.tasks:
            yield f"the task {task.runbook}", task.at, task.at + _ROOM_TO_ANSWER


BACKUP, RESTORE = "backup_contest_data", "restore_contest"
"""Tasks before and after a loss of rows; the second is the runbook that recovers it."""
_BACKED_UP, _NOTICED = timedelta(hours=4), timedelta(hours=3)
"""Around a loss that was drawn: the last backup, and when somebody goes to bring the rows back."""
_UNTIL_PAID_OUT = timedelta(hours=2)
"""From the final board, when nothing else stands in a prize's way."""
_FOR_A_TASK = timedelta(hours=2)
"""A task waits behind alerts for an hour at most, and is carried out within another."""
_LONGEST_LOSS = timedelta(hours=24)
_UNTIL_INGESTED = timedelta(hours=2)
"""A platform asks for corrections of a settled contest at least every hour."""


class ContestRowsLost(ContestFault):
    """At `at` a maintenance script of the database's host deletes the scores of a contest, past every trigger."""

    kind: Literal["contest_rows_lost"]
    at: At
    title = "A maintenance script deletes a contest's scores from the database"
    origin = "A clean-up job with a wrong WHERE; a damaged page that a storage repair throws away."
    recovery = (
        "Has a backup from after the contest. The runbook brings back exactly the rows that are gone, as they were."
    )
    expects = Expectation(runbook=RESTORE)
    acts = True
    needs = (SCORE_TABLES,)
    drawn = 1
    silences_webhooks = True

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at, last_chance=self.its_contest(scenario).start)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """A backup must be there, made when the contest was over, and somebody must bring the rows back from it."""
        over = max(self._scores_final(scenario))
        made, brought_back = (
            [task.at for task in scenario.operator.tasks if task.runbook == name] for name in (BACKUP, RESTORE)
        )
        if not any(over <= at <= self.at - _FOR_A_TASK for at in made):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} at {minute(self.at)}: no task {BACKUP} between {minute(over)}, after which "
                f"no score of {self.contest} is new, and two hours before",
                remedy=f"add the task, or move at to two hours after it (not before {minute(over + _FOR_A_TASK)})",
            )
        if not any(self.at < at <= self.at + _LONGEST_LOSS and at + _FOR_A_TASK <= scenario.end for at in brought_back):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} at {minute(self.at)}: no task {RESTORE} within a day after it",
                remedy="add the task, two hours or more before the scenario's end",
            )
        if self.expect.runbook != RESTORE:
            yield BrokenRule(
                path=("expect",),
                problem=f"fault {self.id}: rows that are gone do not come back by "
                f"{self.expect.runbook or 'themselves'}",
                remedy=f"expect: {{runbook: {RESTORE}}}",
            )
        yield from self.only_one(earlier, does="takes the scores of")

    def _scores_final(self, scenario: Scenario) -> Iterator[datetime]:
        """When each thing that gives the contest its scores is done; what comes after the last backup is in none."""
        contest = self.its_contest(scenario)
        yield scenario.tournaments[contest.tournament].final_board_at + _UNTIL_PAID_OUT
        for fault in scenario.faults:
            if isinstance(fault, ProviderCorrection) and fault.tournament == contest.tournament:
                yield fault.strikes_at(scenario) + _UNTIL_INGESTED

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """When everything else that may keep a prize back is over."""
        scenario, source = drawing.scenario, drawing.source
        contest = source.choice(scenario.contests)
        final = scenario.tournaments[contest.tournament].final_board_at
        return cls._drawn(contest=contest.key, at=final + timedelta(hours=source.choice((20, 26))), expect=cls.expects)

    def tasks(self) -> Mapping[datetime, str]:
        return {self.at - _BACKED_UP: BACKUP, self.at + _NOTICED: RESTORE}


DatabaseKinds = ContestRowHeld | DatabaseConnectionsExhausted | ContestRowsLost
