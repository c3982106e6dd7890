"""What a deployment may configure. Read once at start; nothing changes while the platform runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

DEPLOYED = 0
"""The version of the settings that the deployment came with."""

TEST_ENVIRONMENT = "test"
"""In this environment no background jobs run (fixtures/spec/requirements.md, A-14)."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Configuration of one platform; the defaults are the values of `fixtures/spec/platform.md`."""

    environment: str
    """`production`, `staging` or `test`."""
    database_url: str
    """SQLAlchemy URL of the role `platform`."""
    stripe_api_key: str
    stripe_webhook_secret: str
    admin_jwt_secret: str
    provider_base_url: str
    stripe_standby_webhook_secret: str = ""
    """Signing secret of a second endpoint at Stripe, disabled until operations switch to it; empty: there is none."""
    stripe_base_url: str = "https://api.stripe.com"
    stripe_api_key_file: str = ""
    """File with the key of Stripe's API, used instead of `stripe_api_key`; read again when Stripe refuses the key."""
    admin_jwt_key_file: str = ""
    """File with the identity service's signing key, used instead of `admin_jwt_secret`; read for every token."""
    admin_jwt_replica_key_file: str = ""
    """File in which the service's replica keeps the same key."""
    admin_break_glass_secret: str = ""
    """Signing secret of break-glass tokens; empty: there are none."""
    alerts_api_url: str = ""
    """URL of the hosted monitoring, which answers `GET /api/v1/alerts` as Prometheus does; empty: none is connected."""
    runbooks_folder: str = ""
    """Folder of the runbooks in force (`<name>.md`, and `README.md`), which admins' browsers are shown; empty: none."""

    lifecycle_interval_seconds: int = 300
    ingestion_interval_seconds: int = 300
    settlement_interval_seconds: int = 300
    payout_interval_seconds: int = 300
    reconciliation_hour: int = 2
    """Hour of the day, UTC."""

    stripe_timeout_seconds: float = 30
    provider_timeout_seconds: float = 5
    provider_retry_delays_seconds: tuple[float, ...] = (1, 2, 4)

    payout_jobs_per_run: int = 10
    payout_transfers_per_job: int = 50
    refunds_per_run: int = 50
    payout_retry_delays_seconds: tuple[int, ...] = (60, 7200)
    """Wait after the first and the second failed attempt.

    The first is over at the scheduler's next run; the second is long enough that one outage does not use up the last
    attempt, and short enough that Stripe still knows the idempotency key.
    """
    attempt_lease_seconds: int = 120
    """An attempt still unfinished after this long was abandoned by its process (a Stripe call takes 30 s at most)."""
    idempotency_key_life_seconds: int = 23 * 3600
    """Stripe forgets a key after 24 h and would then execute it again; we stop an hour earlier."""

    reconciliation_overlap_seconds: int = 2 * 86400
    reconciliation_grace_seconds: int = 900
    reconciliation_event_grace_seconds: int = 12 * 3600
    """A payment younger than this may still be waiting for its webhook."""
    database_pool_size: int = 10
    shared_folder: str = ""
    """Folder in which the processes of a deployment share what each of them counts: when a job ran last, how requests
    were answered. Empty for a platform in one process."""

    @property
    def jobs_enabled(self) -> bool:
        """Whether background jobs run at all."""
        return self.environment != TEST_ENVIRONMENT

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Settings from environment variables; raises KeyError naming a required variable that is missing."""
        return cls(
            environment=env["PLATFORM_ENV"],
            database_url=sqlalchemy_url(env["DATABASE_URL"]),
            stripe_api_key=env["STRIPE_API_KEY"],
            stripe_webhook_secret=env["STRIPE_WEBHOOK_SECRET"],
            stripe_standby_webhook_secret=env.get("STRIPE_STANDBY_WEBHOOK_SECRET", cls.stripe_standby_webhook_secret),
            admin_jwt_secret=env["ADMIN_JWT_SECRET"],
            provider_base_url=env["INGESTION_ENDPOINT_URL"],
            shared_folder=env.get("SHARED_FOLDER", cls.shared_folder),
            stripe_base_url=env.get("STRIPE_BASE_URL", cls.stripe_base_url),
            stripe_api_key_file=env.get("STRIPE_API_KEY_FILE", cls.stripe_api_key_file),
            admin_jwt_key_file=env.get("ADMIN_JWT_KEY_FILE", cls.admin_jwt_key_file),
            admin_jwt_replica_key_file=env.get("ADMIN_JWT_REPLICA_KEY_FILE", cls.admin_jwt_replica_key_file),
            admin_break_glass_secret=env.get("ADMIN_BREAK_GLASS_SECRET", cls.admin_break_glass_secret),
            alerts_api_url=env.get("ALERTS_API_URL", cls.alerts_api_url),
            runbooks_folder=env.get("RUNBOOKS_FOLDER", cls.runbooks_folder),
            lifecycle_interval_seconds=int(env.get("LIFECYCLE_INTERVAL_SECONDS", cls.lifecycle_interval_seconds)),
        )


def sqlalchemy_url(url: str) -> str:
    """The URL with psycopg as driver: hosts give a plain ``postgresql://``, for which SQLAlchemy takes another one."""
    plain = "postgresql://"
    return f"postgresql+psycopg://{url.removeprefix(plain)}" if url.startswith(plain) else url


class LiveSettings:
    """The settings in force in this process: the deployment's, with the active version laid over them."""

    def __init__(self, deployed: Settings) -> None:
        self.deployed = deployed
        self.current = deployed
        self.version = DEPLOYED

    def use(self, version: int, changes: Mapping[str, int]) -> None:
        """Put this version into force in this process."""
        self.current, self.version = replace(self.deployed, **dict(changes)), version  # type: ignore[arg-type]
