"""Bearer tokens of the admin API: HS256 JSON Web Tokens (`fixtures/spec/platform.md`, Endpoints)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

_ALGORITHM = "HS256"
BREAK_GLASS = "break_glass"
"""Scope of a break-glass token: for the time in which no other token can be verified."""
_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1
"""The latest expiry that a datetime can hold; a later one in a token counts as this one."""


class InvalidToken(Exception):
    """The token is malformed, expired, not yet valid, or not signed with our secret."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a valid token says about its bearer; callers still read the user's row: rights may be revoked."""

    user_id: UUID
    is_admin: bool
    role: str
    scope: str
    expires_at: datetime


def mint(secret: str, user_id: UUID, now: datetime, ttl_seconds: int) -> str:
    """A token that makes `user_id` an admin from `now` for `ttl_seconds`."""
    claims = {
        "sub": str(user_id),
        "is_admin": True,
        "role": "admin",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=ttl_seconds)).timestamp()),
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def mint_break_glass(secret: str, user_id: UUID, now: datetime, ttl_seconds: int) -> str:
    """A break-glass token of `user_id`: it carries no admin rights, see `break_glass`."""
    claims = {
        "sub": str(user_id),
        "scope": BREAK_GLASS,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=ttl_seconds)).timestamp()),
    }
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def verify(secret: str, token: str, now: datetime) -> Claims:
    """The claims of a token that is genuine at `now`; raises InvalidToken."""
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            options={"require": ["sub", "iat", "exp"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        user_id = UUID(claims["sub"])
        issued, expires = int(claims["iat"]), int(claims["exp"])
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise InvalidToken(str(error)) from error
    if not issued <= now.timestamp() < expires:
        raise InvalidToken("the token is expired or not yet valid")
    return Claims(
        user_id=user_id,
        is_admin=claims.get("is_admin") is True,
        role=str(claims.get("role", "")),
        scope=str(claims.get("scope", "")),
        expires_at=datetime.fromtimestamp(min(expires, _LAST_SECOND), tz=UTC),
    )
