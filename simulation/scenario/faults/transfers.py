"""Faults of a contest's transfers at Stripe: lost, refused, answered with errors, or in the way of a program's end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import Beyond, Fault, Status, Times, VictimFault, Window
from simulation.scenario.faults.needs import PROGRAMS_TO_KILL
from simulation.scenario.faults.rule import BrokenRule
from simulation.scenario.faults.victims import sure_transfers
from simulation.words import plural

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

CallMode = Literal[
    "timeout_before",
    "timeout_after",
    "killed_after",
    "reset_before",
    "reset_after",
    "error",
    "close_account",
    "suspend_account",
    "key_taken",
    "reserve",
    "slow",
]
"""What becomes of a call to Stripe. ``before``: nothing happened there; ``after``: it did, and nobody hears."""
_MAY_PASS = (401, 408, 409, 424, 425, 429)
STATUSES_THAT_PASS = ", ".join([*map(str, _MAY_PASS), "500 to 599"])
""":func:`may_pass`, in words."""


def may_pass(status: int) -> bool:
    """Whether Stripe's answer is about the moment, not about what was asked (fixtures/spec/platform.md, Payouts)."""
    return status >= 500 or status in _MAY_PASS


_STUCK = Expectation(runbook="payout_transfer_stuck_in_retryable")


class CallFault(Fault):
    """One that strikes calls to Stripe."""

    mode: ClassVar[CallMode]
    error_code: ClassVar[str | None] = None
    """Stripe's code, where the mode is an error that has one of its own."""
    executed: ClassVar[bool] = False
    """Where the mode is an error: Stripe did what it was asked for all the same."""

    @classmethod
    def effect(cls, *, status: int | None, again: bool) -> CallMode:
        """:param status: as planned. :param again: it has struck before."""
        return cls.mode


class TransferFault(VictimFault, CallFault):
    """One that strikes the n-th transfer of a contest."""

    victim = "transfer"

    given_up: ClassVar[bool] = False
    """The transfer is given up at once: nothing else can happen to it."""
    winner_leaves: ClassVar[bool] = False
    """With the first strike the winner deletes their account on the platform."""

    @property
    def attempts_used(self) -> int:
        """Attempts at the transfer that come to nothing before it is paid; none where it is given up at once."""
        return 0 if self.given_up else 1

    def used_in_all(self, scenario: Scenario) -> int:
        """Attempts that it and other faults of its victim use up."""
        others = (fault for fault in scenario.faults if isinstance(fault, TransferFault) and fault.id != self.id)
        same = (other for other in others if (other.contest, other.nth) == (self.contest, self.nth))
        return self.attempts_used + sum(other.attempts_used for other in same)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from self.beyond_the_last(sure_transfers(self.its_contest(scenario), scenario))
        for rival in earlier:
            if isinstance(rival, TransferFault) and (rival.given_up or self.given_up):
                yield from self.aims_at_the_victim_of(rival)

    def window(self, scenario: Scenario, seed: int) -> Window:
        """Prizes are paid once the tournament is over."""
        contest = self.its_contest(scenario)
        final = scenario.tournaments[contest.tournament].final_board_at
        return Window(starts_at=final, last_chance=contest.start)

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim = drawing.transfer()
        return None if victim is None else cls._drawn(contest=victim[0], nth=victim[1], expect=cls.expects)


class _GivenUp(TransferFault):
    """What Stripe refuses for good, with the reason that must be on record."""

    given_up = True
    also_calls_for = ("payout_batch_partial",)
    recovery = "Gives the transfer up at once, with Stripe's reason on record. The prize stays owed, and ops see to it."


class DestinationInvalid(_GivenUp):
    """The winner's account is closed at Stripe when the n-th transfer of a contest is sent, and stays closed."""

    kind: Literal["destination_invalid"]
    title = "A winner's payout account is closed"
    origin = "A person closes the account, or Stripe rejects it in a review between joining and winning."
    expects = Expectation(terminal="DESTINATION_ACCOUNT_INVALID", runbook="destination_account_invalid")
    mode = "close_account"
    closes_account = True


class DestinationSuspended(_GivenUp):
    """Stripe suspends transfers to the winner's account when the n-th transfer of a contest is sent."""

    kind: Literal["destination_suspended"]
    title = "A winner's payout account is suspended"
    origin = "A review at Stripe finds a document missing: the capability is inactive until the person sends it."
    expects = Expectation(terminal="INSUFFICIENT_CAPABILITIES_FOR_TRANSFER", runbook="payout_transfer_refused")
    mode = "suspend_account"
    closes_account = True


class TransferRefused(_GivenUp):
    """Stripe refuses the n-th transfer of a contest for its amount: 400 `amount_too_large`."""

    kind: Literal["transfer_refused"]
    title = "Stripe refuses a transfer for its amount"
    origin = "A limit on single transfers that Stripe put on the platform, below a prize that is due."
    expects = Expectation(terminal="AMOUNT_TOO_LARGE", runbook="payout_transfer_refused")
    mode = "error"
    usual_status = 400
    error_code = "amount_too_large"


class TransferKeyTaken(_GivenUp):
    """Stripe has the key of the n-th transfer of a contest from a refused request for another amount."""

    kind: Literal["transfer_key_taken"]
    title = "Stripe has a transfer's key from a request for another amount"
    origin = "A second environment with the live key, or one restored from a backup, that settled on other scores."
    expects = Expectation(terminal="IDEMPOTENCY_CONFLICT", runbook="payout_idempotency_conflict")
    mode = "key_taken"


class TransferWinnerDeleted(_GivenUp):
    """The n-th transfer of a contest does not get through, and before the next attempt its winner has left."""

    kind: Literal["transfer_winner_deleted"]
    title = "A winner deletes their account before the prize gets through"
    origin = "A person who is done with the platform deletes their account here, and the one at Stripe with it."
    recovery = "Tries again, is refused, and gives the transfer up with the reason on record. The prize stays owed."
    expects = Expectation(terminal="DESTINATION_ACCOUNT_INVALID", runbook="payout_winner_deleted")
    mode = "reset_before"
    closes_account = True
    winner_leaves = True

    @classmethod
    def effect(cls, *, status: int | None, again: bool) -> CallMode:
        return "close_account" if again else cls.mode

    @property
    def attempts_used(self) -> int:
        """The first; the second is refused."""
        return 1

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Who has left enters no other contest."""
        yield from super().broken(scenario, earlier)
        payout = scenario.tournaments[self.its_contest(scenario).tournament].final_board_at
        for other in scenario.contests:
            if other.key != self.contest and other.start > payout:
                yield BrokenRule(
                    path=("contest",),
                    problem=f"fault {self.id}: a winner of {self.contest} who leaves may be missed in {other.key}",
                    remedy="name a contest that is paid when nobody enters another one any more",
                )


class _Unanswered(TransferFault):
    """One that nothing came of, so that it is tried again."""

    times: Times = 1
    attempts: ClassVar[int] = 3
    """What a transfer has (fixtures/spec/platform.md, "Payouts")."""

    @property
    def attempts_used(self) -> int:
        return self.times

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """The second attempt follows at once, the third two hours later, unless the runbook makes it."""
        used = self.used_in_all(scenario)
        if used >= self.attempts:
            return Beyond(
                field="times",
                problem=f"a transfer has {plural(self.attempts, 'attempt')}; this one uses up {used}, with those of "
                "other faults that strike it, and is given up, which is escalated",
                remedy=f"{self.attempts - 1} or fewer in all",
            )
        return SELF_HEALS if used == 1 else _STUCK

    recovery = (
        "Sends it again under the same idempotency key. If it stays open for long, the runbook runs the scheduler."
    )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """Once heals by itself; twice in a row waits for the runbook."""
        victim = drawing.transfer()
        if victim is None:
            return None
        times = drawing.source.choice((1, 2))
        expect = SELF_HEALS if times == 1 else _STUCK
        return cls._drawn(contest=victim[0], nth=victim[1], times=times, expect=expect, **cls._more(drawing))

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        """Fields that a kind has besides."""
        return {}


class TransferTimeoutBefore(_Unanswered):
    """The n-th transfer of a contest gets no answer and never reached Stripe; `times` attempts in a row."""

    kind: Literal["transfer_timeout_before"]
    title = "A transfer to Stripe times out before Stripe did anything"
    origin = "A connection that is accepted and never served: an overloaded proxy, a lost packet on the way out."
    mode = "timeout_before"


class TransferTimeoutAfter(TransferFault):
    """Stripe makes the n-th transfer of a contest, but the answer is lost: the platform cannot know."""

    kind: Literal["transfer_timeout_after"]
    times: Times = 1
    title = "Stripe makes a transfer, but its answer never arrives"
    origin = "An answer slower than the client's deadline. Without an idempotency key it is the way to pay twice."
    recovery = "Sends the transfer again under the same idempotency key, and is told of the one that was made."
    mode = "timeout_after"

    @property
    def attempts_used(self) -> int:
        return self.times

    def ending(self, scenario: Scenario) -> Expectation:
        """Whoever has no attempt left asks Stripe, and is told."""
        return SELF_HEALS if self.used_in_all(scenario) == 1 else _STUCK


class TransferError(_Unanswered):
    """The n-th transfer of a contest is answered with `status` (500 unless given) and has no effect."""

    kind: Literal["transfer_error"]
    status: Status | None = None
    title = "Stripe answers a transfer with an error"
    origin = "An incident at Stripe, or 429 when too many payouts are sent at once."
    mode = "error"
    usual_status = 500

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        if self.status is not None and not may_pass(self.status):
            return Beyond(
                field="status",
                problem="an answer that says it is no use to try again, without one of the reasons that Stripe has",
                remedy=f"one of {STATUSES_THAT_PASS}, or one of the kinds that Stripe refuses: transfer_refused, "
                "destination_invalid, destination_suspended",
            )
        return super().ending(scenario)

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"status": drawing.source.choice((429, 500, 503))}


class TransferErrorKept(TransferFault):
    """Stripe makes the n-th transfer of a contest and answers 500, and the same 500 to every request with its key."""

    kind: Literal["transfer_error_kept"]
    title = "Stripe makes a transfer, answers with an error, and repeats that error"
    origin = "Stripe keeps the answer to a key, also a 500 of a service that broke off after the money had moved."
    recovery = "Sees by `Idempotent-Replayed` that the same answer will come again, and asks what Stripe has."
    mode = "error"
    executed = True
    usual_status = 500
    drawn = 54

    @property
    def attempts_used(self) -> int:
        """The first, and the one that is told the same; then Stripe is asked."""
        return 1

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """The answer is kept: nothing else can happen to that transfer."""
        yield from super().broken(scenario, earlier)
        for rival in scenario.faults:
            if isinstance(rival, TransferFault) and rival is not self:
                yield from self.aims_at_the_victim_of(rival)


class TransferReset(_Unanswered):
    """The connection is dropped before the n-th transfer of a contest reaches Stripe."""

    kind: Literal["transfer_reset"]
    title = "The connection to Stripe drops during a transfer"
    origin = "A load balancer that recycles connections, a deploy on the other side."
    mode = "reset_before"


class TransferThenKilled(TransferFault):
    """Stripe makes the n-th transfer of a contest; the platform is killed before it hears, and starts again."""

    kind: Literal["transfer_then_killed"]
    title = "The platform is killed between Stripe's transfer and its own commit"
    origin = "A deploy, an out-of-memory kill, a lost machine: between Stripe's answer and the commit."
    recovery = "Finds the transfer still open when it is up again, and repeats it under the same idempotency key."
    turns_people_away = True
    mode = "killed_after"
    needs = (PROGRAMS_TO_KILL,)
    drawn = 4


TransferKinds = (
    DestinationInvalid
    | DestinationSuspended
    | TransferRefused
    | TransferKeyTaken
    | TransferWinnerDeleted
    | TransferTimeoutBefore
    | TransferTimeoutAfter
    | TransferError
    | TransferErrorKept
    | TransferReset
    | TransferThenKilled
)
