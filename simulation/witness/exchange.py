"""The HTTP witness: a WSGI middleware around the platform that records every request and its answer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import SEEK_END
from pathlib import Path
from typing import Any

import jwt
from pydantic import JsonValue

from simulation.events import Actor, Exchange
from simulation.history import Recorder, current_cause
from simulation.untrusted import NotPlain, plain_json

PLATFORM_URL = "http://platform.test"
NO_ANSWER = (502, 504)
"""Statuses with which a proxy answers when the platform is down or does not answer."""

UNRECORDED_ACTOR: Actor = "monitor"
_LARGEST_BODY_BYTES = 16_384
_FORM = "application/x-www-form-urlencoded"
"""Content type of a browser's sign-in form, which contains a token and so is not recorded."""
_WITHHELD = "(withheld)"
_SERVER_ERROR = 500
_MOST_LINES, _LONGEST_LINE = 20, 500
"""Limits for the lines of the platform's log that are recorded with a 5xx answer: their number, characters of each."""


@dataclass(kw_only=True)
class ExchangeContext:
    """Who makes the current request. The sender sets it, the middleware reads it."""

    actor: Actor = "setup"
    execution_id: str | None = None

    @contextmanager
    def acting(self, actor: Actor, *, execution_id: str | None = None) -> Iterator[None]:
        """Attribute requests within this block to ``actor``. No process may ``yield`` within the block."""
        saved = (self.actor, self.execution_id)
        self.actor, self.execution_id = actor, execution_id
        try:
            yield
        finally:
            self.actor, self.execution_id = saved


class ExchangeWitness:
    """WSGI middleware. Gives every request an ``X-Request-Id``, as an ingress does, and records it with its answer.

    A request that has no id gets its cause and a running number as its id, so that a row in the platform's audit trail
    leads back to the fault.
    """

    def __init__(self, app: Any, *, recorder: Recorder, context: ExchangeContext, log: Path | None = None) -> None:
        """:param log: the platform's log file; None: there is none to read."""
        self._app = app
        self._recorder = recorder
        self._context = context
        self._log = log
        self._numbers = 0
        self.requests = 0
        self.hours: dict[datetime, tuple[int, int]] = {}
        """Requests answered within each hour, and those of them that failed with 5xx."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.requests += 1
        start_response = self._counting(start_response)
        if self._context.actor == UNRECORDED_ACTOR:
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        request_body = _read_body(environ)
        if "HTTP_X_REQUEST_ID" not in environ:
            self._numbers += 1
            environ["HTTP_X_REQUEST_ID"] = f"{current_cause()}#{self._numbers}"
        statuses: list[str] = []
        logged = _size(self._log)

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            statuses.append(status)
            return start_response(status, headers, exc_info)

        iterable = self._app(environ, remember)
        try:
            body = b"".join(iterable)
        finally:
            if hasattr(iterable, "close"):
                iterable.close()
        status = int(statuses[-1].split()[0])
        log = _lines_since(logged, self._log) if status >= _SERVER_ERROR else ()
        self._record(environ, request_body, status, body, log)
        return [body]

    def _counting(self, start_response: Callable[..., Any]) -> Callable[..., Any]:
        def count(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
            requests, failed = self.hours.get(hour, (0, 0))
            self.hours[hour] = (requests + 1, failed + (status[0] == "5"))
            return start_response(status, headers, exc_info)

        return count

    def _record(
        self, environ: dict[str, Any], request_body: bytes, status: int, body: bytes, log: tuple[str, ...]
    ) -> None:
        subject, scope = _claimed(environ.get("HTTP_AUTHORIZATION", ""))
        self._recorder.record(
            Exchange(
                actor=self._context.actor,
                request_id=environ["HTTP_X_REQUEST_ID"],
                method=environ["REQUEST_METHOD"],
                path=environ.get("PATH_INFO", ""),
                query=environ.get("QUERY_STRING", ""),
                status=status,
                request_body=_WITHHELD if environ.get("CONTENT_TYPE") == _FORM else _readable(request_body),
                response_body=_readable(body),
                log=log,
                idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY"),
                user_id=environ.get("HTTP_X_USER_ID"),
                execution_id=self._context.execution_id,
                token_subject=subject,
                token_scope=scope,
            )
        )


def _size(log: Path | None) -> int:
    return log.stat().st_size if log is not None and log.exists() else 0


def _lines_since(position: int, log: Path | None) -> tuple[str, ...]:
    """The last lines written after ``position`` (in bytes), each cut to a readable length."""
    if log is None or not log.exists():
        return ()
    with open(log, "rb") as file:
        file.seek(max(position, file.seek(0, SEEK_END) - _LARGEST_BODY_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return tuple(line[:_LONGEST_LINE] for line in lines[-_MOST_LINES:])


def _read_body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _readable(body: bytes) -> JsonValue:
    """A body as it is recorded: JSON without secrets, text as text, a large body only as its size."""
    if not body:
        return None
    if len(body) > _LARGEST_BODY_BYTES:
        return f"({len(body)} bytes)"
    try:
        document = plain_json(body)
    except NotPlain:
        return _WITHHELD if b"client_secret" in body else body.decode(errors="replace")
    if isinstance(document, dict) and "client_secret" in document:
        document["client_secret"] = _WITHHELD
    return document


def _claimed(authorization: str) -> tuple[str | None, str | None]:
    """``sub`` and ``scope`` of a bearer token, unverified: they say who the sender claims to be, not whether the
    platform accepted the token."""
    if not authorization.startswith("Bearer "):
        return None, None
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return "(unreadable token)", None
    scope = claims.get("scope")
    return str(claims.get("sub")), None if scope is None else str(scope)
