"""A connected account: where a winner's transfers go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import embedded_list, unix
from simulation.world.stripe.objects.unused_features import ACCOUNT_SETTINGS


@dataclass(kw_only=True)
class Account:
    """One payee.

    ``enabled`` can be paid; ``restricted`` has not finished onboarding, or is suspended; ``closed`` was shut by
    Stripe and can never be paid again; ``deleted`` was removed by the platform and is not found any more.
    """

    id: str
    created: datetime
    account_type: str
    metadata: dict[str, str]
    status: Literal["enabled", "restricted", "closed", "deleted"] = "enabled"
    email: str | None = None
    country: str = "US"
    business_type: str | None = None
    due_by: datetime | None = None
    """When transfers stop unless the owner sends the document that Stripe asks for; None: it asks for none."""
    payouts_paused: bool = False
    """Somebody at the platform's dashboard has paused what leaves for the owner's bank."""
    closed_by: str | None = None
    """Fault that closed or suspended it; later calls to this account go back to it."""

    @property
    def is_gone(self) -> bool:
        """Whether the account is closed or deleted, which is final."""
        return self.status in ("closed", "deleted")

    @property
    def can_be_paid(self) -> bool:
        return self.status == "enabled"

    @property
    def payouts_enabled(self) -> bool:
        """Whether anything leaves the account for its owner's bank."""
        return self.can_be_paid and not self.payouts_paused

    @property
    def disabled_reason(self) -> str | None:
        """Stripe's word for why something is off."""
        reasons = {"restricted": "requirements.past_due", "closed": "rejected.other"}
        return reasons.get(self.status) or ("platform_paused" if self.payouts_paused else None)

    def render(self) -> JsonObject:
        capability = "active" if self.can_be_paid else "inactive"
        return {
            "id": self.id,
            "object": "account",
            "business_profile": None,
            "business_type": self.business_type,
            "capabilities": {"card_payments": capability, "transfers": capability},
            "charges_enabled": self.can_be_paid,
            "controller": {"type": "application"},
            "country": self.country,
            "created": unix(self.created),
            "default_currency": "usd",
            "details_submitted": self.status != "restricted",
            "email": self.email,
            "external_accounts": embedded_list(f"/v1/accounts/{self.id}/external_accounts", []),
            "future_requirements": self._requirements(),
            "metadata": {**self.metadata},
            "payouts_enabled": self.payouts_enabled,
            "requirements": self._requirements(),
            "settings": ACCOUNT_SETTINGS,
            "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
            "type": self.account_type,
        }

    def _requirements(self) -> JsonObject:
        late = self.status == "restricted"
        due = ["individual.verification.document"] if late or self.due_by is not None else []
        return {
            "alternatives": [],
            "current_deadline": None if late or self.due_by is None else unix(self.due_by),
            "currently_due": [*due],
            "disabled_reason": self.disabled_reason,
            "errors": [],
            "eventually_due": [*due],
            "past_due": [*due] if late else [],
            "pending_verification": [],
        }
