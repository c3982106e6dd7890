"""What every part of the platform is given: settings, database, clients of outside services, ids and log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from simulation.staging.clients.provider import Provider
from simulation.staging.clients.signing_key import SigningKey
from simulation.staging.clients.stripe import StripeGateway
from simulation.staging.context import Context
from simulation.staging.database import Database
from simulation.staging.logs import Log
from simulation.staging.settings import LiveSettings, Settings
from simulation.staging.unit_of_work import UnitOfWork, unit_of_work


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """The platform's dependencies, made once."""

    live: LiveSettings
    database: Database
    stripe: StripeGateway
    provider: Provider
    log: Log
    new_id: Callable[[], UUID]
    signing_key: SigningKey

    @property
    def settings(self) -> Settings:
        """The settings in force now."""
        return self.live.current

    def unit_of_work(
        self,
        context: Context,
        *,
        action: str,
        reason: str,
        entity: tuple[str, UUID | str],
        payload: dict[str, object] | None = None,
    ) -> AbstractContextManager[UnitOfWork]:
        """An audited transaction; see `unit_of_work`."""
        return unit_of_work(
            self.database, context, self.new_id, action=action, reason=reason, entity=entity, payload=payload
        )

    def log_admin(self, context: Context, action: str, *, entity_id: UUID, contest_id: UUID) -> None:
        """Log a completed act of an admin, for people who read the log together with the audit trail."""
        self.log.info(
            "Admin",
            action.replace("_", " "),
            entity_id=entity_id,
            contest_id=contest_id,
            user_id=context.actor,
            request_id=context.request_id,
        )
