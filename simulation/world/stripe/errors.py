"""Stripe's error answers."""

from __future__ import annotations

from pydantic import JsonValue

JsonObject = dict[str, JsonValue]


class ApiError(Exception):
    """An answer that is not 200.

    :param kept: the endpoint had begun to execute, so the answer is replayed to the same idempotency key
        (fixtures/spec/stripe.md 1, 2, 6).
    :param details: further fields of the ``error`` object, e.g. the payment intent of a declined card.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        error_type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
        details: JsonObject | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.kept = status, code, kept
        self._fields: JsonObject = {"type": error_type, "message": message, "code": code, "param": param}
        self._details = details or {}

    def body(self) -> JsonObject:
        """The JSON of the answer; absent fields are left out, as Stripe does."""
        error: JsonObject = {name: value for name, value in self._fields.items() if value is not None}
        return {"error": {**error, **self._details}}


class Refused(ApiError):
    """The endpoint executed and refused: a definite answer, kept for its idempotency key."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None,
        param: str | None = None,
        status: int = 400,
        error_type: str = "invalid_request_error",
        details: JsonObject | None = None,
    ) -> None:
        super().__init__(
            message, status=status, error_type=error_type, code=code, param=param, kept=True, details=details
        )


class Unmodelled(ApiError):
    """Stripe might accept the request, but the twin does not model it. The journal notes it as a problem."""


def missing(param: str) -> ApiError:
    """A required parameter was not sent."""
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(kind: str, object_id: str, *, param: str = "id", status: int = 400) -> ApiError:
    """An id that names nothing: 404 when it stands in the path, 400 when it is a parameter."""
    return ApiError(f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param)
