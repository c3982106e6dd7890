"""People: signing up, their payout account, deletion, and admin rights."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import stripe
from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError

from simulation.staging.clients.stripe_failures import failure_of
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime

_INSERT = text("""
    INSERT INTO users (id, name, email, is_admin, role) VALUES (:id, :name, :email, :is_admin, :role)
""")
_SIGNED_UP_JUST_NOW = text("""
    SELECT id FROM users WHERE lower(email) = lower(:email) AND name = :name AND NOT is_admin AND deleted_at IS NULL
        AND created_at > now() - make_interval(mins => :minutes)
""")
ASKS_AGAIN_MINUTES = 10
"""Whoever got no answer asks again; so long after the first try the same request is taken for the same."""
_FIND = text("""
    SELECT id, name, email, is_admin, role, stripe_connected_account_id FROM users WHERE id = :id AND deleted_at IS NULL
""")
_SET_ACCOUNT = text("""
    UPDATE users SET stripe_connected_account_id = :account_id, updated_at = now()
    WHERE id = :id AND deleted_at IS NULL AND stripe_connected_account_id IS NULL RETURNING id
""")
_DELETE = text(
    "UPDATE users SET deleted_at = now(), updated_at = now() WHERE id = :id AND deleted_at IS NULL RETURNING id"
)
_REVOKE_ADMIN = text("UPDATE users SET is_admin = false, updated_at = now() WHERE id = :id AND is_admin RETURNING id")


def create(
    runtime: Runtime,
    context: Context | None,
    *,
    name: str,
    email: str,
    is_admin: bool = False,
    role: str = "user",
    reason: str = "signed up",
    request_id: str = "",
) -> UUID:
    """Add a person; without a context the new person is the actor. Raises 409 `email_taken`."""
    user_id = runtime.new_id()
    acting = context or Context(actor=user_id, request_id=request_id)
    try:
        with runtime.unit_of_work(
            acting,
            action="user_created",
            reason=reason,
            entity=("user", user_id),
            payload={"is_admin": is_admin, "role": role},
        ) as work:
            work.write(_INSERT, id=user_id, name=name, email=email, is_admin=is_admin, role=role)
    except IntegrityError as error:
        raise ApiError(409, "email_taken", "this e-mail address cannot be used") from error
    runtime.log.info("Auth", "user created", user_id=user_id, role=role, request_id=acting.request_id)
    return user_id


def sign_up(runtime: Runtime, *, name: str, email: str, request_id: str) -> UUID:
    """A person's own id; the same one for the same person again soon after. Raises 409 `email_taken`."""
    try:
        return create(runtime, None, name=name, email=email, request_id=request_id)
    except ApiError:
        known = runtime.database.read(_SIGNED_UP_JUST_NOW, name=name, email=email, minutes=ASKS_AGAIN_MINUTES)
        if not known:
            raise
        return UUID(str(known[0].id))


def find(runtime: Runtime, user_id: UUID) -> Row[Any] | None:
    """A person who has not been deleted."""
    rows = runtime.database.read(_FIND, id=user_id)
    return rows[0] if rows else None


def connect_account(runtime: Runtime, context: Context, user_id: UUID) -> str:
    """The person's Express account at Stripe, opened if there is none; raises 502 STRIPE_API_ERROR."""
    user = find(runtime, user_id)
    if user is None:
        raise ApiError(404, "user_not_found", f"no user {user_id}")
    if user.stripe_connected_account_id:
        return str(user.stripe_connected_account_id)
    try:
        account_id = runtime.stripe.create_account(user_id=user_id, email=user.email)
    except stripe.StripeError as error:
        failure = failure_of(error)
        runtime.log.error(
            "Payout",
            "account could not be opened",
            user_id=user_id,
            error_code=failure.code,
            request_id=context.request_id,
        )
        raise ApiError(502, "STRIPE_API_ERROR", failure.code) from error
    with runtime.unit_of_work(
        context,
        action="connected_account_opened",
        reason="user asked for a payout account",
        entity=("user", user_id),
        payload={"stripe_connected_account_id": account_id},
    ) as work:
        work.write(_SET_ACCOUNT, id=user_id, account_id=account_id)
    runtime.log.info("Payout", "account opened", user_id=user_id, account_id=account_id, request_id=context.request_id)
    return account_id


def delete(runtime: Runtime, context: Context, user_id: UUID) -> None:
    """Soft delete: the person can do nothing more; prizes won are still paid."""
    with runtime.unit_of_work(
        context, action="user_deleted", reason="user asked for deletion", entity=("user", user_id)
    ) as work:
        if not work.write(_DELETE, id=user_id):
            raise ApiError(404, "user_not_found", f"no user {user_id}")
    runtime.log.info("Auth", "user deleted", user_id=user_id, request_id=context.request_id)


def revoke_admin(runtime: Runtime, context: Context, user_id: UUID, reason: str) -> bool:
    """Take admin rights away; tokens already issued stop working. False if there were none."""
    with runtime.unit_of_work(context, action="admin_revoked", reason=reason, entity=("user", user_id)) as work:
        work.result = revoked = bool(work.write(_REVOKE_ADMIN, id=user_id))
    runtime.log.info("Auth", "admin revoked", user_id=user_id, revoked=revoked, request_id=context.request_id)
    return revoked
