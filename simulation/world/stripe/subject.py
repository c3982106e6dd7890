"""What a request is about, in the platform's own terms: its metadata, or those of the object it names."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.world.stripe.api import ApiRequest
from simulation.world.stripe.errors import ApiError
from simulation.world.stripe.routing import object_id_of
from simulation.world.stripe.store import Store


@dataclass(frozen=True, kw_only=True)
class Subject:
    contest_id: str | None
    user_id: str | None
    business_key: str | None
    destination: str | None


def subject_of(request: ApiRequest, store: Store) -> Subject:
    """The contest, user and row that a request is about. Never raises: a malformed request has an empty subject."""
    try:
        sent = request.params.mapping("metadata")
        named_id = request.params.text("payment_intent") or object_id_of(request)
        destination = request.params.text("destination")
    except ApiError:
        return Subject(contest_id=None, user_id=None, business_key=None, destination=None)
    named = store.payment_intents.find(named_id) or store.transfers.find(named_id)
    metadata = (named.metadata if named else {}) | sent
    names = store.names
    return Subject(
        contest_id=names.contest_id(metadata),
        user_id=names.user_id(metadata),
        business_key=names.row_id(sent) or names.row_id(metadata),
        destination=destination,
    )
