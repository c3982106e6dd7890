"""The ledger on its own, by currency: double entry, clearing accounts that end empty, no balance below zero, none by
hand.

Source: fixtures/spec/platform.md (Tables, Money), simulation/DESIGN.md (Witnesses and checks). The accounts, their
kinds and what an entry type means: the target's chart (:mod:`simulation.contract.business`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.books import Books, books
from simulation.checks.evidence.called_off import called_off
from simulation.checks.evidence.case import Case, Undeclared
from simulation.checks.evidence.keys import NO_KEYS, Keys, shared
from simulation.checks.evidence.money import grouped, taken_back
from simulation.checks.evidence.relations import (
    CAME_BACK,
    ContestRow,
    DisputeRow,
    EntryRow,
    PaymentRow,
    PostingRow,
    RefundRow,
    SettlementRow,
    TransferRow,
)
from simulation.contract.business import Ledger
from simulation.currency import money
from simulation.events import StripeBalance, StripeMovement

_ADJUSTED = frozenset({"settlement", "dispute"})
"""Reference types that an adjustment may have."""


@check("Debits equal credits in every business event", needs_end=True)
def double_entry(case: Case, inquiry: Inquiry) -> None:
    ledger = case.remembered(books)
    if ledger.chart.entries == "single":
        _have_a_counterpart(inquiry, ledger)
        return
    for transaction_id, rows in grouped(ledger.rows, lambda row: row.transaction_id).items():
        inquiry.examine()
        for problem in _imbalances(rows, ledger.chart):
            inquiry.find(
                f"{rows[0].entry_type} {transaction_id}",
                problem,
                keys=shared(row.keys for row in rows),
                amount_cents=abs(sum(row.debit_cents for row in rows)) or None,
                currency=rows[0].currency,
                actual=_lines(rows),
                at=rows[0].created_at,
            )


def _have_a_counterpart(inquiry: Inquiry, ledger: Books) -> None:
    """Of single entries the chart says against which account each stands, so that none makes money of nothing."""
    for row in ledger.rows:
        movement = ledger.chart.movements.get(row.entry_type)
        if movement is None or movement.against is None:
            raise Undeclared(f"business.ledger.movements.{row.entry_type}.against", "its contract")
        inquiry.examine()


def _imbalances(rows: Sequence[PostingRow], chart: Ledger) -> list[str]:
    problems = []
    if sum(row.debit_cents for row in rows) != 0:
        problems.append("debits and credits differ")
    if {row.direction for row in rows} != {"DEBIT", "CREDIT"}:
        problems.append("not a debit and a credit")
    if len({row.currency for row in rows}) > 1:
        problems.append("more than one currency")
    if any(row.amount_cents < 0 for row in rows):
        problems.append("a negative amount")
    if any(chart.meaning(row.entry_type) == "nothing" and row.amount_cents for row in rows):
        problems.append("an attempt that moved no money moves a balance")
    return problems


def _lines(rows: Sequence[PostingRow]) -> str:
    return "; ".join(f"{row.direction} {row.account} {money(row.amount_cents, row.currency)}" for row in rows)


@check(
    "Pools and winnings end at zero, but for prizes and refunds that could not be delivered or did not stay",
    needs_end=True,
)
def clearing_accounts_drained(case: Case, inquiry: Inquiry) -> None:
    ledger = case.remembered(books)
    if "clearing" not in ledger.chart.accounts.values():
        raise Undeclared("business.ledger.accounts: one of the kind clearing", "its contract")
    prizes = Counter(_undelivered(case, case.rows(TransferRow)))
    refunds = Counter(_undelivered(case, case.rows(RefundRow)))
    prizes.update(taken_back(case))
    closed = {row.contest_id for row in case.rows(ContestRow) if row.settled_at is not None}
    closed |= case.remembered(called_off).keys()
    halves_of_it = (half for half in ledger.halves if half.kind == "clearing")
    clearing = grouped(halves_of_it, lambda half: (half.account, half.row.currency))
    booked_as_owed: set[tuple[str, str, str]] = set()
    for (account, currency), halves in sorted(clearing.items()):
        _, ids = ledger.chart.find(account) or (None, {})
        contest_id, user_id = ids.get("contest"), ids.get("user")
        if user_id is None and contest_id is not None and contest_id not in closed:
            inquiry.cannot_tell(f"{account} belongs to a contest that was not settled")
            continue
        inquiry.examine()
        of_refunds = any(ledger.chart.meaning(half.row.entry_type) == "refund_returned" for half in halves)
        owed = (contest_id or "", user_id or "", currency)
        booked_as_owed |= {owed} if of_refunds else set()
        expected = (refunds if of_refunds else prizes)[owed]
        balance = sum(half.credit_cents for half in halves)
        if balance != expected:
            inquiry.find(
                account,
                "not drained",
                keys=Keys(account=account, contest_id=contest_id, user_id=user_id),
                amount_cents=abs(balance - expected),
                currency=currency,
                expected=money(expected, currency),
                actual=money(balance, currency),
            )
    for contest_id, user_id, currency in sorted(refunds.keys() - booked_as_owed):
        inquiry.find(
            f"refund of {user_id} in {case.name(contest_id)}",
            "came back, and no account says that it is owed",
            keys=Keys(contest_id=contest_id, user_id=user_id),
            amount_cents=refunds[contest_id, user_id, currency],
            currency=currency,
        )


def _undelivered(case: Case, rows: Sequence[TransferRow] | Sequence[RefundRow]) -> dict[tuple[str, str, str], int]:
    """(contest, user, currency) → what the last attempt could not deliver, or what came back."""
    owed: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row.status in ("failed_terminal",) if isinstance(row, TransferRow) else row.status in CAME_BACK:
            owed[row.contest_id, row.user_id, case.currency_of(row)] += row.amount_cents
    return owed


@check("No balance was ever below zero", needs_end=True)
def nothing_negative(case: Case, inquiry: Inquiry) -> None:
    """No account's balance is ever negative, except those of the kind ``own``: they pay for chargebacks.

    An asset may be negative by as much as these are: that much came from the business's own funds at Stripe. So may
    what is pending there, by the fees that Stripe keeps of charges that were given back while they were pending.
    """
    ledger = case.remembered(books)
    _in_the_chart(case, inquiry, ledger)
    balances: Counter[tuple[str, str]] = Counter()
    own: Counter[str] = Counter()
    in_time = sorted(ledger.halves, key=lambda half: half.row.created_at)
    for instant, group in groupby(in_time, key=lambda half: half.row.created_at):
        halves = list(group)
        for half in halves:
            currency = half.row.currency
            balances[half.account, currency] += -half.credit_cents if half.kind == "asset" else half.credit_cents
            own[currency] += half.credit_cents if half.kind == "own" else 0
        kinds = {(half.account, half.row.currency): half.kind for half in halves}
        for (account, currency), kind in sorted(kinds.items(), key=lambda item: item[0]):
            if kind is None and case.business.ledger != "documented":
                continue
            inquiry.examine()
            own_means = max(0, -own[currency]) if kind == "asset" else 0
            balance = balances[account, currency]
            if balance + own_means < 0 and kind != "own":
                inquiry.find(
                    account,
                    "below zero",
                    keys=shared(
                        [Keys(account=account), *(half.row.keys for half in halves if half.account == account)]
                    ),
                    amount_cents=-(balance + own_means),
                    currency=currency,
                    expected="≥ 0",
                    actual=money(balance, currency),
                    at=instant,
                )
    for at_stripe in case.events(StripeBalance):
        kept_cents = _fees_kept_cents(case, at_stripe)
        for name, cents, short in (
            ("available", at_stripe.available_cents, _fees_of_strangers_cents(case, at_stripe.currency)),
            ("pending", at_stripe.pending_cents, kept_cents),
        ):
            inquiry.examine()
            if cents + short < 0:
                inquiry.find(
                    f"Stripe {name}",
                    "below zero",
                    keys=NO_KEYS,
                    amount_cents=-cents - short,
                    currency=at_stripe.currency,
                    actual=money(cents, at_stripe.currency),
                    events=(at_stripe,),
                )


def _fees_of_strangers_cents(case: Case, currency: str) -> int:
    """Stripe's fees of charges in a currency in which there is no contest: who gives them back is short of the fees."""
    if currency in case.currencies:
        return 0
    return sum(one.fee_cents for one in case.events(StripeMovement) if one.currency == currency)


def _fees_kept_cents(case: Case, balance: StripeBalance) -> int:
    """Stripe's fees of the charges that are not available yet and of which something was given back."""
    of_it = [one for one in case.events(StripeMovement) if one.currency == balance.currency]
    pending = [one for one in of_it if one.available_at > balance.at]
    given_back = {one.payment_intent_id for one in pending if one.movement == "refund"}
    return sum(one.fee_cents for one in pending if one.movement == "charge" and one.payment_intent_id in given_back)


def _in_the_chart(case: Case, inquiry: Inquiry, ledger: Books) -> None:
    """What a target's own chart does not have is not judged; the documented one has all there may be."""
    strange = sorted({half.account for half in ledger.halves if half.kind is None})
    if strange and case.business.ledger != "documented":
        inquiry.cannot_tell(Undeclared(f"business.ledger.accounts: {strange[0]}", "its contract"))


@check(
    "Every ledger entry goes back to a payment, refund, settlement, transfer or dispute; none is by hand",
    needs_end=True,
)
def postings_referenced(case: Case, inquiry: Inquiry) -> None:
    known = {
        "payment_intent": {row.payment_id for row in case.rows(PaymentRow)},
        "refund": {row.refund_id for row in case.rows(RefundRow)},
        "settlement": {row.settlement_id for row in case.rows(SettlementRow)},
        "payout_transfer": {row.transfer_id for row in case.rows(TransferRow)},
    }
    ledger = case.remembered(books)
    mentioned = {row.reference_type for row in ledger.rows}
    if "dispute" in mentioned:
        known["dispute"] = {row.dispute_id for row in case.rows(DisputeRow)}
    if "entry" in mentioned:
        known["entry"] = {row.entry_id for row in case.rows(EntryRow) if row.entry_id is not None}
    for row in ledger.rows:
        inquiry.examine()
        subject = f"{row.entry_type} {row.posting_id}"
        if row.reference_id not in known.get(row.reference_type, set()):
            inquiry.find(
                subject,
                "refers to nothing that exists",
                keys=row.keys,
                amount_cents=row.amount_cents,
                currency=row.currency,
                actual=f"{row.reference_type} {row.reference_id}",
                at=row.created_at,
            )
        elif ledger.chart.meaning(row.entry_type) == "adjustment" and row.reference_type not in _ADJUSTED:
            inquiry.find(
                subject,
                "an adjustment outside settlements and disputes",
                keys=row.keys,
                amount_cents=row.amount_cents,
                currency=row.currency,
                actual=row.reference_type,
                at=row.created_at,
            )
