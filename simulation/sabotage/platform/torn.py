"""Defects of transactions that are torn apart: by a kill, by a database that breaks off, or by another replica."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.broken_off import commit_before
from simulation.sabotage.platform.concurrent import (
    Keyed,
    contests_not_locked,
    drop_uniqueness,
    trigger_at,
)
from simulation.sabotage.registry import DefectRegistry
from simulation.staging import idempotency, lifecycle
from simulation.staging.contests import contests
from simulation.staging.money import outbox, payment_events, payout_jobs, payouts, refunds, webhooks
from simulation.staging.settlement import records
from simulation.staging.unit_of_work import UnitOfWork

KILLED = DefectRegistry("concurrency", scenario="killed")
BROKEN_OFF = DefectRegistry("concurrency", scenario="broken_off")
AT_ONCE = DefectRegistry("concurrency")

# --- killed -----------------------------------------------------------------------------------------------------------


@KILLED.sabotage("audit_completeness", origin="payouts are created by a listener, after the settlement's transaction")
def payouts_created_in_another_transaction(patches: Patches) -> None:
    """A settlement is committed before its payouts are created: killed between, nobody would ever be paid."""
    commit_before(patches, records, "_create_payouts")


@KILLED.sabotage("audit_completeness", origin="a trail that is written by a hook after commit")
def trail_written_in_another_transaction(patches: Patches) -> None:
    """What was done to a contest is committed before its trail says so."""
    commit_before(patches, UnitOfWork, "record_contest_action")


@KILLED.sabotage("audit_completeness", origin="audit records are sent to a queue, and written by another process")
def audited_in_another_transaction(patches: Patches) -> None:
    """Whatever is done is committed before its audit record is written."""
    commit_before(patches, UnitOfWork, "finish")


@KILLED.sabotage("audit_completeness", origin="counts that a trigger of the application keeps, after the commit")
def batch_counted_in_another_transaction(patches: Patches) -> None:
    """A prize's outcome is committed before its batch counts it: killed between, the batch would never be complete."""
    commit_before(patches, payout_jobs, "count_transfers")


@KILLED.sabotage("audit_completeness", scenario="killed_asking", origin="a grant that starts a job for its refunds")
def refunds_of_a_grant_in_another_transaction(patches: Patches) -> None:
    """A request is granted and committed before the refunds of it are asked for."""
    commit_before(patches, refunds, "request_for_entrant")


@KILLED.sabotage("audit_completeness", scenario="killed_asking", origin="the key is kept by whoever sends the answer")
def key_stored_after_its_effect(patches: Patches) -> None:
    """What was done is committed before the key that it was asked for under: killed between, it would be done again."""

    def late(real: Any) -> Any:
        def store(connection: Any, *arguments: Any, **options: Any) -> None:
            patches.trigger()
            connection.connection.driver_connection.commit()
            real(connection, *arguments, **options)

        return store

    patches.replace(idempotency, "store", late)


class _Renamed:
    """A row of the platform with some of its values told otherwise."""

    def __init__(self, row: Any, **values: Any) -> None:
        self._row, self._values = row, values

    def __getattr__(self, name: str) -> Any:
        return self._values[name] if name in self._values else getattr(self._row, name)


@KILLED.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    origin="what is sent is claimed afterwards, to save a transaction",
)
def sent_before_its_claim_is_committed(patches: Patches) -> None:
    """A prize is sent before its claim is on record: killed after the call, it is sent once more by the next run."""
    sent: dict[Any, str] = {}

    def claim_later(real: Any) -> Any:
        def claim(runtime: Any, context: Any, outgoing: Any, row_id: Any, *, ignore_backoff: bool) -> Any:
            due = outbox.due_parameters(runtime, ignore_backoff=ignore_backoff)
            rows = runtime.database.read(text(outgoing.lock.text.split("FOR UPDATE")[0]), id=row_id, **due)
            if rows and not outgoing.obstacle(rows[0]):
                patches.trigger()
                sent[row_id] = outgoing.send(runtime, Keyed(rows[0], len(patches.triggers)))
            return real(runtime, context, outgoing, row_id, ignore_backoff=ignore_backoff)

        return claim

    def already_sent(real: Any) -> Any:
        def carry_out(runtime: Any, outgoing: Any, claim: Any) -> Any:
            if claim.row.id not in sent:
                return real(runtime, outgoing, claim)
            return outbox.Outcome(
                status=outbox.COMPLETED, attempt=claim.attempt, is_attempt=True, stripe_id=sent.pop(claim.row.id)
            )

        return carry_out

    patches.replace(outbox, "_claim", claim_later)
    patches.replace(outbox, "_carry_out", already_sent)


@KILLED.sabotage("transfers_final", origin="no lease: a row in processing belongs to whoever claimed it, for ever")
def abandoned_claim_is_never_taken_up(patches: Patches) -> None:
    """A prize whose process died between claim and outcome stays in processing."""

    def forget(real: Any) -> Any:
        return text(real.text.replace("status = 'processing' AND", "status = 'processing' AND false AND"))

    patches.replace(payouts, "_DUE", forget)
    patches.replace(payouts, "_DUE_TRANSFERS", forget)
    patches.replace(payouts, "OUTGOING", lambda real: dataclasses.replace(real, lock=forget(real.lock)))
    trigger_at(patches, payouts, "_process_job")


# --- broken off -------------------------------------------------------------------------------------------------------


@BROKEN_OFF.sabotage("no_error_state", origin="every error of a transition is one of the contest")
def lock_timeout_is_an_error_of_the_contest(patches: Patches) -> None:
    """A live contest whose row was held by somebody else for a moment goes to ERROR."""

    def broken(real: Any) -> Any:
        def locked(work: Any, contest_id: Any) -> Any:
            try:
                return real(work, contest_id)
            except contests.ContestBusy as error:
                patches.trigger()
                raise RuntimeError("the contest cannot be read") from error

        return locked

    patches.replace(contests, "locked", broken)
    patches.replace(lifecycle, "PASSING", lambda _: ())


@BROKEN_OFF.sabotage(
    "exactly_once", origin="a retry that repeats an effect: neither the event nor the payment is looked at again"
)
def redelivery_is_booked_again(patches: Patches) -> None:
    """A payment whose COMMIT was done and not answered is booked once more when Stripe delivers its event again."""

    def anew(real: Any) -> Any:
        def intent(*arguments: Any) -> Any:
            row = real(*arguments)
            if row.status == "SUCCEEDED":
                patches.trigger()
            return _Renamed(row, status="PROCESSING")

        return intent

    patches.replace(payment_events, "locked_intent", anew)
    patches.replace(
        webhooks, "_INSERT_EVENT", lambda sql: text(sql.text.replace("ON CONFLICT (stripe_event_id) DO NOTHING", ""))
    )
    drop_uniqueness(patches, "stripe_events", "ledger")


# --- two at once ------------------------------------------------------------------------------------------------------


@AT_ONCE.sabotage("exactly_once", origin="no unique constraint, and no lock", scenario="../interleave/two_settle")
def settled_by_both_replicas(patches: Patches) -> None:
    """Both replicas settle a contest, and both pay its prizes."""
    contests_not_locked(patches)
    drop_uniqueness(patches, "settlement_records", "payout_jobs", "payout_transfers", "ledger")
    patches.replace(records, "_SET_SETTLE_TIME", lambda sql: text(f"{sql.text} AND settle_time IS NULL"))
    trigger_at(patches, records, "write")
