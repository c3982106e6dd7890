"""Idempotency keys of API v1 (fixtures/spec/stripe.md 1 to 6)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from simulation.clock import SimulationClock
from simulation.world.stripe.api import Answer, ApiRequest
from simulation.world.stripe.errors import ApiError

LIFETIME = timedelta(hours=24)
"""A key older than this is forgotten: the same request then executes again."""
_LONGEST_KEY = 255


@dataclass(frozen=True, kw_only=True)
class _Kept:
    fingerprint: str
    answer: Answer
    first_seen: datetime


class IdempotencyKeys:
    """Answers kept by key, for 24 simulated hours."""

    def __init__(self, *, clock: SimulationClock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._in_flight: set[str] = set()

    def find(self, request: ApiRequest) -> Answer | None:
        """The answer to replay, or None when the request must execute.

        :raises ApiError: the key is taken by another request (400), or by one that is still running (409).
        """
        self._prune()
        key = request.idempotency_key or ""
        if len(key) > _LONGEST_KEY:
            raise ApiError(f"Idempotency keys may have {_LONGEST_KEY} characters at most.")
        if key in self._in_flight:
            raise ApiError(
                "Another request with this idempotency key is still being processed.",
                status=409,
                error_type="idempotency_error",
                code="idempotency_key_in_use",
            )
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.fingerprint != _fingerprint(request):
            raise ApiError(
                "Keys for idempotent requests can only be used with the same endpoint and the same parameters "
                f"they were first used with. Use another key than '{key}' for a different request.",
                error_type="idempotency_error",
            )
        return replace(kept.answer, replayed=True, executed=False)

    @contextmanager
    def in_flight(self, request: ApiRequest) -> Iterator[None]:
        """While this block lasts, any other request with this key is refused (409)."""
        key = request.idempotency_key or ""
        self._in_flight.add(key)
        try:
            yield
        finally:
            self._in_flight.discard(key)

    def keep(self, request: ApiRequest, answer: Answer) -> None:
        """Remember what was answered; the key's age counts from now."""
        self._kept[request.idempotency_key or ""] = _Kept(
            fingerprint=_fingerprint(request), answer=answer, first_seen=self._clock.now
        )

    def keep_for_another_amount(self, request: ApiRequest, answer: Answer) -> None:
        """Remember the key as used by a request for another amount, unless the key has an answer already."""
        if request.idempotency_key and request.idempotency_key not in self._kept:
            self.keep(replace(request, params=request.params.with_other_amount()), answer)

    def _prune(self) -> None:
        # Insertion order is order of age: stop at the first young one.
        while self._kept:
            oldest = next(iter(self._kept))
            if self._clock.now - self._kept[oldest].first_seen < LIFETIME:
                return
            del self._kept[oldest]


def _fingerprint(request: ApiRequest) -> str:
    params = json.dumps(request.params.comparable(), sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path} {params}".encode()).hexdigest()
