"""What the score provider published and answered."""

from __future__ import annotations

from typing import Literal

from simulation.events.base import Event


class ProviderPublication(Event):
    """A change of the provider's board: what it truly is, whatever a fault makes of its answers.

    ``rounds`` has the strokes of completed rounds, None where none was played.
    """

    kind: Literal["provider_publication"] = "provider_publication"
    tournament: str
    revision: int
    payload_sha256: str
    """Over the canonical JSON (sorted keys, no spaces) of the payload."""
    final: bool
    rounds: dict[str, tuple[int | None, int | None, int | None, int | None]]
    player_status: dict[str, str]
    """``active``, ``cut`` or ``withdrawn``."""


class ProviderAnswer(Event):
    """An answer other than "304 Not Modified": a new payload, a malformed one, or a failure."""

    kind: Literal["provider_answer"] = "provider_answer"
    tournament: str
    status: int | None
    revision: int | None
    payload_sha256: str | None = None
    """Canonical-JSON hash where the body was JSON, hash of the raw bytes else."""
    valid: bool
    fault_id: str | None = None
