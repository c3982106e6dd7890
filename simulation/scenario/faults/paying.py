"""Faults of paying itself: a card that is declined, a bank debit that takes days, an entrant who walks away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.currency import CURRENCIES, USD, CurrencyCode, in_steps, money
from simulation.scenario.faults.fault import Fault, VictimFault, Window, Within
from simulation.scenario.faults.rule import BrokenRule
from simulation.scenario.faults.victims import prompt_payers

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_TRIES = timedelta(minutes=10)
"""An entrant tries again within a few minutes, or gives up."""


class PayingFault(VictimFault):
    """One that disturbs how an entrant pays: the n-th of a contest to come to pay, of those who pay once, in good time.

    It is counted before anybody knows whether the payment succeeds; other faults count payments that did.
    """

    victim = "prompt payer"
    acts = True
    of_orders = True
    disturbs_payment = True

    def window(self, scenario: Scenario, seed: int) -> Window:
        contest = self.its_contest(scenario)
        return Window(
            starts_at=contest.created,
            last_chance=contest.lock + _TRIES,
            delay_seconds=3_600 * self.hours_after,
        )

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from self.beyond_the_last(prompt_payers(self.its_contest(scenario)))
        for rival in earlier:
            yield from self.aims_at_the_victim_of(rival)

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim = drawing.prompt_payer()
        if victim is None:
            return None
        return cls._drawn(contest=victim[0], nth=victim[1], expect=cls.expects, **cls._more(drawing))

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        """Fields that a kind has besides."""
        return {}


class PaymentDeclined(PayingFault):
    """The card of the n-th prompt payer is declined `times` times, two minutes apart; another card then pays."""

    kind: Literal["payment_declined"]
    times: Annotated[
        int,
        Field(ge=1, description="How many cards are declined"),
        Within(most=2, otherwise="is more than an entrant tries"),
    ] = 1
    title = "A card is declined"
    origin = "Too little money, an expired card, a bank that takes a sum for fraud; people try another card."
    recovery = "Notes the payment as failed, lets the entrant try again with the same intent, and books what is paid."
    drawn = 40

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"times": drawing.source.randint(1, 2)}


class PaymentAbandoned(PayingFault):
    """The bank of the n-th prompt payer asks for a confirmation (3-D Secure), and the entrant walks away for good."""

    kind: Literal["payment_abandoned"]
    title = "An entrant leaves while the bank asks for a confirmation"
    origin = "The code never came, the telephone rang: Stripe keeps the intent open and nobody comes back."
    recovery = "Notes that the payment waits for the entrant, books nothing, and the entry does not count."
    withdraws_entrant = True
    drawn = 41


class PaymentCanceled(PayingFault):
    """The n-th prompt payer's intent was canceled at Stripe's dashboard; the entrant opens another one and pays."""

    kind: Literal["payment_canceled"]
    title = "An unpaid intent is canceled at Stripe"
    origin = "Somebody tidies up in the dashboard, or a clean-up script takes an open intent for an old one."
    recovery = "Notes the intent as canceled, gives the entrant another one, and books the one that is paid."
    drawn = 42


_HOURS = Field(ge=1, le=240, description="How long after the debit began its end comes")


class _BankDebit(PayingFault):
    delay_hours: Annotated[int, _HOURS]

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"delay_hours": drawing.source.randint(5, 100)}


class PaymentSlow(_BankDebit):
    """The n-th prompt payer pays by bank debit: it is under way for `delay_hours`, and the money comes."""

    kind: Literal["payment_slow"]
    title = "A payment is under way for days"
    origin = "A bank debit takes up to four business days; only then does Stripe know whether it succeeded."
    recovery = (
        "Notes that it is being processed and counts it when the money has come; after the settlement it goes back."
    )
    drawn = 43


class PaymentBounced(_BankDebit):
    """The n-th prompt payer pays by bank debit: after `delay_hours` the bank returns it, and nothing was paid."""

    kind: Literal["payment_bounced"]
    title = "A bank debit is returned days later"
    origin = "Too little money in the account, or the account is closed: banks say so days later."
    recovery = "Notes the payment as failed, never having counted it; the entry does not count."
    withdraws_entrant = True
    drawn = 44


class PaymentToldBackwards(_BankDebit):
    """The n-th prompt payer's bank debit is returned after `delay_hours`; that it began is told ten minutes after that.

    The event of the beginning is delivered for the first time when that of the end has been.
    """

    kind: Literal["payment_told_backwards"]
    title = "Stripe tells the end of a payment before its beginning"
    origin = "A delivery that failed for days comes at last, after everything that happened since."
    recovery = "Keeps the payment as failed: an event that is older than one it has processed changes nothing."
    withdraws_entrant = True
    drawn = 46


class WrongAmount(PayingFault):
    """Somebody changed the amount of the n-th prompt payer's intent at Stripe before it was paid."""

    withdraws_entrant = True
    percent: ClassVar[int]
    """Of the entry fee that is paid."""
    origin = "A script that changes intents, a coupon that somebody sets up at the dashboard, a slip of the keyboard."
    recovery = "Books what came, counts no entry for it, gives all of it back, and lets the entrant pay anew."

    @classmethod
    def paid_cents(cls, fee_cents: int, currency: CurrencyCode) -> int:
        """What is paid instead of the fee, in the same currency."""
        return in_steps(fee_cents * cls.percent // 100, currency)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from super().broken(scenario, earlier)
        contest = self.its_contest(scenario)
        fee_cents, least = contest.entry_fee_cents, CURRENCIES[contest.currency].least_charge
        if fee_cents and self.paid_cents(fee_cents, contest.currency) < least:
            yield BrokenRule(
                path=("contest",),
                problem=f"fault {self.id}: {self.percent} % of the fee of {self.contest} is less than the "
                f"{money(least, contest.currency)} that Stripe takes",
                remedy="name a contest with a higher fee",
            )


class PaymentTooLittle(WrongAmount):
    """The n-th prompt payer pays half of the entry fee: the amount of the intent was changed at Stripe."""

    kind: Literal["payment_too_little"]
    title = "Less than the entry fee is paid"
    percent = 50
    drawn = 71


class PaymentTooMuch(WrongAmount):
    """The n-th prompt payer pays one and a half entry fees: the amount of the intent was changed at Stripe."""

    kind: Literal["payment_too_much"]
    title = "More than the entry fee is paid"
    percent = 150
    drawn = 72


class PaymentWrongCurrency(PayingFault):
    """The n-th prompt payer pays US dollars, for a contest in US dollars euros: the intent's currency was changed.

    It was changed at Stripe; the number stayed, and counts the smallest units of the other currency.
    """

    kind: Literal["payment_wrong_currency"]
    title = "The entry fee is paid in another currency"
    origin = "A price list in two currencies, a script that sets the shop's default, a slip at the dashboard."
    recovery = (
        "Books what came in the currency in which it came, counts no entry for it, gives all of it back, and lets the "
        "entrant pay anew."
    )
    withdraws_entrant = True
    drawn = 85

    @classmethod
    def paid_in(cls, currency: CurrencyCode) -> CurrencyCode:
        """The currency that is paid instead of the contest's."""
        return "eur" if currency == USD else USD

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from super().broken(scenario, earlier)
        contest = self.its_contest(scenario)
        fee, other = contest.entry_fee_cents, self.paid_in(contest.currency)
        least = CURRENCIES[other].least_charge
        if fee and fee < least:
            yield BrokenRule(
                path=("contest",),
                problem=f"fault {self.id}: the fee of {self.contest}, {fee}, would be {money(fee, other)}, less than "
                f"the {money(least, other)} that Stripe takes",
                remedy="name a contest with a higher fee",
            )


PayingKinds = (
    PaymentDeclined
    | PaymentAbandoned
    | PaymentCanceled
    | PaymentSlow
    | PaymentBounced
    | PaymentToldBackwards
    | PaymentTooLittle
    | PaymentTooMuch
    | PaymentWrongCurrency
)
