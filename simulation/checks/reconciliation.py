"""Three-way reconciliation by business key: what should have happened ↔ the ledger ↔ Stripe. Never by totals alone.

Source: simulation/DESIGN.md (Witnesses and checks), fixtures/spec/platform.md (Money).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.books import books
from simulation.checks.evidence.called_off import CANCELLED, called_off
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.expected import closing_times, expected_settlements
from simulation.checks.evidence.lines import Amounts, Entrant, Line, compare, excuse_of, posted
from simulation.checks.evidence.money import (
    MISFIT,
    Moved,
    claims,
    grouped,
    misfits,
    moved,
    taken_back,
    withdrawn,
)
from simulation.checks.evidence.relations import DisputeRow, PaymentRow, PostingRow, RefundRow, TransferRow, UserRow
from simulation.currency import money
from simulation.events import EntrantAction, WebhookAttempt
from simulation.scenario.contest import Contest

_NOTHING: Counter[str] = Counter()


@check(
    "Expected, ledger and Stripe agree on every payment, refund, prize and dispute, or the difference is explained",
    needs_end=True,
)
def three_way_reconciliation(case: Case, inquiry: Inquiry) -> None:
    for line in reconcile(case):
        inquiry.examine()
        if line.problem:
            inquiry.find(
                f"{line.kind} {line.business_key} ({case.name(line.contest_id)}, {line.user_id})",
                line.problem,
                keys=line.keys,
                amount_cents=line.difference_cents or line.stripe_cents,
                currency=line.currency,
                expected=money(line.expected_cents, line.currency),
                actual=f"ledger {money(line.ledger_cents, line.currency)}, "
                f"Stripe {money(line.stripe_cents, line.currency)}",
                events=line.evidence,
            )


def reconcile(case: Case) -> tuple[Line, ...]:
    """All lines, each of one currency: payments by payment intent, entries by contest and entrant where wallets pay for
    them, refunds by payment intent, prizes by contest and entrant, disputes by payment intent.

    :raises CannotTell: a book is missing.
    """
    return (*payments(case), *entries(case), *refunds(case), *prizes(case), *disputes(case))


def payments(case: Case) -> Iterator[Line]:
    """By payment intent: what entrants say they paid, what the ledger has of it, what Stripe charged."""
    plans = {contest.key: contest for contest in case.scenario.contests}
    rows = {row.stripe_payment_intent_id or row.payment_id: row for row in case.rows(PaymentRow)}
    booked = posted(case, "payment", "payment_intent")
    charged = grouped(moved(case, "charge"), _intent)
    claimed = {action.payment_intent_id or f"(no intent) {action.person}": action for action in claims(case)}
    for key in sorted(rows.keys() | charged.keys() | claimed.keys()):
        claim, row, charges = claimed.get(key), rows.get(key), charged.get(key, ())
        expected = _claimed(claim, plans)
        ledger = booked.get(row.payment_id, _NOTHING) if row else _NOTHING
        stripe = _by_currency(charges)
        excuse, payer = _awaited(case, key) if charges else "", _payer(row, charges, claim)
        for currency, amounts in _by_each(expected, ledger, stripe, usual=case.currency(payer[0])):
            yield compare("payment", key, payer, amounts, currency=currency, excuse=excuse, evidence=charges)


def _by_currency(items: Iterable[Moved], *, sign: int = 1) -> Counter[str]:
    """Currency → what moved at Stripe, by its own signs, or by the opposite ones."""
    cents: Counter[str] = Counter()
    for item in items:
        cents[item.currency] += sign * item.movement.amount_cents
    return cents


def _by_each(
    expected: Counter[str], ledger: Counter[str], stripe: Counter[str], *, usual: str
) -> Iterator[tuple[str, Amounts]]:
    """Each currency that a book has of a business key, with what each has of it; ``usual``: where none has any."""
    for currency in sorted(expected.keys() | ledger.keys() | stripe.keys()) or [usual]:
        yield (
            currency,
            Amounts(expected_cents=expected[currency], ledger_cents=ledger[currency], stripe_cents=stripe[currency]),
        )


def _claimed(claim: EntrantAction | None, plans: Mapping[str, Contest]) -> Counter[str]:
    """Currency → what an entrant says to have paid; the fee of the contest, unless it was something else."""
    if claim is None:
        return Counter()
    if claim.action in MISFIT:
        return Counter({claim.currency: claim.amount_cents})
    plan = plans.get(claim.contest or "")
    return Counter({plan.currency: plan.entry_fee_cents}) if plan is not None else Counter()


def _intent(item: Moved) -> str:
    return item.payment_intent_id or item.movement.source_id


def _payer(row: PaymentRow | None, charges: Sequence[Moved], claim: EntrantAction | None) -> Entrant:
    if row is not None:
        return row.contest_id, row.user_id
    if charges:
        return charges[0].entrant
    return (claim.contest_id or "", claim.user_id or "") if claim else ("", "")


def _awaited(case: Case, payment_intent_id: str) -> str:
    """The explanation, if a webhook about the payment is due only after the end of the run; else empty."""
    attempts = [
        attempt
        for attempt in case.events(WebhookAttempt)
        if attempt.object_id == payment_intent_id and attempt.event_type == "payment_intent.succeeded"
    ]
    last = attempts[-1] if attempts else None
    if last is None or last.next_attempt_at is None or last.next_attempt_at <= case.ended.at:
        return ""
    return f"in flight: Stripe delivers {last.event_id} again at {last.next_attempt_at:%Y-%m-%d %H:%M}"


def entries(case: Case) -> Iterator[Line]:
    """By contest and entrant: the fee of each entry that counts in a settled contest, and what wallets paid for it."""
    ledger = case.remembered(books)
    if not ledger.means("entry_fee"):
        return
    paid = ledger.credited("entry_fee", sign=-1)
    settled = case.remembered(expected_settlements)
    due = {
        (contest_id, placing.user_id, str(expected.contest.plan.currency)): expected.contest.plan.entry_fee_cents
        for contest_id, expected in settled.items()
        for placing in expected.settlement.placings
    }
    for key in sorted(due.keys() | paid.keys()):
        contest_id, user_id, currency = key
        if contest_id in settled:
            cents = paid[key]
            amounts = Amounts(expected_cents=due.get(key, 0), ledger_cents=cents, stripe_cents=cents)
            wrong = "" if amounts.agree else "the wallet did not pay the fee of the entry, once"
            entrant = (contest_id, user_id)
            yield compare("entry", ":".join(entrant), entrant, amounts, currency=currency, wrong=wrong)


def refunds(case: Case) -> Iterator[Line]:
    """By payment intent: charges that must go back and parts that Stripe gave back, refunds in the ledger, refunds at
    Stripe; less what came back."""
    intents = {row.payment_id: row.stripe_payment_intent_id or row.payment_id for row in case.rows(PaymentRow)}
    rows = grouped(case.rows(RefundRow), lambda row: intents.get(row.payment_id, row.payment_id))
    booked, returned = posted(case, "refund", "refund"), posted(case, "refund_returned", "refund")
    refunded = grouped((*moved(case, "refund"), *moved(case, "refund_failure")), _intent)
    due, parts = _refunds_due(case, rows.keys() | refunded.keys()), _given_by_stripe(case)
    for key in sorted(rows.keys() | refunded.keys() | due.keys() | parts.keys()):
        own, movements = rows.get(key, ()), refunded.get(key, ())
        row = own[-1] if own else None
        known = movements or ([due[key]] if key in due else ())
        payee = _payee(row, known)
        expected = Counter({due[key].currency: due[key].amount_cents}) if key in due else parts.get(key, _NOTHING)
        ledger: Counter[str] = Counter()
        for refund in own:
            ledger.update(booked.get(refund.refund_id, _NOTHING))
            ledger.subtract(returned.get(refund.refund_id, _NOTHING))
        stripe = _by_currency(movements, sign=-1)
        for currency, amounts in _by_each(expected, ledger, stripe, usual=case.currency(payee[0])):
            excuse = excuse_of(case, row, amounts)
            yield compare("refund", key, payee, amounts, currency=currency, excuse=excuse, evidence=movements)


def _given_by_stripe(case: Case) -> Mapping[str, Counter[str]]:
    """By payment intent and currency, what cardholders say they got back without anybody here having sent it."""
    cents: dict[str, Counter[str]] = {}
    for action in case.events(EntrantAction):
        if action.action == "got_part_back":
            cents.setdefault(action.payment_intent_id or "", Counter())[action.currency] += action.amount_cents
    return cents


def _payee(row: RefundRow | None, known: Sequence[Moved]) -> Entrant:
    if row is not None:
        return row.contest_id, row.user_id
    return known[0].entrant if known else ("", "")


def _refunds_due(case: Case, begun: Collection[str]) -> Mapping[str, Moved]:
    """Charges that must be refunded, by payment intent: all of an entrant's except the one that pays the entry.

    All must be refunded if the entrant asked for it before the lock, if the contest was cancelled, or if every charge
    came after the settlement; one of another amount or currency than the fee always. The platform may choose which of
    two equal charges to refund, so those whose refund has begun are taken first.
    """
    left, wrong, off = case.remembered(withdrawn), case.remembered(misfits), case.remembered(called_off)
    closed = {} if case.lacks("contests") else case.remembered(closing_times)
    due: dict[str, Moved] = {}
    if case.lacks("refunds"):
        return due
    made = moved(case, "charge")
    due |= {_intent(charge): charge for charge in made if _intent(charge) in wrong}
    right = (charge for charge in made if _intent(charge) not in wrong)
    for entrant, charges in grouped(right, lambda charge: charge.entrant).items():
        deadline = closed.get(entrant[0], case.ended.at)
        cancelled = entrant[0] in off or (
            not case.lacks("contests") and case.arrival(entrant[0], CANCELLED) is not None
        )
        counted = not cancelled and entrant not in left and any(charge.movement.at <= deadline for charge in charges)
        ordered = sorted(charges, key=lambda charge: (_intent(charge) not in begun, -charge.movement.seq))
        for charge in ordered[: len(charges) - int(counted)]:
            due[_intent(charge)] = charge
    return due


def prizes(case: Case) -> Iterator[Line]:
    """By contest and entrant: the prize of our model, the ledger's completed payout, Stripe's transfers; less what
    Stripe took back."""
    if case.lacks("contests"):
        return
    won = _won(case)
    rows = {(row.contest_id, row.user_id): row for row in case.rows(TransferRow)}
    in_wallet = case.business.paid_out == "wallet"
    accounts = {} if in_wallet else {row.user_id: row.stripe_account_id for row in case.rows(UserRow)}
    booked, unbooked = posted(case, "payout", "payout_transfer"), posted(case, "payout_reversed", "payout_transfer")
    owed = case.remembered(books).credited("prize")
    transferred = grouped(moved(case, "transfer"), lambda transfer: (*transfer.entrant, transfer.currency))
    reversals = grouped(moved(case, "transfer_reversal"), lambda reversal: (*reversal.entrant, reversal.currency))
    lost = taken_back(case)
    paid_in = {row.transfer_id: entrant for entrant, row in rows.items()}
    in_ledger = {
        (*paid_in[transfer], currency)
        for transfer, by_currency in booked.items()
        if transfer in paid_in
        for currency in by_currency
    }
    known = {(*entrant, case.currency_of(row)) for entrant, row in rows.items()}
    for key in sorted(won.keys() | known | in_ledger | transferred.keys() | owed.keys()):
        entrant, currency = key[:2], key[2]
        row, transfers, back = rows.get(entrant), transferred.get(key, ()), reversals.get(key, ())
        amounts = Amounts(
            expected_cents=won.get(key, 0) - lost[key],
            ledger_cents=_of(booked, row, currency) - _of(unbooked, row, currency),
            stripe_cents=_sum(transfers) - _sum(back),
        )
        wrong = _misdirected(transfers, accounts)
        if owed[key] != won.get(key, 0):
            wrong = wrong or f"the settlement credited {money(owed[key], currency)} to the winner"
        if in_wallet:
            amounts = replace(amounts, ledger_cents=owed[key], stripe_cents=owed[key])
            wrong = "left for Stripe, although prizes stay in wallets" if transfers else wrong
        excuse = excuse_of(case, row, amounts, since=row.created_at if row else None)
        yield compare(
            "prize",
            ":".join(entrant),
            entrant,
            amounts,
            currency=currency,
            excuse=excuse,
            wrong=wrong,
            evidence=(*transfers, *back),
        )


def _of(book: Mapping[str, Counter[str]], row: TransferRow | None, currency: str) -> int:
    return book.get(row.transfer_id, _NOTHING)[currency] if row else 0


def _sum(movements: Sequence[Moved]) -> int:
    return sum(movement.amount_cents for movement in movements)


def _won(case: Case) -> dict[tuple[str, str, str], int]:
    """(contest, user, currency) → prize by the jury's own model, where above zero."""
    return {
        (contest_id, placing.user_id, expected.contest.plan.currency): placing.payout_cents
        for contest_id, expected in case.remembered(expected_settlements).items()
        for placing in expected.settlement.placings
        if placing.payout_cents
    }


def _misdirected(transfers: Sequence[Moved], accounts: Mapping[str, str | None]) -> str:
    for transfer in transfers:
        own = accounts.get(transfer.user_id or "")
        if transfer.movement.destination != own:
            return f"paid into {transfer.movement.destination}, the winner's account is {own}"
    return ""


REFERENCE = "dispute"


def disputes(case: Case) -> Iterator[Line]:
    """By payment intent: what people charged back, what the ledger gave for it, what Stripe withdrew; fees included,
    less what came back of disputes that were won."""
    claims = grouped(charged_back(case), lambda action: (action.payment_intent_id or "", action.currency))
    reversed_cents = _reversed(case)
    withdrawals = grouped(
        moved(case, "adjustment"), lambda item: (item.payment_intent_id or item.movement.source_id, item.currency)
    )
    booked = _booked(case)
    for key in sorted(claims.keys() | withdrawals.keys() | booked.keys() | reversed_cents.keys()):
        made, movements, currency = claims.get(key, ()), withdrawals.get(key, ()), key[1]
        fee_cents = case.scenario.stripe.dispute_fee(currency)
        amounts = Amounts(
            expected_cents=sum(claim.amount_cents + fee_cents for claim in made) - reversed_cents[key],
            ledger_cents=booked[key],
            stripe_cents=sum(_gone_cents(movement) for movement in movements),
        )
        entrant = (made[0].contest_id or "", made[0].user_id or "") if made else ("", "")
        yield compare("dispute", key[0], entrant, amounts, currency=currency, evidence=movements)


def charged_back(case: Case) -> Iterator[EntrantAction]:
    """The chargebacks that cardholders report."""
    return (action for action in case.events(EntrantAction) if action.action == "charged_back")


def charges_reversed(case: Case) -> Iterator[EntrantAction]:
    """The chargebacks whose amount the bank gave back, as cardholders report it."""
    return (action for action in case.events(EntrantAction) if action.action == "chargeback_reversed")


def _reversed(case: Case) -> Counter[tuple[str, str]]:
    """(payment intent, currency) → what the bank gave back."""
    cents: Counter[tuple[str, str]] = Counter()
    for action in charges_reversed(case):
        cents[action.payment_intent_id or "", action.currency] += action.amount_cents
    return cents


def _gone_cents(withdrawal: Moved) -> int:
    return -withdrawal.movement.net_cents


def _booked(case: Case) -> Counter[tuple[str, str]]:
    """What the ledger credited to the account ``stripe`` for disputes, less its debits, by payment intent and
    currency."""
    booked: Counter[tuple[str, str]] = Counter()
    postings = [row for row in case.rows(PostingRow) if row.reference_type == REFERENCE]
    if not postings:
        return booked
    intents = {row.payment_id: row.stripe_payment_intent_id or row.payment_id for row in case.rows(PaymentRow)}
    disputed = {row.dispute_id: intents.get(row.payment_id, row.payment_id) for row in case.rows(DisputeRow)}
    for row in postings:
        if row.account == "stripe":
            booked[disputed.get(row.reference_id, row.reference_id), row.currency] -= row.debit_cents
    return booked
