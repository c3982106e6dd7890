"""The twin's journal, a witness: every request as Stripe saw it, and where the twin could not act as Stripe does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from simulation.events import StripeCall, WitnessSummary
from simulation.history import Recorder
from simulation.world.stripe.api import Answer, ApiRequest

_DRAWN_BY_SDK = re.compile(r"^(stripe-node-retry-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
"""Keys an SDK makes up by itself for a POST without one.

Source: fixtures/spec/stripe.md, What the Python SDK does with an answer.
"""


class Journal:
    """Writes :class:`StripeCall` events. With a noted problem the checks that rest on this witness are unknown."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._calls = 0
        self._key_names: dict[str, str] = {}
        self._problems: list[str] = []

    def key_name(self, key: str | None) -> str | None:
        """The name by which the history calls an idempotency key.

        Random keys would make two runs of one seed differ, so each becomes ``random-key-<n>``, the same on every use.
        """
        if key is None or not _DRAWN_BY_SDK.match(key):
            return key
        return self._key_names.setdefault(key, f"random-key-{len(self._key_names) + 1}")

    def note(self, problem: str) -> None:
        """Note a problem, once: the twin did not answer as Stripe would have."""
        if problem not in self._problems:
            self._problems.append(problem)

    @property
    def problems(self) -> Sequence[str]:
        """What was noted so far."""
        return tuple(self._problems)

    def record(self, request: ApiRequest, answer: Answer | None, *, heard: bool, fault_id: str | None) -> None:
        """Record a call.

        :param answer: None when the request never reached Stripe. :param heard: whether the answer reached the caller.
        """
        self._calls += 1
        said = answer if heard else None
        self._recorder.record(
            StripeCall(
                request_id=request.request_id,
                origin=request.origin,
                method=request.method,
                path=request.path,
                params=request.params.journaled(),
                idempotency_key=request.recorded_key,
                status=said.status if said else None,
                error_code=said.error_code if said else None,
                object_id=answer.object_id if answer else None,
                executed=answer.executed if answer else False,
                replayed=answer.replayed if answer else False,
                fault_id=fault_id,
                retry_after_seconds=said.retry_after_seconds if said else None,
            )
        )

    def summarize(self) -> None:
        """Record, at the end of the run, how many calls there were and what problems were noted."""
        self._recorder.record(
            WitnessSummary(witness="stripe_journal", records=self._calls, problem="; ".join(self._problems) or None)
        )
