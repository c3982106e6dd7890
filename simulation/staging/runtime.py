"""What every part of the platform is given: settings, database, the world outside, ids and log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from simulation.staging.authentication import SigningKey
from simulation.staging.context import Context
from simulation.staging.database import Database
from simulation.staging.ingestion.provider import Provider
from simulation.staging.logs import Log
from simulation.staging.settings import LiveSettings, Settings
from simulation.staging.stripe_gateway import StripeGateway
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
        """Those in force now."""
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
