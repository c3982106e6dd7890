"""What a failed call to Stripe means: whether it may be tried again, and the reason we write down."""

from __future__ import annotations

from dataclasses import dataclass

import requests
import stripe


@dataclass(frozen=True, kw_only=True)
class StripeFailure:
    """Why a call failed. `retryable` also means that Stripe may have executed the call."""

    code: str
    message: str
    retryable: bool


_DEAD_DESTINATIONS = ("account_invalid", "account_closed")
"""Stripe's codes for an account that cannot be paid any more."""
_SUSPENDED = ("insufficient_capabilities_for_transfer", "transfers_not_allowed")
"""Stripe's codes for an account that exists and may not be paid now: no reason to ask its owner for another one."""

_MAY_PASS = (408, 424, 425)
"""Statuses that are about the moment, not the request: a timeout, something that Stripe depends on, too early."""


def failure_of(error: stripe.StripeError) -> StripeFailure:
    """Judge an error by the retry rules of `fixtures/spec/platform.md`, Money.

    Some 4xx are retryable, because they say nothing of the request: 409, that the first one with this key is still
    running; 401, that our key is not known now; 408, 424 and 425.
    """
    message = " ".join(str(error).split())
    if isinstance(error, stripe.APIConnectionError):
        timed_out = isinstance(error.__cause__, requests.Timeout)
        code = "STRIPE_TIMEOUT" if timed_out else "STRIPE_CONNECTION_FAILED"
        return StripeFailure(code=code, message=message, retryable=True)
    status = error.http_status or 0
    if status == 401:
        return StripeFailure(code="STRIPE_UNAUTHORIZED", message=message, retryable=True)
    if status == 429:
        return StripeFailure(code="STRIPE_RATE_LIMITED", message=message, retryable=True)
    if status == 409:
        return StripeFailure(code="STRIPE_REQUEST_IN_PROGRESS", message=message, retryable=True)
    if not 400 <= status < 500 or status in _MAY_PASS:
        return StripeFailure(code="STRIPE_SERVER_ERROR", message=message, retryable=True)
    if isinstance(error, stripe.IdempotencyError):
        return StripeFailure(code="IDEMPOTENCY_CONFLICT", message=message, retryable=False)
    of_destination = getattr(error, "param", None) == "destination" and error.code not in _SUSPENDED
    if error.code in _DEAD_DESTINATIONS or of_destination:
        return StripeFailure(code="DESTINATION_ACCOUNT_INVALID", message=message, retryable=False)
    kind = error.code or (error.error.type if error.error else None) or type(error).__name__
    return StripeFailure(code=str(kind).upper(), message=message, retryable=False)


def is_replayed(error: stripe.StripeError) -> bool:
    """Whether Stripe only repeated its first answer to this key, as it will each time: also an error of its own."""
    headers = {str(name).lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"
