"""What a run needs of a platform, and all it knows of it.

A target gives an HTTP interface, a database to observe read-only, and the names by which its tables map to the
canonical relations below. ``builtin`` and ``process`` implement it; the run does not know which it has.

Canonical relations: ids as text, money in integer cents, times ISO 8601 UTC, rows in a total order.

- ``contests``: contest_id, name, status, organizer_id, entry_fee_cents, payout_structure (json), scoring (json),
  tournament, created_at, lock_time, start_time, end_time, completed_at, settled_at (null until SETTLED), paid_out_at
  (null until PAID_OUT)
- ``entries``: contest_id, user_id, joined_at, roster (json list; also entry_id, if entries of the ledger refer to it)
- ``payments``: payment_id, contest_id, user_id, stripe_payment_intent_id, status, amount_cents, created_at
- ``postings``: posting_id, transaction_id, contest_id, user_id, account, entry_type, direction (DEBIT/CREDIT),
  amount_cents, currency, reference_type, reference_id, idempotency_key, stripe_event_id, created_at (a
  ledger of single entries has neither transaction_id nor direction, and a sign in amount_cents)
- ``settlements``: settlement_id, contest_id, settled_at, participant_count, total_pool_cents, results (json: rankings
  [{user_id, rank, score, payout_cents}], platform_cents)
- ``payout_jobs``: job_id, contest_id, settlement_id, status, total_payouts, completed_count, failed_count, created_at,
  completed_at
- ``transfers``: transfer_id, contest_id, user_id, amount_cents, status, attempt_count, max_attempts,
  stripe_transfer_id, idempotency_key, failure_reason, created_at, completed_at
- ``refunds``: refund_id, payment_id, contest_id, user_id, amount_cents, status, stripe_refund_id, idempotency_key,
  reason, failure_reason
- ``stripe_events``: stripe_event_id, event_type, processing_status, received_at, processed_at, error
- ``contest_audit``: audit_id, contest_id, actor, action, reason, from_status, to_status, created_at
- ``audit_records``: audit_id, transaction_id (number of the transaction in the history), actor, action, reason,
  entity_type, entity_id, request_id, created_at
- ``runbook_executions``: id, runbook_name, runbook_version, executed_by, status, execution_phase, phase_step,
  start_time, end_time, duration_seconds, error_reason, system_state_before, system_state_after, result_json
- ``ingestion_events``: event_id, contest_id, event_type, payload_hash, received_at, validation_status, payload_sha256
  (computed by the observer from the stored payload)
- ``ingestion_errors``: error_id, contest_id, error_code, created_at
- ``settlement_runs``: run_id, contest_id, status, started_at, completed_at, error_code
- ``users``: user_id, is_admin, stripe_account_id, deleted_at
- ``disputes``: dispute_id, stripe_dispute_id, payment_id, contest_id, user_id, amount_cents, fee_cents,
  acknowledged_at, created_at
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from simulation.contract.document import Contract
from simulation.events.governance import Governance
from simulation.world.ports import Admin, People, Service

if TYPE_CHECKING:
    from simulation.clock import Kernel
    from simulation.environment.installations import Needs
    from simulation.environment.protocol import Database
    from simulation.environment.server import PostgresServer
    from simulation.faults.statements import StatementWatch
    from simulation.history import Recorder
    from simulation.witness.exchange import ExchangeContext
    from simulation.world.network.external import ExternalNetwork
    from simulation.world.provider.feed import Feed
    from simulation.world.stripe.integration import Integration


@dataclass(frozen=True, kw_only=True, repr=False)
class TargetKeys:
    """Throw-away secrets of one run; no ``repr``, so that none reaches a log."""

    stripe_platform_key: str
    stripe_publishable_key: str
    stripe_dashboard_key: str
    stripe_webhook_secret: str
    stripe_standby_webhook_secret: str
    """Of the endpoint that is disabled until operations need it."""
    admin_jwt_secret: str
    admin_break_glass_secret: str = ""

    @classmethod
    def throw_away(cls) -> TargetKeys:
        """Drawn from the system; nothing in the history depends on them."""
        return cls(
            stripe_platform_key=f"sk_test_{secrets.token_hex(12)}",
            stripe_publishable_key=f"pk_test_{secrets.token_hex(12)}",
            stripe_dashboard_key=f"rk_test_{secrets.token_hex(12)}",
            stripe_webhook_secret=f"whsec_{secrets.token_hex(16)}",
            stripe_standby_webhook_secret=f"whsec_{secrets.token_hex(16)}",
            admin_jwt_secret=secrets.token_hex(32),
            admin_break_glass_secret=secrets.token_hex(32),
        )


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Where the world finds what it asks a platform for; the defaults are those of fixtures/spec/platform.md."""

    webhook: str = "/api/webhooks/stripe"
    metrics: str | None = "/metrics"
    """None: there is no such page, and no alert can fire."""
    admin_probe: str | None = "/api/admin/contests"
    """A GET for admins only, with which a run shows whose token is refused; None: there is none."""
    diagnostics: bool = True
    """Whether the admin diagnostics of fixtures/spec/platform.md are there."""


class JobWatch(Protocol):
    """Background work over a run: driven from here, or driven by the target's own timers and watched."""

    def start(self) -> None:
        """Begin now."""
        ...

    def record_summaries(self) -> None:
        """Record how often each job ran and its largest gap."""
        ...


class Target(Protocol):
    """A platform under simulation, brought up."""

    name: str
    governance: Governance
    relations: Mapping[str, str]
    """Canonical relation to the SQL the observer runs for it."""
    routes: Routes
    wsgi: Any
    """Its HTTP interface as a WSGI application, in whatever process it runs; the exchange witness wraps it."""

    kill_after_next_request: Callable[[], None] | None
    """Has the platform killed once it has dealt with the next request, before its answer is out; None for one that
    cannot be killed."""

    service: Service | None
    """By which the hosting provider restarts it; None for a target that only its owner can restart."""

    signing_key: Path | None
    """The file in which its identity service keeps the key of admins' tokens, for a fault that takes it away; None
    where the key comes another way, and such a fault meets no victim."""

    stripe_key_file: Path | None
    """The file from which it reads the secret key of Stripe, for a fault that rolls the key; None where the key comes
    another way, and such a fault meets no victim."""

    def people(self, *, http: httpx.Client, context: ExchangeContext) -> People:
        """How players and organizers act on it; requests go through ``http``, and ``context`` knows whose they are."""
        ...

    def job_watch(self, *, kernel: Kernel, recorder: Recorder, is_stopped: Callable[[str], bool]) -> JobWatch:
        """Its background work.

        :param is_stopped: asked by a job's name whether a fault keeps its timer from firing now. A target whose own
            timers drive its jobs has nobody to ask; such a fault meets no victim there, and the jury says so.
        """
        ...

    def create_admin(self, *, name: str, email: str, role: str) -> Admin:
        """Deployment-time bootstrap of an admin, before the absence begins."""
        ...

    def revoke_admin(self, *, http: httpx.Client, authorization: Mapping[str, str], user_id: str) -> None:
        """Take an admin's rights, before the absence begins, as the admin whose ``authorization`` it is."""
        ...

    def admin_token(self, *, subject: str, ttl_seconds: int) -> str:
        """A bearer token for an admin user, valid from the simulated now."""
        ...

    def break_glass_token(self, *, subject: str, ttl_seconds: int) -> str | None:
        """The token for the time in which no other can be verified; None where there is no such thing."""
        ...

    def configuration(self) -> Mapping[str, str]:
        """What the platform was configured with, name to hash of the value: its fingerprint must not change."""
        ...

    def code_files(self) -> Sequence[Path]:
        """The files whose change would be a deploy."""
        ...

    def log_lines(self) -> Sequence[str]:
        """Its log so far, where that is the same in each run of a seed; else nothing, and the run's file has it."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a target is brought up on: the database, the clock, and the world it will call."""

    server: PostgresServer
    database: Database
    folder: Path
    """The run's workspace, gone when the run is over."""
    log: Path
    """Where its output goes."""
    kernel: Kernel
    recorder: Recorder
    seed: int
    keys: TargetKeys
    network: ExternalNetwork
    """Everything it may call: Stripe, the score provider, and from the first scrape on the hosted monitoring."""
    alerts_host: str
    """Host name of the hosted monitoring."""
    statements: StatementWatch | None = None
    """Who is asked at every statement of the platform; None: nobody, and its statements pass no point."""


class TargetChoice(Protocol):
    """A target that was asked for and read, not yet brought up."""

    @property
    def name(self) -> str: ...

    @property
    def option(self) -> str:
        """How it is asked for on the command line (``--target DIR``); empty for the one that needs no asking for."""
        ...

    @property
    def runbooks(self) -> Path:
        """Folder with the runbooks its operator has."""
        ...

    @property
    def alerts(self) -> Path:
        """Folder with its alerting rules."""
        ...

    @property
    def feed(self) -> Feed | None:
        """The score provider in its own dialect; None for the documented one."""
        ...

    @property
    def integration(self) -> Integration:
        """How it uses Stripe."""
        ...

    @property
    def contract(self) -> Contract:
        """What it declares that it writes; empty where it declares nothing."""
        ...

    @property
    def stripe_hosts(self) -> Sequence[str]:
        """Host names by which it calls Stripe."""
        ...

    @property
    def webhook(self) -> str:
        """Path at which it receives Stripe's events."""
        ...

    @property
    def provider_hosts(self) -> Sequence[str]:
        """Host names by which it calls the score provider."""
        ...

    @property
    def server_needs(self) -> Needs:
        """What its schema asks of the database's server."""
        ...

    def schema_digest(self) -> str | None:
        """Of all that :meth:`load_schema` loads, so that what it loaded once can be kept; None: it cannot be told."""
        ...

    def load_schema(self, url: str, *, folder: Path, clock_file: Path, keys: TargetKeys) -> None:
        """Load its schema, and the rows that it starts with, into the empty database at an SQLAlchemy URL, as its
        owner."""
        ...

    def bring_up(self, site: Site) -> Target:
        """Start it; :meth:`Target.close` ends it.

        :raises EnvironmentFault: it does not come up.
        """
        ...
