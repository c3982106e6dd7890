"""Reading a JSON body: what is missing or wrong is refused with 400 and named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from simulation.staging.errors import ApiError

Body = Mapping[str, object]


def require(body: Body, *names: str) -> None:
    """Raise `missing_required_fields` unless every field is there with a value that is not blank."""
    missing = [name for name in names if body.get(name) in (None, "")]
    if missing:
        raise ApiError(400, "missing_required_fields", f"missing: {', '.join(missing)}")


def text_of(body: Body, name: str) -> str:
    """A required text that is not blank."""
    require(body, name)
    value = body[name]
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise _invalid(name, "a text", value)
    return value.strip()


def integer_of(body: Body, name: str, *, minimum: int) -> int:
    """A required integer of at least `minimum` that fits the database."""
    require(body, name)
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value < 2**31:
        raise _invalid(name, f"an integer of at least {minimum}", value)
    return value


def time_of(body: Body, name: str) -> datetime:
    """A required ISO 8601 time with an offset, in UTC."""
    value = text_of(body, name)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _invalid(name, "an ISO 8601 time with an offset", value)
    return moment.astimezone(UTC)


def boolean_of(body: Body, name: str) -> bool:
    """A required true or false."""
    require(body, name)
    value = body[name]
    if not isinstance(value, bool):
        raise _invalid(name, "true or false", value)
    return value


def object_of(body: Body, name: str) -> dict[str, object] | None:
    """An optional JSON object."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise _invalid(name, "an object", value)
    return value


def uuid_of(value: object, name: str) -> UUID:
    """A UUID in text."""
    try:
        return UUID(str(value))
    except ValueError:
        raise _invalid(name, "a UUID", value) from None


def _invalid(name: str, expected: str, value: object) -> ApiError:
    return ApiError(400, "invalid_field", f"{name} must be {expected}, got {str(value)[:100]!r}")
