"""Defects that only show where the database breaks a transaction off, or the platform is killed between two of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import OperationalError

from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.concurrent import fresh_keys, trigger_at
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.money import ledger, refunds, webhooks
from simulation.staging.operations import runbooks
from simulation.staging.settlement import settlement

DEFECTS = DefectRegistry("concurrency", scenario="broken_off")
KILLED = DefectRegistry("concurrency", scenario="killed")


def commit_before(patches: Patches, owner: Any, name: str) -> None:
    """What a unit of work has written so far is committed before this function of it goes on."""

    def make(real: Any) -> Any:
        def call(work: Any, *arguments: Any, **options: Any) -> Any:
            patches.trigger()
            work.connection.connection.driver_connection.commit()
            return real(work, *arguments, **options)

        return call

    patches.replace(owner, name, make)


@DEFECTS.sabotage("faults_recovered", origin="an endpoint that answers first and works later, to be fast")
def answered_before_commit(patches: Patches) -> None:
    """A delivery is acknowledged although its transaction was broken off, so that Stripe does not deliver it again."""

    def make(real: Any) -> Any:
        def process(*arguments: Any) -> bool:
            try:
                return bool(real(*arguments))
            except OperationalError:
                patches.trigger()
                return False

        return process

    patches.replace(webhooks, "_process_once", make)


@DEFECTS.sabotage("faults_recovered", origin="no retry on 40001: every error of a settlement is one of its data")
def serialization_failure_is_final(patches: Patches) -> None:
    """A settlement that could not be serialized is recorded as failed, and nobody tries again."""
    patches.replace(settlement, "PASSING", lambda _: ())
    trigger_at(patches, settlement, "_record_failure")


@KILLED.sabotage("exactly_once", "three_way_reconciliation", origin="an idempotency key made anew at each attempt")
def resent_under_another_key(patches: Patches) -> None:
    """A transfer whose answer was never recorded is sent again under another key."""
    fresh_keys(patches)


@KILLED.sabotage("audit_completeness", origin="an event marked as processed in a transaction of its own")
def event_stored_before_its_effect(patches: Patches) -> None:
    """An event is committed as processed before the payment is booked."""
    commit_before(patches, webhooks, "_apply")


@KILLED.sabotage("audit_completeness", origin="a refund asked for in a step after the payment's")
def refund_asked_for_in_another_transaction(patches: Patches) -> None:
    """A payment made twice is committed before its refund is asked for."""
    commit_before(patches, refunds, "request")


@KILLED.sabotage("audit_completeness", origin="a status set first, so that nobody else takes the payment")
def payment_counted_before_its_posting(patches: Patches) -> None:
    """A payment's status is committed before its posting."""
    commit_before(patches, ledger, "post")


@KILLED.sabotage(
    "rows_accounted_for", scenario="killed_recording", origin="an endpoint that takes every request for a new one"
)
def entry_recorded_again(patches: Patches) -> None:
    """A runbook's entry whose answer was lost, and which comes again, is recorded a second time."""

    def make(real: Any) -> Any:
        def recorded(*arguments: Any) -> None:
            if real(*arguments) is not None:
                patches.trigger()

        return recorded

    patches.replace(runbooks, "_recorded", make)
