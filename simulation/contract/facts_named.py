"""How a contract names the facts outside the platform that explain a row or a line of the log."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from simulation.documents.strict import refusal


class Facts(BaseModel):
    """Which facts outside the platform explain a write: exactly one of the kinds is named.

    ``request``: ``METHOD /path`` with ``{name}`` for a segment and ``{name...}`` for all that are left, answered with
    2xx (or ``status``); ``call``: the same for Stripe, with ``outcome``; ``event``: a type of Stripe event that the
    platform accepted, ``*`` for all; ``fact``: a derived fact by name. ``distinct``: of facts with the same value of
    this field only the first counts. ``where``: values that a fact's fields must have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    request: str | None = None
    status: tuple[int, ...] = ()
    call: str | None = None
    outcome: Literal["ok", "refused", "lost"] = "ok"
    event: str | None = None
    fact: str | None = None
    distinct: str | None = None
    where: dict[str, JsonValue] = {}

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        named = [kind for kind in (self.request, self.call, self.event, self.fact) if kind is not None]
        if len(named) != 1:
            raise refusal(
                f"names {len(named)} kinds of facts",
                remedy="name exactly one of request, call, event and fact",
                path=("fact",) if self.fact is not None else (),
            )
        return self

    @property
    def name(self) -> str:
        """The fact's name in the scope of the write."""
        if self.fact is not None:
            return self.fact
        return next(kind for kind in ("request", "call", "event") if getattr(self, kind) is not None)
