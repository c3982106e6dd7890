"""The connection between the platform and Stripe, on which faults lose, cut off or fail calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from simulation.faults.effects import CallEffect, Injector, PendingCall
from simulation.world.network.external import Lost
from simulation.world.stripe.api import Answer, ApiRequest
from simulation.world.stripe.errors import ApiError
from simulation.world.stripe.service import Service
from simulation.world.stripe.subject import Subject

_USUAL_ERRORS = {429: ("invalid_request_error", "rate_limit"), 409: ("idempotency_error", "idempotency_key_in_use")}
_UNKNOWN_OUTCOME = 500


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended: Stripe's answer (None: the call never reached it), the failure the caller sees, if any, and the
    simulated seconds it took."""

    answer: Answer | None
    failure: Lost | None = None
    sim_seconds: int = 0


class FaultyLine:
    """Asks the injector about each call of the platform; calls of anybody else are never disturbed."""

    def __init__(self, *, service: Service, injector: Injector) -> None:
        self._service = service
        self._injector = injector

    def effect_on(self, request: ApiRequest, subject: Subject) -> CallEffect | None:
        if request.origin != "platform":
            return None
        return self._injector.on_stripe_call(
            PendingCall(
                method=request.method,
                path=request.path,
                idempotency_key=request.recorded_key,
                contest_id=subject.contest_id,
                user_id=subject.user_id,
                business_key=subject.business_key,
                destination=subject.destination,
            )
        )

    def carry(self, request: ApiRequest, effect: CallEffect | None) -> Outcome:
        """Carry out a call with the fault's effect on it."""
        if effect is None:
            return Outcome(answer=self._service.serve(request))
        outcome = Outcome(answer=None, sim_seconds=effect.sim_seconds)
        if effect.mode == "error":
            return replace(outcome, answer=self._fail(request, effect))
        if effect.mode.endswith("_before"):
            return replace(outcome, failure=_failure(effect))
        if effect.mode == "key_taken":
            self._service.occupy_key(request)
        if effect.mode == "reserve":
            with self._service.reserve():
                return replace(outcome, answer=self._service.serve(request))
        answer = self._service.serve(request)
        failure = _failure(effect) if effect.mode.endswith("_after") else None
        return replace(outcome, answer=answer, failure=failure)

    def _fail(self, request: ApiRequest, effect: CallEffect) -> Answer:
        """An error instead of the answer.

        With ``executed`` it hides what happened, and is kept for the key (fixtures/spec/stripe.md 1, 7); without, the
        request never reached its endpoint, and the same key may try again.
        """
        error = _error(effect)
        if effect.executed:
            return self._service.serve(request, disguise=error)
        answer = Answer.of_error(error, request_id=request.request_id)
        wait = effect.retry_after_seconds
        return answer if wait is None else replace(answer, headers={**answer.headers, "Retry-After": str(wait)})


def _failure(effect: CallEffect) -> Lost:
    if effect.mode.startswith("timeout"):
        message = f"no answer from Stripe within {effect.sim_seconds} s"
        return Lost(message, sim_seconds=effect.sim_seconds, how="timeout")
    how: Literal["killed", "reset"] = "killed" if effect.mode == "killed_after" else "reset"
    return Lost("connection to Stripe reset", sim_seconds=effect.sim_seconds, how=how)


def _error(effect: CallEffect) -> ApiError:
    status = effect.status or _UNKNOWN_OUTCOME
    server = ("api_error", None) if status >= _UNKNOWN_OUTCOME else ("invalid_request_error", None)
    error_type, code = _USUAL_ERRORS.get(status, server)
    return ApiError(
        f"The request could not be completed ({status}).",
        status=status,
        error_type=effect.error_type or error_type,
        code=effect.error_code or code,
    )
