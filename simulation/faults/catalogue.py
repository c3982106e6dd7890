"""Every kind of fault: what it is and needs, how a good platform recovers, and where in real life it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from simulation.scenario.faults import Expectation, FaultKind, needs_of


@dataclass(frozen=True, kw_only=True)
class Description:
    """One line of the catalogue."""

    kind: FaultKind
    what: str
    default_expectation: Expectation
    """Of a platform that keeps the rules of ``fixtures/spec/platform.md``; a scenario states its own."""
    origin: str

    @property
    def needs(self) -> tuple[str, ...]:
        """Fields of a scenario's fault without which it cannot happen."""
        return needs_of(self.kind)


_SELF_HEALS = Expectation(self_heals=True)
_STUCK = Expectation(runbook="payout_transfer_stuck_in_retryable")
_WEBHOOK_MISSING = Expectation(runbook="payment_webhook_missing")

_DESCRIPTIONS = (
    Description(
        kind="transfer_timeout_before",
        what="The n-th transfer of a contest gets no answer and never reached Stripe; `times` attempts in a row.",
        default_expectation=_SELF_HEALS,
        origin="A connection that is accepted and never served: an overloaded proxy, a lost packet on the way out.",
    ),
    Description(
        kind="transfer_timeout_after",
        what="Stripe makes the n-th transfer of a contest, but the answer is lost: the platform cannot know.",
        default_expectation=_SELF_HEALS,
        origin="An answer slower than the client's deadline. Without an idempotency key it is the way to pay twice.",
    ),
    Description(
        kind="transfer_error",
        what="The n-th transfer of a contest is answered with `status` (500 unless given) and has no effect.",
        default_expectation=_SELF_HEALS,
        origin="An incident at Stripe, or 429 when too many payouts are sent at once.",
    ),
    Description(
        kind="transfer_reset",
        what="The connection is dropped before the n-th transfer of a contest reaches Stripe.",
        default_expectation=_SELF_HEALS,
        origin="A load balancer that recycles connections, a deploy on the other side.",
    ),
    Description(
        kind="transfer_then_killed",
        what="Stripe makes the n-th transfer of a contest; the platform is killed before it hears, and starts again.",
        default_expectation=_SELF_HEALS,
        origin="A deploy, an out-of-memory kill, a lost machine: between Stripe's answer and the commit.",
    ),
    Description(
        kind="webhook_then_killed",
        what="The platform has dealt with the n-th payment's event and is killed before its answer leaves.",
        default_expectation=_SELF_HEALS,
        origin="A deploy or an out-of-memory kill between the commit and the answer: Stripe delivers once more.",
    ),
    Description(
        kind="backend_killed",
        what="At `at` every program of the platform is killed; it starts again after `minutes`, or half a minute.",
        default_expectation=_SELF_HEALS,
        origin="A lost machine, an out-of-memory kill, a deploy that drains nobody.",
    ),
    Description(
        kind="destination_invalid",
        what="The winner's account is closed at Stripe when the n-th transfer of a contest is sent, and stays closed.",
        default_expectation=Expectation(terminal="DESTINATION_ACCOUNT_INVALID", runbook="destination_account_invalid"),
        origin="A person closes the account, or Stripe rejects it in a review between joining and winning.",
    ),
    Description(
        kind="destination_suspended",
        what="Stripe suspends transfers to the winner's account when the n-th transfer of a contest is sent.",
        default_expectation=Expectation(
            terminal="INSUFFICIENT_CAPABILITIES_FOR_TRANSFER", runbook="payout_transfer_refused"
        ),
        origin="A review at Stripe finds a document missing: the capability is inactive until the person sends it.",
    ),
    Description(
        kind="transfer_refused",
        what="Stripe refuses the n-th transfer of a contest for its amount: 400 `amount_too_large`.",
        default_expectation=Expectation(terminal="AMOUNT_TOO_LARGE", runbook="payout_transfer_refused"),
        origin="A limit on single transfers that Stripe put on the platform, below a prize that is due.",
    ),
    Description(
        kind="transfer_key_taken",
        what="Stripe has the key of the n-th transfer of a contest from a refused request for another amount.",
        default_expectation=Expectation(terminal="IDEMPOTENCY_CONFLICT", runbook="payout_idempotency_conflict"),
        origin="A second environment with the live key, or one restored from a backup, that settled on other scores.",
    ),
    Description(
        kind="stripe_outage",
        what="For `minutes` from `at` every call of the platform to Stripe times out, or answers `status`.",
        default_expectation=Expectation(runbook="stripe_outage"),
        origin="Stripe's API is down, or the way there: a region, a proxy, an expired certificate on the way.",
    ),
    Description(
        kind="stripe_reserve",
        what="For `minutes` from `at` Stripe holds the whole available balance back: it counts as pending.",
        default_expectation=Expectation(runbook="payout_balance_insufficient"),
        origin="A reserve after a review of the account, or charges that take longer than usual to become available.",
    ),
    Description(
        kind="payout_timer_stopped",
        what="For `minutes` from `at` the payout scheduler's timer does not fire: settled prizes are not begun with.",
        default_expectation=Expectation(runbook="payout_not_triggered"),
        origin="A timer that died with its worker, or hangs in a call; its supervisor starts it again much later.",
    ),
    Description(
        kind="transfer_winner_deleted",
        what="The n-th transfer of a contest does not get through, and before the next attempt its winner has left.",
        default_expectation=Expectation(terminal="DESTINATION_ACCOUNT_INVALID", runbook="payout_winner_deleted"),
        origin="A person who is done with the platform deletes their account here, and the one at Stripe with it.",
    ),
    Description(
        kind="webhook_duplicated",
        what="The event of the n-th payment of a contest is delivered `times` more often than once, under the same id.",
        default_expectation=_SELF_HEALS,
        origin="Stripe delivers at least once; an answer of ours that was lost is enough.",
    ),
    Description(
        kind="webhook_delayed",
        what="The event of the n-th payment of a contest is first delivered `delay_hours` after the payment.",
        default_expectation=_WEBHOOK_MISSING,
        origin="A backlog of deliveries at Stripe, or an endpoint that was unreachable for a day.",
    ),
    Description(
        kind="webhook_lost",
        what="The event of the n-th payment of a contest is never delivered; Stripe's list of events has it.",
        default_expectation=_WEBHOOK_MISSING,
        origin="An endpoint that was down for longer than the three days Stripe keeps trying.",
    ),
    Description(
        kind="two_events_for_one_payment",
        what="The n-th payment of a contest is announced by two events with different ids.",
        default_expectation=_SELF_HEALS,
        origin="Stripe documents it: one type and object under two event ids. Keys made of event ids count it twice.",
    ),
    Description(
        kind="provider_outage",
        what="For `minutes` from `at` one tournament's feed and the status page time out, or answer `status`.",
        default_expectation=Expectation(runbook="ingestion_lag"),
        origin="Score feeds fail when most people look at them: during a live round.",
    ),
    Description(
        kind="provider_malformed",
        what="The first `times` answers from `at` on are JSON that breaks off in the middle.",
        default_expectation=_SELF_HEALS,
        origin="A proxy that cuts a response short and calls it complete.",
    ),
    Description(
        kind="provider_incomplete_final",
        what="Until `minutes` after the terminal signal the board lacks the last six holes of one player.",
        default_expectation=Expectation(runbook="settlement_failed_mid_run"),
        origin="The terminal signal is published before the last score card is signed.",
    ),
    Description(
        kind="signing_secret_rolled",
        what="From `at` on Stripe signs the webhooks of the platform's endpoint with a secret that it was never told.",
        default_expectation=Expectation(runbook="webhook_signature_failure"),
        origin="Somebody rolls the secret at Stripe, or a deployment brings the wrong one: every delivery is refused.",
    ),
    Description(
        kind="provider_correction",
        what="`delay_hours` after the final board the provider counts one stroke more for a player who was scored.",
        default_expectation=Expectation(runbook="score_discrepancy"),
        origin="A score card is counted again when the prizes are out; the provider corrects its board without a word.",
    ),
    Description(
        kind="contest_row_held",
        what="From just before a contest's lock another session holds its row, for `minutes` or until ended.",
        default_expectation=Expectation(runbook="contest_lock_failed"),
        origin="A worker that hangs in the middle of a transaction, or a console left open after an UPDATE.",
    ),
    Description(
        kind="database_connections_exhausted",
        what="From `at` another program's sessions take every connection that the platform's role has left.",
        default_expectation=Expectation(runbook="database_connection_failure"),
        origin="A report that opens a connection for each row and closes none; workers of a deploy that never ended.",
    ),
    Description(
        kind="contest_rows_lost",
        what="At `at` a maintenance script of the database's host deletes the scores of a contest, past every trigger.",
        default_expectation=Expectation(runbook="restore_contest"),
        origin="A clean-up job with a wrong WHERE; a damaged page that a storage repair throws away.",
    ),
    Description(
        kind="authentication_outage",
        what="For `minutes` from `at` the identity service's signing key cannot be read: no token can be verified.",
        default_expectation=Expectation(runbook="authentication_service_unavailable"),
        origin="A secrets agent that fails to renew its lease, a mount that is gone, a key rotated half way.",
    ),
    Description(
        kind="operator_crash",
        what="The operator of the expected runbook is gone after its `nth` step; the next comes `minutes` later.",
        default_expectation=_STUCK,
        origin="A terminal that dies, a laptop without power, a person who is called away in the middle.",
    ),
    Description(
        kind="refund_requested",
        what="The n-th person who pays for a contest asks for the entry fee ten minutes later, before the lock.",
        default_expectation=Expectation(runbook="refund_request"),
        origin="Plans change, and people enter the wrong contest.",
    ),
    Description(
        kind="chargeback",
        what="The bank of the n-th person who paid for a contest takes the fee back `delay_hours` after the payment.",
        default_expectation=Expectation(runbook="chargeback"),
        origin="A stolen card, or a cardholder who does not recognise the line on the statement.",
    ),
)

CATALOGUE: dict[FaultKind, Description] = {description.kind: description for description in _DESCRIPTIONS}
assert set(CATALOGUE) == set(get_args(FaultKind)), "every kind of fault has a line in the catalogue"
