"""How requests and answers of the API are declared: models for bodies, error codes for refusals.

The declarations are checked at every request, and the OpenAPI document is made of them
(``make openapi``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from uuid import UUID

from flask import Request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)

from simulation.staging.canonical import unstorable_path
from simulation.staging.contests.terms import Schedule
from simulation.staging.errors import ApiError

_MOST_SHOWN = 100
LARGEST_INTEGER = 2**31 - 1
"""Of PostgreSQL's ``integer``."""


class JsonRequest(Request):
    """A request whose body is JSON, whatever its ``Content-Type`` says; no body is an empty object."""

    def get_json(self, force: bool = True, silent: bool = True, cache: bool = True) -> Any:  # noqa: ARG002 - Flask's
        """The body; None if it is not JSON, which every model refuses."""
        value = super().get_json(force=True, silent=True, cache=cache) if self.get_data() else {}
        return value if isinstance(value, dict) else None


class _Asked(BaseModel):
    """A field that is null or an empty text counts as left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: item for name, item in value.items() if item not in (None, "")}

    @classmethod
    @cache
    def model_json_schema(cls, *args: Any, **named: Any) -> dict[str, Any]:  # type: ignore[override] # cached as it is
        """Cached, since flask-openapi asks for it at every request."""
        return super().model_json_schema(*args, **named)


class Body(_Asked):
    """The JSON object that a request sends."""


class Query(_Asked):
    """Query parameters and headers of a request."""


class Answer(BaseModel):
    """A JSON object that is answered: these fields and no others."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Refused(Answer):
    """What is answered with a status of 400 and above. ``error`` is one of the codes that the endpoint declares."""

    error: str
    message: str


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or unstorable_path(value):
        raise ValueError("must be a text")
    return value.strip()


def _document(value: JsonValue) -> JsonValue:
    path = unstorable_path(value)
    if path is not None:
        raise ValueError(f"must be free of U+0000 and of half surrogate pairs, see {path}")
    return value


def _instant(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("must be an ISO 8601 time with an offset")
    return moment.astimezone(UTC)


Text = Annotated[str, BeforeValidator(_text)]
"""Text that is not blank, without surrounding blanks, and that PostgreSQL can store."""
Document = Annotated[JsonValue, AfterValidator(_document)]
"""Any JSON that PostgreSQL can store."""
JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_document)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Count = Annotated[int, Field(strict=True, ge=1, le=LARGEST_INTEGER)]
Cents = Annotated[int, Field(strict=True, ge=0, le=LARGEST_INTEGER)]
Flag = Annotated[bool, Field(strict=True)]


class Reasoned(Body):
    """What every act of an admin must come with."""

    reason: Text


class MayComeAgain(Query):
    """The key under which a request is done once, however often it comes."""

    key: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)] | None = Field(
        default=None, alias="Idempotency-Key"
    )


class Times(Body):
    """The three planned moments of a contest."""

    lock_time: Instant
    start_time: Instant
    end_time: Instant

    def schedule(self) -> Schedule:
        return Schedule(lock_time=self.lock_time, start_time=self.start_time, end_time=self.end_time)


class OfContest(BaseModel):
    """The contest that an address names."""

    contest_id: UUID


class OfUser(BaseModel):
    """The user whom an address names."""

    user_id: UUID


class Done(Answer):
    success: bool


# --- what is refused --------------------------------------------------------------------------------------------------

Responses = dict[str | int | HTTPStatus, Any]
"""Status → its answer, in the form that flask-openapi takes."""
Refusals = Mapping[int, tuple[str, ...]]
"""Status → the error codes that come with it."""

_ANY: Refusals = {500: ("internal_error",), 503: ("database_connection_pool_exhausted",)}
ADMIN: Refusals = {
    401: ("unauthorized",),
    403: ("forbidden", "break_glass_not_needed", "break_glass_not_allowed"),
    503: ("authentication_unavailable",),
}
"""For callers who are not authenticated as an admin."""
USER: Refusals = {401: ("unauthorized",)}
"""For callers who are not a user."""
ASKED: Refusals = {400: ("missing_required_fields", "invalid_field")}
"""For a query that does not fit its model."""
SENT: Refusals = {400: (*ASKED[400], "invalid_json"), 413: ("request_entity_too_large",)}
"""For a body that does not fit its model."""
NAMED: Refusals = {404: ("not_found",)}
"""For an address in which the id does not have the form of one."""

KEYED: Refusals = {400: ("IDEMPOTENCY_KEY_REQUIRED",), 409: ("idempotency_key_reused",)}
"""For a request that may come with an ``Idempotency-Key``."""
SENT_ONCE: Refusals = {**SENT, 400: (*SENT[400], *KEYED[400]), 409: KEYED[409]}
"""For such a request that has a body."""
CONTEST: Refusals = {404: ("contest_not_found",), 503: ("contest_busy",)}
"""For a contest that does not exist, or whose row another session has locked."""


def answers(model: type[BaseModel] | None, *refusals: Refusals, status: int = 200) -> Responses:
    """What an endpoint answers, for flask-openapi's ``responses``; None: not JSON."""
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for known in (*refusals, _ANY):
        for refused, names in known.items():
            codes[refused] += names
    return {status: model, **{refused: _refused(names) for refused, names in sorted(codes.items())}}


def text_answer(media_type: str, *refusals: Refusals, status: int = 200) -> Responses:
    """What an endpoint answers whose success is not JSON."""
    shown = {"description": "OK", "content": {media_type: {"schema": {"type": "string"}}}}
    return {**answers(None, *refusals), status: shown}


def elsewhere() -> Responses:
    """A redirect of the browser to another page."""
    return {**answers(None, status=303), 303: {"description": "See Other"}}


def _refused(codes: list[str]) -> dict[str, Any]:
    known = sorted(set(codes))
    schema = {"$ref": "#/components/schemas/Refused", "properties": {"error": {"enum": known}}}
    return {"description": ", ".join(known), "content": {"application/json": {"schema": schema}}}


_KEY = "Idempotency-Key"


def refuse(error: ValidationError) -> NoReturn:
    """Say what is wrong with a request: all missing fields, or else the first invalid one.

    :raises ApiError: always.
    """
    problems = error.errors(include_url=False, include_context=False)
    names = [".".join(str(part) for part in problem["loc"]) for problem in problems]
    if "" in names:
        raise ApiError(400, "invalid_json", "the body must be a JSON object")
    if _KEY in names:
        raise ApiError(400, "IDEMPOTENCY_KEY_REQUIRED", f"the header {_KEY} must have 1 to 255 characters")
    missing = [name for name, problem in zip(names, problems, strict=True) if problem["type"] == "missing"]
    if missing:
        raise ApiError(400, "missing_required_fields", f"missing: {', '.join(missing)}")
    said, given = problems[0]["msg"].removeprefix("Value error, "), str(problems[0]["input"])[:_MOST_SHOWN]
    is_status = names[0] == "status" and problems[0]["type"] == "literal_error"
    raise ApiError(400, "invalid_status" if is_status else "invalid_field", f"{names[0]}: {said}, got {given!r}")
