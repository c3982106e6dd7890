"""What a fault at a named statement is: of the n-th transaction of a job or request, before or after it.

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
