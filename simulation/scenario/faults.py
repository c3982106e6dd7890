"""Faults as a scenario writes them: kind, victim or window, and the ending that is expected."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from simulation.documents.strict import Instant, ScenarioModel, refusal

FaultKind = Literal[
    "transfer_timeout_before",
    "transfer_timeout_after",
    "transfer_error",
    "transfer_reset",
    "transfer_refused",
    "transfer_key_taken",
    "transfer_winner_deleted",
    "transfer_then_killed",
    "webhook_then_killed",
    "backend_killed",
    "destination_invalid",
    "destination_suspended",
    "stripe_outage",
    "stripe_reserve",
    "payout_timer_stopped",
    "webhook_duplicated",
    "webhook_delayed",
    "webhook_lost",
    "two_events_for_one_payment",
    "provider_outage",
    "provider_malformed",
    "provider_incomplete_final",
    "provider_correction",
    "signing_secret_rolled",
    "contest_row_held",
    "database_connections_exhausted",
    "contest_rows_lost",
    "authentication_outage",
    "operator_crash",
    "refund_requested",
    "chargeback",
]

TRANSFER_KINDS = ("transfer_", "destination_")
"""How the names of kinds begin that strike a contest's transfers."""
LASTING_KINDS: tuple[FaultKind, ...] = ("destination_invalid", "destination_suspended", "transfer_winner_deleted")
"""They strike the winner's account itself: every later transfer to it is refused, whatever contest it comes from."""
STRIPE_KINDS = ("stripe_",)
"""How the names of kinds begin that strike Stripe as a whole, for a window."""
OPERATOR_KINDS = ("operator_",)
"""How the names of kinds begin that strike whoever carries out the runbook that the fault expects."""
WINDOW_KINDS = (*STRIPE_KINDS, "payout_timer_")
"""Those that strike whatever is due in their window, and no victim of their own."""
PAYMENT_KINDS = ("webhook_", "two_events_")
"""How the names of kinds begin that strike the announcement of a contest's payments."""

PROCESS_KINDS: frozenset[FaultKind] = frozenset({"transfer_then_killed", "webhook_then_killed", "backend_killed"})
"""They end the platform's programs at once, so they need a target in processes of its own."""

INSIDE_KINDS: frozenset[FaultKind] = frozenset({"payout_timer_stopped"})
"""They strike timers that the simulation drives only of the platform in its own process."""

WORLD_NEEDS: dict[FaultKind, tuple[str, ...]] = {
    "contest_row_held": ("contest", "minutes"),
    "database_connections_exhausted": ("at", "minutes"),
    "contest_rows_lost": ("contest", "at"),
    "authentication_outage": ("at", "minutes"),
    "backend_killed": ("at",),
    "refund_requested": ("contest",),
    "chargeback": ("contest", "delay_hours"),
    "provider_correction": ("tournament", "delay_hours"),
    "signing_secret_rolled": ("at",),
}
"""Kinds that the world carries out at their own time (``simulation/world/faults``), and the fields they need."""
_OF_A_PERSON: tuple[FaultKind, ...] = ("refund_requested", "chargeback")
"""Those that a person does who is counted like a payment: by ``nth``."""


class Expectation(ScenarioModel):
    """Exactly one of the three."""

    self_heals: Literal[True] | None = None
    runbook: str | None = None
    terminal: str | None = None
    """The failure reason that must be documented; combined with ``runbook`` when ops must act on it."""

    @model_validator(mode="after")
    def _one(self) -> Expectation:
        if self.self_heals is None and self.runbook is None and self.terminal is None:
            raise refusal("nothing is expected", remedy="write self_heals: true, runbook: <name> or terminal: <reason>")
        if self.self_heals and (self.runbook or self.terminal):
            raise refusal("self_heals excludes runbook and terminal", remedy="keep one", path=("self_heals",))
        return self


class Fault(ScenarioModel):
    id: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    kind: FaultKind
    expect: Expectation
    contest: str | None = None
    nth: int = Field(default=1, ge=1)
    """Which transfer or payment of the contest, in the order in which Stripe first sees them."""
    times: int = Field(default=1, ge=1)
    """How often it strikes the same victim."""
    tournament: str | None = None
    at: Instant | None = None
    minutes: int | None = Field(default=None, ge=1)
    delay_hours: int | None = Field(default=None, ge=0)
    status: int | None = Field(default=None, ge=400, le=599)

    @model_validator(mode="after")
    def _has_what_its_kind_needs_and_nothing_else(self) -> Fault:
        for name in needs_of(self.kind):
            if getattr(self, name) is None:
                raise refusal(f"a {self.kind} needs {name}", remedy=f"add {name}: to fault {self.id}")
        taken = {*takes_of(self.kind), "id", "kind", "expect"}
        for name, field in type(self).model_fields.items():
            if name not in taken and getattr(self, name) != field.default:
                raise refusal(
                    f"{getattr(self, name)} means nothing to a {self.kind}",
                    remedy=f"remove it; a {self.kind} takes {', '.join(takes_of(self.kind))}",
                    path=(name,),
                )
        return self


def needs_of(kind: FaultKind) -> tuple[str, ...]:
    """Fields without which a fault of this kind has no victim, time or length."""
    if kind in WORLD_NEEDS:
        return WORLD_NEEDS[kind]
    if kind.startswith((*WINDOW_KINDS, *OPERATOR_KINDS)):
        return ("at", "minutes")
    if not kind.startswith("provider_"):
        return ("contest", "delay_hours") if kind == "webhook_delayed" else ("contest",)
    at = () if kind == "provider_incomplete_final" else ("at",)
    minutes = () if kind == "provider_malformed" else ("minutes",)
    return ("tournament", *at, *minutes)


_ALSO_TAKES: dict[FaultKind, tuple[str, ...]] = {
    "transfer_error": ("times", "status"),
    "transfer_reset": ("times",),
    "transfer_timeout_after": ("times",),
    "transfer_timeout_before": ("times",),
    "webhook_duplicated": ("times",),
    "stripe_outage": ("status",),
    "provider_outage": ("status",),
    "provider_malformed": ("times",),
    "provider_incomplete_final": ("at",),
    "backend_killed": ("minutes",),
}


def takes_of(kind: FaultKind) -> tuple[str, ...]:
    """All fields that mean something to a fault of this kind; the ones it needs come first."""
    counted = kind in _OF_A_PERSON or not (kind.startswith(("provider_", *WINDOW_KINDS)) or kind in WORLD_NEEDS)
    nth = ("nth",) if counted else ()
    return (*needs_of(kind), *nth, *_ALSO_TAKES.get(kind, ()))
