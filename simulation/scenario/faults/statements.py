"""Faults of the database at a named statement: of the n-th transaction of a job or request, before or after it.

The simulation owns a point that every statement of the platform in this process passes; it strikes there and nowhere
else. Source: fixtures/spec/platform.md (Background work, Money): what was committed stands, what was not has not
happened, and whatever was broken off is taken up by a later run or delivery.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.documents.refusal import suggest
from simulation.scenario.faults.alerting import STORM_RUNBOOK
from simulation.scenario.faults.attempts import (
    contests_in_reach,
    paid_from,
    sure_payout_transactions,
    users_of_attempts,
)
from simulation.scenario.faults.fault import At, Fault, Window
from simulation.scenario.faults.needs import STATEMENTS_TO_STRIKE
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.programs import PayoutTimerStopped
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.transactions import (
    PAYOUTS,
    SURE_STATEMENTS,
    WEBHOOKS,
    kept_back,
    sure_calls,
    sure_moments,
    sure_transactions,
)
from simulation.scenario.faults.transfers import TransferFault

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

Place = Literal["statement", "write", "commit", "connection", "call"]
"""Where it strikes: at a statement by its number, at the first writing one from there on, at COMMIT, when a connection
is taken for the transaction, or at a call of the job or request to Stripe or the score provider."""
Deed = Literal["kill", "drop", "error", "terminate", "slow", "race"]
"""``kill``: the platform; ``drop``: the connection breaks; ``error``: the server refuses with an SQLSTATE;
``terminate``: the server ends every session of the platform; ``slow``: simulated seconds pass; ``race``: another job or
request runs at once."""

DOWN_SECONDS = 30
"""From a kill to the next start: what a supervisor takes to notice and a program to start."""
_ROOM_TO_ANSWER = timedelta(hours=6)
JOBS = ("lifecycle_reconciler", "ingestion_poller", "settlement", "payout_scheduler", "financial_reconciliation")
"""Of the platform that comes along: only it has such a point."""
_LEFT_OUT = 0.5
_BEFORE_PAYOUTS = timedelta(minutes=10)
_JOB_OR_REQUEST = r"^([a-z_]+|(GET|POST|PUT|PATCH|DELETE) /\S*)$"

Transaction = Annotated[
    str,
    Field(
        pattern=_JOB_OR_REQUEST,
        description="Whose transaction: a job (settlement) or a request (POST /api/webhooks/stripe; ids are {id})",
    ),
]
NthTransaction = Annotated[
    int, Field(ge=1, description="Which one from `at` on; those count that come to the place where it strikes")
]
Statement = Annotated[int, Field(ge=1, description="The statement's number in its transaction")]
SlowSeconds = Annotated[int, Field(ge=1, le=240, description="Simulated seconds that it takes")]


class StatementFault(Fault, ABC):
    """One that strikes once, at a point of a transaction."""

    at: At
    transaction: Transaction
    nth: NthTransaction = 1
    place: ClassVar[Place]
    deed: ClassVar[Deed]
    counted: ClassVar[str] = "transaction"
    after: ClassVar[bool] = False
    """The server has carried out what was asked when it strikes."""
    sqlstate: ClassVar[str] = ""
    breaks_off: ClassVar[bool] = True
    """What its transaction was about to do is not done in it."""
    turns_people_away = True
    needs = (STATEMENTS_TO_STRIKE,)

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        if not scenario.start <= self.at <= scenario.end - _ROOM_TO_ANSWER:
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} waits for its transaction from {minute(self.at)} on, which is not within the "
                "run, or leaves too little of it to see what comes of that",
                remedy=f"{minute(scenario.start)} to {minute(scenario.end - _ROOM_TO_ANSWER)}",
            )
        yield from self.known_job("transaction", self.transaction)
        sure = self.sure(scenario, self.transaction, self.at)
        if sure is not None and self.nth > sure:
            yield BrokenRule(
                path=("nth" if sure else "at",),
                problem=f"fault {self.id} waits for {self.counted} {self.nth} of {self.transaction}, which is sure to "
                f"have {sure} from {minute(self.at)} on",
                remedy=f"lower nth to {sure} or less" if sure else "let it begin earlier",
            )
        for rival in earlier:
            if isinstance(rival, StatementFault) and rival.victim == self.victim:
                yield BrokenRule(
                    path=("nth",),
                    problem=f"fault {self.id} aims at the transaction of {rival.id}: {self.transaction} {self.nth}",
                    remedy="choose another nth",
                )
        yield from self._wears_out(scenario, earlier)
        yield from self._forgets_a_refusal(scenario)
        yield from self._waits_for_a_stopped_timer(scenario)

    def _wears_out(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """What breaks a payout off uses up an attempt; nobody can say how a transfer ends of which two faults do."""
        struck = self.struck_contests(scenario)
        others = (fault for fault in earlier if isinstance(fault, StatementFault))
        rivals = [
            *(other for other in others if struck & other.struck_contests(scenario)),
            *users_of_attempts(scenario, struck),
        ]
        for rival in rivals:
            yield BrokenRule(
                path=("nth",),
                problem=f"fault {self.id} may break off an attempt at a transfer which {rival.id} strikes, too: it may "
                "have none left",
                remedy="move one of them to another contest's payouts; this one by `at`, to shortly before its final "
                "board, and a low nth",
            )

    def _forgets_a_refusal(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """A refusal for good that the platform could not write down is one that it does not know: it tries again."""
        struck = self.struck_contests(scenario)
        for rival in scenario.faults:
            if isinstance(rival, TransferFault) and rival.given_up and rival.contest in struck:
                yield BrokenRule(
                    path=("nth",),
                    problem=f"fault {self.id} may keep the platform from writing down the refusal of {rival.id}, which "
                    "it then does not know",
                    remedy="move one of them to another contest's payouts",
                )

    def _waits_for_a_stopped_timer(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """Payouts that are made by hand while the timer stands still are the request's transactions, not the job's."""
        for rival in scenario.faults:
            if isinstance(rival, PayoutTimerStopped) and self.transaction == PAYOUTS:
                yield BrokenRule(
                    path=("transaction",),
                    problem=f"fault {self.id} waits for {self.transaction}, whose timer {rival.id} stops: payouts are "
                    "made by hand meanwhile",
                    remedy="leave one of them out, or strike another job",
                )

    def struck_contests(self, scenario: Scenario) -> frozenset[str]:
        """Keys of the contests an attempt at whose prizes it may break off."""
        if self.transaction != PAYOUTS or not self.breaks_off:
            return frozenset()
        transaction = self.nth if self.place != "call" else 1 + 2 * self.nth
        return contests_in_reach(scenario, self.at, transaction)

    @classmethod
    def sure(cls, scenario: Scenario, transaction: str, since: datetime) -> int | None:
        """How many of what it counts are sure to come."""
        count = sure_calls if cls.place == "call" else sure_transactions
        return count(scenario, transaction, since)

    def known_job(self, field: str, name: str) -> Iterator[BrokenRule]:
        """The broken rule, if the name is neither a request nor a job of the platform that comes along."""
        if " " not in name and name not in JOBS:
            yield BrokenRule(
                path=(field,),
                problem=f"fault {self.id}: the platform has no job {name!r}",
                remedy=suggest(name, list(JOBS)),
            )

    def strikes_by(self, scenario: Scenario) -> datetime:
        """When it has struck at the latest: with the n-th transaction that is sure to come, and after whatever may keep
        that back."""
        moments = sure_moments(scenario, self.transaction, self.at) or []
        number = 2 * self.nth if self.place == "call" and self.transaction == PAYOUTS else self.nth
        return kept_back(moments[number - 1], scenario) if number <= len(moments) else scenario.end

    @property
    def victim(self) -> tuple[str, datetime, int]:
        """No two faults of a scenario may have the same."""
        return self.transaction, self.at, self.nth

    @classmethod
    def keys(cls, planned: PlannedFault) -> dict[str, str]:
        where = {"statement": str(planned.statement)} if cls.place in ("statement", "write") else {}
        if planned.seconds:
            where["seconds"] = str(planned.seconds)
        return {"transaction": str(planned.transaction), "nth": str(planned.nth), **where}

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """One of those transactions that every run has: of a payment's webhook, a lock, a settlement or a payout.

        A payout's is of a contest whose transfers have all their attempts left.
        Every other time none: there are many kinds at a statement, and a swarm has other things to do, too.
        """
        if drawing.source.random() < _LEFT_OUT:
            return None
        scenario = drawing.scenario
        if cls.place == "call":
            likely = ["ingestion_poller"]
        elif cls.deed == "kill":  # nobody who pays meanwhile is turned away
            likely = ["lifecycle_reconciler", "settlement"]
        else:
            likely = ["lifecycle_reconciler", "settlement", WEBHOOKS]
        drawn = scenario.model_copy(update={"faults": drawing.faults})
        untouched = [one for one in scenario.contests if not any(users_of_attempts(drawn, frozenset({one.key})))]
        transaction = drawing.source.choice([PAYOUTS, *likely] if untouched else likely)
        if transaction == PAYOUTS:
            contest = drawing.source.choice(untouched)
            at = max(scenario.start, paid_from(contest, scenario) - _BEFORE_PAYOUTS)
            transactions = sure_payout_transactions(contest, scenario)
            sure = transactions // 2 if cls.place == "call" else transactions
        else:
            at = scenario.start
            sure = cls.sure(scenario, transaction, at) or 0
        if not sure:
            return None
        nth = drawing.source.randrange(1, sure + 1)
        return cls._drawn(at=at, transaction=transaction, nth=nth, expect=cls.expects)


class AtAStatement(StatementFault, ABC):
    """One that strikes at a statement by its number."""

    statement: Statement = 1
    place: ClassVar[Place] = "statement"

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from super().broken(scenario, earlier)
        sure = SURE_STATEMENTS.get(self.transaction)
        if sure is not None and self.statement > sure:
            yield BrokenRule(
                path=("statement",),
                problem=f"fault {self.id} waits for statement {self.statement} of {self.transaction}, whose "
                f"transactions are sure to have {sure}",
                remedy=f"lower statement to {sure} or less",
            )


class PlatformKilledBeforeStatement(AtAStatement):
    """The platform is killed when it is about to send the statement, and starts again half a minute later."""

    kind: Literal["platform_killed_before_statement"]
    title = "The platform is killed before a statement"
    origin = "An out-of-memory kill, a lost machine, a deploy in the middle of a transaction."
    recovery = "Nothing of the transaction happened. A later run or delivery does it from the start."
    deed = "kill"
    drawn = 10


class PlatformKilledAfterStatement(AtAStatement):
    """The platform is killed when the server has carried the statement out, and starts again half a minute later."""

    kind: Literal["platform_killed_after_statement"]
    title = "The platform is killed after a statement"
    origin = "An out-of-memory kill while a large answer is read."
    recovery = "The open transaction is rolled back by the server. A later run or delivery does it from the start."
    deed = "kill"
    after = True
    drawn = 11


class PlatformKilledAfterCommit(StatementFault):
    """The platform is killed between its COMMIT and whatever comes next, and starts again half a minute later."""

    kind: Literal["platform_killed_after_commit"]
    title = "The platform is killed right after a COMMIT"
    origin = "A deploy that drains nobody; the power fails between a commit and the call it was for."
    recovery = "What was committed stands and names what is left to do. A later run takes it up."
    place = "commit"
    adds_to = STORM_RUNBOOK
    deed = "kill"
    after = True
    drawn = 12


class PlatformKilledBeforeCall(StatementFault):
    """The platform is killed when it is about to call Stripe or the score provider; `nth` counts its calls."""

    kind: Literal["platform_killed_before_call"]
    title = "The platform is killed before a call to the outside"
    origin = "A deploy in the moment between the claim of a transfer and its sending."
    recovery = "Has committed what it was about to do. A later run finds it abandoned and does it under the same key."
    place = "call"
    counted = "call"
    deed = "kill"
    drawn = 23


class PlatformKilledAfterCall(StatementFault):
    """The platform is killed when its call has been answered and nothing of it is written; `nth` counts its calls."""

    kind: Literal["platform_killed_after_call"]
    title = "The platform is killed after a call to the outside"
    origin = "An out-of-memory kill between the answer of Stripe and the transaction that records it."
    recovery = "Has committed what it was about to do. A later run sends it again under its key, to no effect."
    place = "call"
    counted = "call"
    deed = "kill"
    after = True
    drawn = 24


class StatementConnectionDropped(AtAStatement):
    """The connection breaks when the statement is sent; the server rolls its transaction back."""

    kind: Literal["statement_connection_dropped"]
    title = "The database connection breaks at a statement"
    origin = "A firewall that forgets idle connections, a fail-over of a proxy."
    recovery = "Takes another connection; a later run or delivery does the transaction from the start."
    deed = "drop"
    drawn = 13


class CommitAnswerLost(StatementFault):
    """COMMIT is carried out, and the connection breaks before its answer comes."""

    kind: Literal["commit_answer_lost"]
    title = "A COMMIT is carried out, and its answer is lost"
    origin = "A network that breaks in the one moment in which nobody knows what happened."
    recovery = "Finds what it committed when it does it again, by business key, and does nothing twice."
    place = "commit"
    adds_to = STORM_RUNBOOK
    deed = "drop"
    after = True
    drawn = 14


class CommitLost(StatementFault):
    """The connection breaks when COMMIT is sent, and the server rolls the transaction back."""

    kind: Literal["commit_lost"]
    title = "A COMMIT never arrives, and no answer comes"
    origin = "The same network, a packet earlier: to the client both look alike."
    recovery = "Finds nothing of it when it does it again, and does it."
    place = "commit"
    deed = "drop"
    drawn = 15


class SerializationFailure(AtAStatement):
    """The server refuses the statement with 40001: a concurrent transaction came first."""

    kind: Literal["serialization_failure"]
    title = "The database could not serialize access (40001)"
    origin = "Two workers at REPEATABLE READ, or a row that changed under an UPDATE."
    recovery = "Rolls back and does the whole transaction again, at once or at the next run."
    deed = "error"
    sqlstate = "40001"
    drawn = 16


class DeadlockDetected(AtAStatement):
    """The server ends the transaction at the statement with 40P01, as the victim of a deadlock."""

    kind: Literal["deadlock_detected"]
    title = "The database detected a deadlock (40P01)"
    origin = "Two transactions that lock the same rows in different orders."
    recovery = "Rolls back and does the whole transaction again, at once or at the next run."
    deed = "error"
    sqlstate = "40P01"
    drawn = 17


class LockNotAvailable(AtAStatement):
    """The server refuses the statement with 55P03: somebody else has the lock, and its patience is over."""

    kind: Literal["lock_not_available"]
    title = "A lock could not be had in time (55P03)"
    origin = "A migration that holds a table, a console left open, with lock_timeout set."
    recovery = "Rolls back and does the whole transaction again at the next run."
    deed = "error"
    sqlstate = "55P03"
    drawn = 18


class DatabaseRestarted(AtAStatement):
    """The server ends every session of the platform at the statement with 57P01, and takes new ones at once."""

    kind: Literal["database_restarted"]
    title = "The database server restarts at a statement (57P01)"
    origin = "Maintenance of a managed database, or its fail-over."
    recovery = "Opens new connections; what was not committed is done from the start by a later run or delivery."
    deed = "terminate"
    sqlstate = "57P01"
    drawn = 19


class TooManyConnections(StatementFault):
    """The connection for the transaction is gone, and the server grants no new one (53300)."""

    kind: Literal["too_many_connections"]
    title = "The database grants no connection for a transaction (53300)"
    origin = "Another program's connections, in the moment in which a pool opens one anew."
    recovery = "The run or request fails as a whole; the next one finds a connection."
    place = "connection"
    deed = "error"
    sqlstate = "53300"
    drawn = 20


class StatementSlow(StatementFault):
    """The transaction's first statement takes `seconds` of simulated time to reach the server."""

    kind: Literal["statement_slow"]
    seconds: SlowSeconds = 60
    title = "A statement takes long"
    origin = "A connection that has to be set up again, a proxy in between, storage that stutters."
    recovery = "Goes on when it is done; what fell due meanwhile is done late."
    place = "statement"
    deed = "slow"
    breaks_off = False
    turns_people_away = False
    drawn = 21


class DatabaseDiskFull(AtAStatement):
    """The first writing statement from `statement` on is refused with 53100: no space left on the server's device."""

    kind: Literal["database_disk_full"]
    title = "The database's disk is full at a write (53100)"
    origin = "A replication slot that nobody reads, a log that nobody rotates."
    recovery = "Rolls back; when there is room again, a later run or delivery does it from the start."
    place = "write"
    deed = "error"
    sqlstate = "53100"
    drawn = 22


StatementKinds = (
    PlatformKilledBeforeStatement
    | PlatformKilledAfterStatement
    | PlatformKilledAfterCommit
    | PlatformKilledBeforeCall
    | PlatformKilledAfterCall
    | StatementConnectionDropped
    | CommitAnswerLost
    | CommitLost
    | SerializationFailure
    | DeadlockDetected
    | LockNotAvailable
    | DatabaseRestarted
    | TooManyConnections
    | StatementSlow
    | DatabaseDiskFull
)
