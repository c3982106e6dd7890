"""What an admin asks for under an ``Idempotency-Key`` is done once, however often it is asked.

The key is stored in the transaction of what it was done for, with what is answered: both are there, or neither. Whoever
was not answered (the process died, the connection broke) asks again under the same key, and is told what the first
answer would have said. Same header and rules as Stripe's own API; a key here is kept for good, as the audit trail is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from simulation.staging.canonical import canonical_json
from simulation.staging.errors import ApiError

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_KNOWN = text("SELECT request_sha256, result FROM idempotency_keys WHERE key = :key")
_STORE = text("""
    INSERT INTO idempotency_keys (key, request_sha256, request_id, result)
    VALUES (:key, :request_sha256, :request_id, CAST(:result AS jsonb))
""")


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """A key with the digest of the request that it came with."""

    key: str
    request_sha256: str


class AlreadyDone(Exception):
    """The request was done before; ``result`` is what it gave then."""

    def __init__(self, result: Any) -> None:
        super().__init__("done before under this key")
        self.result = result


def key_of(key: str, *, actor: UUID, method: str, path: str, body: bytes) -> RequestKey:
    """The key of a request: another actor, address or body makes it another request."""
    asked = json.dumps([str(actor), method, path]).encode() + body
    return RequestKey(key=key, request_sha256=hashlib.sha256(asked).hexdigest())


def begin(connection: Connection, key: RequestKey) -> None:
    """Hold the key until the transaction ends.

    :raises AlreadyDone: the request was done under it.
    :raises ApiError: 409 ``idempotency_key_reused``, another request was.
    """
    connection.execute(_LOCK, {"key": key.key})
    known = connection.execute(_KNOWN, {"key": key.key}).all()
    if not known:
        return
    if known[0].request_sha256 != key.request_sha256:
        raise ApiError(409, "idempotency_key_reused", "this Idempotency-Key came with another request before")
    raise AlreadyDone(known[0].result)


def store(connection: Connection, key: RequestKey, *, request_id: str, result: object) -> None:
    """Store the key, with the result, in the transaction of what was done."""
    connection.execute(
        _STORE,
        {
            "key": key.key,
            "request_sha256": key.request_sha256,
            "request_id": request_id,
            "result": canonical_json(result),
        },
    )
