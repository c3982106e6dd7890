"""Authentication: how each blueprint admits callers, before anything else in a request is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from flask import g, request

from simulation.staging import admin_token
from simulation.staging.access import break_glass, users
from simulation.staging.clients.signing_key import AuthenticationUnavailable
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.http.declaration import MayComeAgain
from simulation.staging.idempotency import AlreadyDone, key_of
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels

_T = TypeVar("_T")


def assign_request_id(runtime: Runtime) -> None:
    """Keep the id that an ingress gave the request, or give it one."""
    g.request_id = request_id_of(request.headers.get("X-Request-Id", ""), runtime)


def request_id_of(given: str, runtime: Runtime) -> str:
    """The id that an ingress gave a request, or a new one where it gave none that can be logged."""
    given = given.strip()
    return given[:200] if given and given.isprintable() else str(runtime.new_id())


def request_id() -> str:
    """The id of the current request."""
    return str(g.get("request_id", "unknown"))


def caller() -> Context:
    """Who makes the current request; known once the caller is admitted."""
    admitted: Context = g.caller
    return admitted


def once(header: MayComeAgain, act: Callable[[Context], _T]) -> _T:
    """Do it for the caller; under an ``Idempotency-Key`` once, and a repetition gives what the first time gave.

    :param act: one unit of work, whose ``result`` is what this returns.
    :raises ApiError: 409 ``idempotency_key_reused``.
    """
    context = caller()
    if header.key is None:
        return act(context)
    asked = key_of(header.key, actor=context.actor, method=request.method, path=request.path, body=request.get_data())
    try:
        return act(replace(context, key=asked))
    except AlreadyDone as done:
        result: _T = done.result
        return result


def admit_user(runtime: Runtime) -> None:
    """Let in the person named by `X-User-Id`; raises 401 if there is none, or not any more."""
    try:
        user_id = UUID(request.headers.get("X-User-Id", ""))
    except ValueError:
        raise ApiError(401, "unauthorized", "X-User-Id must name a user") from None
    if user_id.int == 0 or users.find(runtime, user_id) is None:
        raise ApiError(401, "unauthorized", "X-User-Id must name a user")
    g.caller = Context(actor=user_id, request_id=request_id())


def admit_admin(runtime: Runtime, levels: ServiceLevels) -> None:
    """Let in the admin behind the bearer token; raises as :func:`admin_by_token` does."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    g.caller = admin_by_token(runtime, levels, token if scheme.lower() == "bearer" else "")[0]


def admin_by_token(runtime: Runtime, levels: ServiceLevels, token: str) -> tuple[Context, datetime]:
    """The admin whom a token names, and when it expires.

    Raises 401 without a valid token, 403 without the claims or the rights, 503 `authentication_unavailable` when no
    token can be verified; then a break-glass token is accepted for what it permits.
    """
    failed, counts = True, True
    try:
        admin = _admin(runtime, token)
        failed = False
        return admin
    except ApiError as error:
        failed = error.status >= 500
        claims = break_glass.bearer(runtime, token.strip(), datetime.now(UTC)) if error.status in (401, 503) else None
        if claims is None:
            raise
        counts = False  # the identity service had no part in it
        return _by_break_glass(runtime, claims)
    finally:
        if counts:
            levels.authentications.count(failed=failed)


def _by_break_glass(runtime: Runtime, claims: admin_token.Claims) -> tuple[Context, datetime]:
    """Admit the bearer of a break-glass token; every use is logged."""
    runtime.log.warning(
        "Auth", "break-glass token used", path=request.path, user_id=claims.user_id, request_id=request_id()
    )
    if runtime.signing_key.is_available():
        raise ApiError(403, "break_glass_not_needed", "tokens can be verified: use your own")
    body = request.get_json(silent=True)
    break_glass.admit(runtime, claims, method=request.method, path=request.path, body=body or {})
    return Context(actor=claims.user_id, request_id=request_id()), claims.expires_at


def _admin(runtime: Runtime, token: str) -> tuple[Context, datetime]:
    try:
        if not token.strip():
            raise admin_token.InvalidToken("no bearer token")
        claims = admin_token.verify(runtime.signing_key.read(), token.strip(), datetime.now(UTC))
    except AuthenticationUnavailable as error:
        runtime.log.error("Auth", "no token can be verified", detail=str(error), request_id=request_id())
        raise ApiError(503, "authentication_unavailable", "nobody's token can be verified now; try again") from error
    except admin_token.InvalidToken as error:
        runtime.log.warning("Auth", "token refused", detail=str(error), request_id=request_id())
        raise ApiError(401, "unauthorized", "a valid bearer token is required") from error
    user = users.find(runtime, claims.user_id)
    if not claims.is_admin or claims.role != "admin" or user is None or not user.is_admin:
        runtime.log.warning("Auth", "not an admin", user_id=claims.user_id, request_id=request_id())
        raise ApiError(403, "forbidden", "admin rights are required")
    return Context(actor=claims.user_id, request_id=request_id()), claims.expires_at
