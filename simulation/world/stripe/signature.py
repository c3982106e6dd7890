"""Webhook signatures that the official SDKs accept (fixtures/spec/stripe.md 8)."""

from __future__ import annotations

import hmac
from datetime import datetime


def signature_header(body: bytes, *, secret: str, at: datetime) -> str:
    """Value of ``Stripe-Signature`` for an attempt made at ``at``: every attempt has its own."""
    timestamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hexdigest()
    return f"t={timestamp},v1={digest}"
