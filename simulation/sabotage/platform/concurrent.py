"""Defects that only show where two run at once: locks and constraints that are missing, or released too early."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.sabotage.superuser import superuser
from simulation.staging import lifecycle
from simulation.staging.contests import contests
from simulation.staging.money import payment_events, payouts, webhooks

DEFECTS = DefectRegistry("concurrency", scenario="../interleave/duplicate_deliveries")
_DROP_UNIQUENESS = """DO $$DECLARE one record; BEGIN
    FOR one IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
        WHERE conrelid::regclass::text = ANY ('{%s}') AND contype = 'u'
    LOOP EXECUTE format('ALTER TABLE %%s DROP CONSTRAINT %%I', one.place, one.conname); END LOOP; END$$"""
_STORE_IF_NEW = """
    INSERT INTO stripe_events
        (id, stripe_event_id, event_type, raw_payload_json, processing_status, processed_at, endpoint)
    SELECT :id, :stripe_event_id, :event_type, CAST(:payload AS jsonb), 'PROCESSED', now(), :endpoint
    WHERE NOT EXISTS (SELECT FROM stripe_events WHERE stripe_event_id = :stripe_event_id) RETURNING id
"""


def without(patches: Patches, module: Any, name: str, words: str) -> None:
    """A statement of the platform without some of its words."""
    real = getattr(module, name).text
    assert words in real, f"{name} has no {words!r} any more"
    patches.replace(module, name, lambda _: text(real.replace(words, "")))


def drop_uniqueness(patches: Patches, *tables: str) -> None:
    """Take every uniqueness but the primary keys from tables, as a migration that forgot it."""
    patches.when_assembled(lambda sim: superuser(sim, _DROP_UNIQUENESS % ",".join(tables)))


def trigger_at(patches: Patches, owner: Any, name: str) -> None:
    """The defect has its chance whenever this is called."""

    def make(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            patches.trigger()
            return real(*arguments, **options)

        return call

    patches.replace(owner, name, make)


def contests_not_locked(patches: Patches) -> None:
    without(patches, contests, "_LOCK", "FOR NO KEY UPDATE NOWAIT")


def events_looked_for_then_stored(patches: Patches) -> None:
    patches.replace(webhooks, "_INSERT_EVENT", lambda _: text(_STORE_IF_NEW))
    drop_uniqueness(patches, "stripe_events", "ledger")


@DEFECTS.sabotage("exactly_once", "three_way_reconciliation", origin="looks whether it knows the event, and then acts")
def credit_checked_then_acted(patches: Patches) -> None:
    """Two deliveries of a payment at once are both credited: no constraint, no trigger that keeps a paid intent as it
    is, no row lock, only a look beforehand."""
    events_looked_for_then_stored(patches)
    contests_not_locked(patches)
    without(patches, payment_events, "_BY_STRIPE_ID", "FOR UPDATE")
    patches.when_assembled(
        lambda sim: superuser(sim, "ALTER TABLE payment_intents DISABLE TRIGGER payment_intents_succeeded_for_good")
    )
    trigger_at(patches, payment_events, "succeeded")


@DEFECTS.sabotage("exactly_once", origin="the unique index on the event's id was dropped for a bulk import")
def event_stored_twice(patches: Patches) -> None:
    """Two deliveries at once are both stored as an event; the payment itself is credited once."""
    events_looked_for_then_stored(patches)
    trigger_at(patches, payment_events, "succeeded")


@DEFECTS.sabotage(
    "transition_audit",
    origin="a state machine that does not look at the state again",
    scenario="../interleave/two_lock",
)
def locked_by_both_replicas(patches: Patches) -> None:
    """Both replicas lock a contest: its row is not locked, and its status is not looked at again."""
    contests_not_locked(patches)
    without(patches, lifecycle, "_TRANSITION", "AND status = :source")
    trigger_at(patches, lifecycle, "transition")


class Keyed:
    """A row with an idempotency key that nobody had before."""

    def __init__(self, row: Any, number: int) -> None:
        self._row = row
        self.idempotency_key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row.id} {number}"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def fresh_keys(patches: Patches) -> None:
    """Each attempt of a transfer has a key of its own, so that Stripe cannot know it for the same."""

    def make(outgoing: Any) -> Any:
        def send(runtime: Any, row: Any) -> Any:
            patches.trigger()
            return outgoing.send(runtime, Keyed(row, len(patches.triggers)))

        return dataclasses.replace(outgoing, send=send)

    patches.replace(payouts, "OUTGOING", make)


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    origin="FOR UPDATE SKIP LOCKED forgotten, and a key made from the time of day",
    scenario="../interleave/two_pay",
)
def transfer_claimed_by_both_replicas(patches: Patches) -> None:
    """Both replicas claim the same transfer, and each sends it under a key of its own."""

    def unlocked(outgoing: Any) -> Any:
        return dataclasses.replace(outgoing, lock=text(outgoing.lock.text.split("FOR UPDATE OF")[0]))

    patches.replace(payouts, "OUTGOING", unlocked)
    fresh_keys(patches)
