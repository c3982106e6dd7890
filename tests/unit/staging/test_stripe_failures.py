"""Which failures of a call to Stripe may be tried again."""

import pytest
import requests
import stripe

from simulation.staging.clients.stripe_failures import failure_of


def connection_error(cause: Exception) -> stripe.APIConnectionError:
    error = stripe.APIConnectionError("lost")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (connection_error(requests.ReadTimeout()), "STRIPE_TIMEOUT", True),
        (connection_error(requests.ConnectionError()), "STRIPE_CONNECTION_FAILED", True),
        (stripe.RateLimitError("slow", http_status=429), "STRIPE_RATE_LIMITED", True),
        (stripe.APIError("down", http_status=500), "STRIPE_SERVER_ERROR", True),
        (stripe.APIError("down", http_status=503), "STRIPE_SERVER_ERROR", True),
        (stripe.APIError("not JSON", http_status=200), "STRIPE_SERVER_ERROR", True),
        (stripe.APIError("in use", http_status=409), "STRIPE_REQUEST_IN_PROGRESS", True),
        (
            stripe.InvalidRequestError("no", "destination", code="account_invalid", http_status=400),
            "DESTINATION_ACCOUNT_INVALID",
            False,
        ),
        (
            stripe.InvalidRequestError("no", "destination", code="resource_missing", http_status=400),
            "DESTINATION_ACCOUNT_INVALID",
            False,
        ),
        (
            stripe.InvalidRequestError(
                "no", "destination", code="insufficient_capabilities_for_transfer", http_status=400
            ),
            "INSUFFICIENT_CAPABILITIES_FOR_TRANSFER",
            False,
        ),
        (
            stripe.InvalidRequestError("no", "amount", code="amount_too_large", http_status=400),
            "AMOUNT_TOO_LARGE",
            False,
        ),
        (
            stripe.InvalidRequestError("no", None, code="balance_insufficient", http_status=400),
            "BALANCE_INSUFFICIENT",
            False,
        ),
        (stripe.IdempotencyError("other", http_status=400), "IDEMPOTENCY_CONFLICT", False),
        (stripe.AuthenticationError("key", http_status=401), "STRIPE_UNAUTHORIZED", True),
        (stripe.APIError("timeout", http_status=408), "STRIPE_SERVER_ERROR", True),
        (stripe.APIError("a dependency of theirs", http_status=424), "STRIPE_SERVER_ERROR", True),
        (stripe.APIError("too early", http_status=425), "STRIPE_SERVER_ERROR", True),
        (stripe.InvalidRequestError("gone", None, http_status=410), "INVALIDREQUESTERROR", False),
        (stripe.PermissionError("no", http_status=403), "PERMISSIONERROR", False),
    ],
)
def test_a_failure_is_judged_by_what_stripe_answered(error: stripe.StripeError, code: str, retryable: bool) -> None:
    failure = failure_of(error)
    assert (failure.code, failure.retryable) == (code, retryable)
