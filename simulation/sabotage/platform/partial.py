"""Defects around calls to Stripe that fail in part: too many at once, an error that is repeated, a rolled key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.clients.stripe_failures import is_replayed
from simulation.staging.clients.stripe_transport import ApiKey, GatewayTransport
from simulation.staging.money import outbox

DEFECTS = DefectRegistry("paying", scenario="partial_trouble")


@DEFECTS.sabotage(
    "retry_after_honoured",
    origin="a loop that sends one prize after the other and takes each 429 for that prize's own trouble",
)
def retry_after_ignored(patches: Patches) -> None:
    """Stripe asks to wait, and the next transfer is sent at once."""

    def make(real: Any) -> Any:
        def must_wait(self: Any, path: str) -> bool:
            if real(self, path):
                patches.trigger()
            return False

        return must_wait

    patches.replace(GatewayTransport, "must_wait", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="`Idempotent-Replayed` read as `your request was refused before`",
)
def repeated_error_taken_for_a_refusal(patches: Patches) -> None:
    """A transfer whose key gets the same error twice is given up, although Stripe has made it."""

    def make(real: Any) -> Any:
        def failure_of(error: Any) -> Any:
            failure = real(error)
            if not is_replayed(error):
                return failure
            patches.trigger()
            return replace(failure, retryable=False)

        return failure_of

    patches.replace(outbox, "failure_of", make)
    patches.replace(outbox, "is_replayed", lambda _: lambda _error: False)


@DEFECTS.sabotage(
    "contests_paid_out",
    "faults_recovered",
    origin="a secret read into a global when the module is imported",
)
def rolled_key_read_once(patches: Patches) -> None:
    """The key of Stripe's API is read at the start, and a new one is taken up by a restart only."""

    def make(real: Any) -> Any:
        def look_again(self: Any) -> bool:
            before = self.current
            if real(self) and before.startswith("sk_"):
                patches.trigger()
                self.current = before
            return False

        return look_again

    patches.replace(ApiKey, "look_again", make)
