"""What a request is about, in the platform's own terms: its metadata, or those of the object it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulation.world.stripe.api import ApiRequest
from simulation.world.stripe.errors import ApiError
from simulation.world.stripe.routing import object_id_of
from simulation.world.stripe.store import Store

_BUSINESS_KEYS = ("payout_transfer_id", "payment_intent_id", "refund_id")
"""Metadata by which the platform recognises its own rows."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    contest_id: str | None
    user_id: str | None
    business_key: str | None
    destination: str | None


def business_key_of(metadata: Mapping[str, str]) -> str | None:
    """The platform's key for the row behind an object."""
    return next((metadata[name] for name in _BUSINESS_KEYS if name in metadata), None)


def subject_of(request: ApiRequest, store: Store) -> Subject:
    """Never refuses: a request too broken to have a subject has an empty one."""
    try:
        sent = request.params.mapping("metadata")
        named_id = request.params.text("payment_intent") or object_id_of(request)
        destination = request.params.text("destination")
    except ApiError:
        return Subject(contest_id=None, user_id=None, business_key=None, destination=None)
    named = store.payment_intents.find(named_id) or store.transfers.find(named_id)
    metadata = (named.metadata if named else {}) | sent
    return Subject(
        contest_id=metadata.get("contest_id"),
        user_id=metadata.get("user_id"),
        business_key=business_key_of(sent) or business_key_of(metadata),
        destination=destination,
    )
