"""The ordered record of a run, written by every witness: the one interface between world, checks and report.

``history.jsonl`` has one event a line. Every event carries its order (``seq``), its simulated instant (``at``) and the
``cause`` it goes back to: ``fault:<id>`` where a fault started it, else the thing that did (``job:payout:…``,
``entrant:…``, ``alert:…``, ``execution:…``, ``setup``, ``monitor``). Nothing in it depends on wall time, hashing or
process ids, so that a digest over the lines is a fingerprint of the history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TextIO, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from simulation.clock import SimulationClock
from simulation.governance import Governance


class Event(BaseModel):
    """Base of all events. ``at`` is simulated, aware UTC, whole seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outside_digest: ClassVar[frozenset[str]] = frozenset()
    """Fields that tell of the machine a run was made on, not of what happened: two environments differ in them."""

    seq: int = 0
    at: datetime = datetime.min.replace(tzinfo=UTC)
    cause: str = ""


# --- the run itself ---------------------------------------------------------------------------------------------


class RunStarted(Event):
    outside_digest = frozenset({"environment", "environment_reason"})

    kind: Literal["run_started"] = "run_started"
    scenario: str
    scenario_document: JsonValue
    """The scenario as loaded (model dump): what the checks know of contests, faults, expectations."""
    seed: int
    days: int
    window_start: datetime
    window_end: datetime
    absence_start: datetime
    """Founder access is revoked from here on."""
    target: str
    environment: str
    environment_reason: str = ""
    """Why ``auto`` chose it."""
    governance: Governance
    """So that a stored history can be judged without its platform."""


class ClockProof(Event):
    """Kernel, Postgres, Python and the shell asked for the time at one instant."""

    kind: Literal["clock_proof"] = "clock_proof"
    subject: Literal["postgres", "python", "shell", "target"]
    kernel_time: datetime
    subject_time: datetime


class Fingerprint(Event):
    """What must not change while nobody is there. Values are sha256 hex; sampled at start, daily and at the end."""

    kind: Literal["fingerprint"] = "fingerprint"
    moment: Literal["start", "during", "end"]
    code: str
    environment_variables: str
    database_configuration: str
    database_grants: str
    database_schema: str
    runbooks: str


class AccessProbe(Event):
    """An attempt to use an access that must not exist (the founder's), or one that must (the operator's)."""

    kind: Literal["access_probe"] = "access_probe"
    subject: Literal["founder_database", "founder_admin_token", "superuser_database", "operator_admin_token"]
    moment: Literal["start", "end"]
    refused: bool
    detail: str


class JobSummary(Event):
    """A background job over the whole run, as the scheduler saw it."""

    kind: Literal["job_summary"] = "job_summary"
    job: str
    interval_seconds: int
    runs: int
    busy_runs: int
    first_at: datetime | None
    last_at: datetime | None
    largest_gap_seconds: int


class JobFailed(Event):
    """A background job raised; the exception's class and message, no trace."""

    kind: Literal["job_failed"] = "job_failed"
    job: str
    error: str


class RunEnded(Event):
    """Last event. ``pending`` names what had not converged by the deadline."""

    kind: Literal["run_ended"] = "run_ended"
    healthy_at: datetime
    """When the last fault was over."""
    converged_at: datetime | None
    converge_deadline: datetime
    pending: tuple[str, ...] = ()
    events_processed: int
    statements: int = 0


# --- faults -----------------------------------------------------------------------------------------------------


class FaultScheduled(Event):
    """One line of the concrete schedule that the seed produced."""

    kind: Literal["fault_scheduled"] = "fault_scheduled"
    fault_id: str
    fault_kind: str
    starts_at: datetime
    ends_at: datetime | None
    keys: dict[str, str]
    """What it is aimed at: ``contest`` (scenario key), ``user_id``, ``rank``, ``tournament`` …"""
    expectation: Literal["self_heals", "runbook", "terminal"]
    runbook: str | None = None
    reason: str | None = None


class FaultInjected(Event):
    """The fault met its victim. May happen several times for one fault (a transfer that times out twice)."""

    kind: Literal["fault_injected"] = "fault_injected"
    fault_id: str
    fault_kind: str
    keys: dict[str, str]
    """Concrete business keys: ``payout_transfer_id``, ``stripe_event_id``, ``payment_intent`` …"""
    detail: str


# --- HTTP exchange with the platform ----------------------------------------------------------------------------

Actor = Literal[
    "entrant", "organizer", "stripe", "operator", "operator_robot", "monitor", "setup", "founder", "engineer"
]


class Exchange(Event):
    """One request the platform answered. The monitor's scrapes are counted, not recorded."""

    kind: Literal["exchange"] = "exchange"
    actor: Actor
    request_id: str
    method: str
    path: str
    query: str = ""
    status: int
    request_body: JsonValue = None
    response_body: JsonValue = None
    execution_id: str | None = None
    """The open runbook execution this request belongs to, as the world knows it."""
    token_subject: str | None = None
    """``sub`` of the bearer token, where there was one. Never the token."""


# --- Stripe twin ------------------------------------------------------------------------------------------------

StripeOrigin = Literal["platform", "entrant", "dashboard", "harness"]


class StripeCall(Event):
    """One API request as the twin's journal has it."""

    kind: Literal["stripe_call"] = "stripe_call"
    request_id: str
    origin: StripeOrigin
    method: str
    path: str
    params: JsonValue = None
    idempotency_key: str | None = None
    status: int | None
    """None: no answer reached the caller (timeout, reset)."""
    error_code: str | None = None
    object_id: str | None = None
    executed: bool
    """The call changed Stripe's state (false for reads, refusals, replays, and timeouts before effect)."""
    replayed: bool = False
    fault_id: str | None = None


class StripeMovement(Event):
    """A balance transaction at Stripe, with Stripe's signs: ``net_cents = amount_cents - fee_cents``."""

    kind: Literal["stripe_movement"] = "stripe_movement"
    balance_transaction_id: str
    movement: Literal["charge", "transfer", "refund", "adjustment", "topup", "transfer_reversal"]
    amount_cents: int
    fee_cents: int
    net_cents: int
    currency: str
    available_at: datetime
    source_id: str
    """``ch_…``, ``tr_…``, ``re_…``."""
    payment_intent_id: str | None = None
    destination: str | None = None
    contest_id: str | None = None
    user_id: str | None = None
    idempotency_key: str | None = None
    origin: StripeOrigin = "platform"


class StripeBalance(Event):
    """The twin's platform balance, recorded at the end (and after nothing else)."""

    kind: Literal["stripe_balance"] = "stripe_balance"
    opening_cents: int
    available_cents: int
    pending_cents: int


class StripeObject(Event):
    """Final state at Stripe of an object that the books speak of; recorded at the end, ordered by id."""

    kind: Literal["stripe_object"] = "stripe_object"
    object_type: Literal["payment_intent", "charge", "transfer", "refund", "account", "dispute", "webhook_endpoint"]
    object_id: str
    status: str
    amount_cents: int = 0
    contest_id: str | None = None
    user_id: str | None = None
    payment_intent_id: str | None = None
    destination: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class RequestShape(BaseModel):
    """A kind of request to Stripe: endpoint (``{id}`` for an id) and parameters, each as ``name: kind of value``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    path: str
    parameters: tuple[str, ...]
    example_seq: int
    """The first call of this shape."""


class ShapeAnswer(BaseModel):
    """What stripe-mock said of a shape's example."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: int
    complaint: str = ""


class StripeContract(Event):
    """Every distinct shape of the platform's requests, and what stripe-mock said of each, in the same order."""

    outside_digest = frozenset({"judge", "problem", "answers"})

    kind: Literal["stripe_contract"] = "stripe_contract"
    shapes: tuple[RequestShape, ...]
    judge: str = ""
    """Which stripe-mock; empty where there was none."""
    problem: str = ""
    """Why there was none, with the remedy."""
    answers: tuple[ShapeAnswer, ...] = ()


class WebhookAttempt(Event):
    kind: Literal["webhook_attempt"] = "webhook_attempt"
    event_id: str
    event_type: str
    object_id: str
    attempt: int
    status: int | None
    next_attempt_at: datetime | None
    fault_id: str | None = None


# --- score provider ---------------------------------------------------------------------------------------------


class ProviderPublication(Event):
    """What the provider really knows, at each change of its board.

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
    """An answer that was not an unmodified 304 of a healthy provider: new payload, malformed payload, failure."""

    kind: Literal["provider_answer"] = "provider_answer"
    tournament: str
    status: int | None
    revision: int | None
    payload_sha256: str | None = None
    """Canonical-JSON hash where the body was JSON, hash of the raw bytes else."""
    valid: bool
    fault_id: str | None = None


# --- people -----------------------------------------------------------------------------------------------------


Action = Literal[
    "signed_up",
    "created_contest",
    "published_contest",
    "joined",
    "paid",
    "paid_late",
    "paid_twice",
    "never_paid",
    "opened_intent",
    "refused",
]


class EntrantAction(Event):
    """What a player or organizer set out to do, by their own account."""

    kind: Literal["entrant_action"] = "entrant_action"
    person: str
    """Scenario-wide key, e.g. ``p017``."""
    user_id: str | None
    contest: str | None
    contest_id: str | None
    action: Action
    amount_cents: int = 0
    payment_intent_id: str | None = None
    roster: tuple[str, ...] = ()
    detail: str = ""
    """``refused``: the act that failed and the platform's answer."""


class MetricChange(Event):
    """Series of the metrics endpoint whose value changed since the last scrape (None: the series is gone)."""

    kind: Literal["metric_change"] = "metric_change"
    changes: dict[str, float | None]
    """Key: the series in exposition form, ``name{label="value"}``."""


class AlertFired(Event):
    kind: Literal["alert_fired"] = "alert_fired"
    alert_id: str
    alert: str
    labels: dict[str, str]
    severity: str
    runbook: str | None
    """Name of the linked runbook (file stem of ``runbook_url``)."""
    pending_since: datetime
    value: float


class AlertResolved(Event):
    kind: Literal["alert_resolved"] = "alert_resolved"
    alert_id: str
    alert: str


class ExecutionStarted(Event):
    kind: Literal["execution_started"] = "execution_started"
    execution_id: str
    runbook: str
    version: str
    sha256: str
    alert_id: str | None
    operator: str
    writes: bool
    state_before: JsonValue = None


class RunbookStep(Event):
    """One command, as typed and as answered. The token stands in the command only as a variable."""

    kind: Literal["runbook_step"] = "runbook_step"
    execution_id: str
    section: str
    step: int
    line: int
    command: str
    expected: str
    output: str
    exit_status: int
    expected_exit_status: int
    matched: bool
    writes: bool
    request_ids: tuple[str, ...] = ()


class ExecutionEnded(Event):
    kind: Literal["execution_ended"] = "execution_ended"
    execution_id: str
    runbook: str
    status: Literal["completed", "failed", "partial"]
    error: str | None = None
    state_after: JsonValue = None
    sim_duration_seconds: int


class Escalated(Event):
    kind: Literal["escalated"] = "escalated"
    alert_id: str | None
    execution_id: str | None
    reason: str


# --- database witnesses -----------------------------------------------------------------------------------------

Row = dict[str, JsonValue]


class Change(BaseModel):
    """One committed row change.

    ``new``: the row after it (insert, update); ``key``: the old key columns (update of a key, delete).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    op: Literal["insert", "update", "delete", "truncate"]
    new: Row = Field(default_factory=dict)
    key: Row = Field(default_factory=dict)


class Transaction(Event):
    """One committed transaction from the write-ahead log; ``at`` is its commit time.

    ``xid`` counts from 1 within the run, in commit order; ``xid8`` columns hold it too (the witness translates), so
    that the server's own numbers never reach the history.
    """

    kind: Literal["transaction"] = "transaction"
    xid: int
    changes: tuple[Change, ...]


class DatabaseAccess(Event):
    """A connection, or a statement of a role whose statements are logged. From the server's JSON log."""

    kind: Literal["database_access"] = "database_access"
    role: str
    application: str
    access: Literal["connection", "statement", "refused"]
    statement: str = ""
    count: int = 1


class WitnessSummary(Event):
    """What each witness saw in all; a witness that saw nothing has been silenced."""

    kind: Literal["witness_summary"] = "witness_summary"
    witness: Literal["wal", "access_log", "stripe_journal", "exchange", "provider"]
    records: int
    problem: str | None = None


# --- observation ------------------------------------------------------------------------------------------------


class Sample(Event):
    """One number or list the platform reports about itself, beside what the witness saw at that instant."""

    kind: Literal["sample"] = "sample"
    endpoint: str
    subject: str
    reported: JsonValue
    observed: JsonValue


class Observation(Event):
    """A canonical relation (see ``simulation/target/protocol.py``) as the observer read it at the end of the run."""

    kind: Literal["observation"] = "observation"
    relation: str
    rows: tuple[Row, ...]


AnyEvent = Annotated[
    RunStarted
    | ClockProof
    | Fingerprint
    | AccessProbe
    | JobSummary
    | JobFailed
    | RunEnded
    | FaultScheduled
    | FaultInjected
    | Exchange
    | StripeCall
    | StripeMovement
    | StripeBalance
    | StripeObject
    | StripeContract
    | WebhookAttempt
    | ProviderPublication
    | ProviderAnswer
    | EntrantAction
    | MetricChange
    | AlertFired
    | AlertResolved
    | ExecutionStarted
    | RunbookStep
    | ExecutionEnded
    | Escalated
    | Transaction
    | DatabaseAccess
    | WitnessSummary
    | Sample
    | Observation,
    Field(discriminator="kind"),
]
_EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
_E = TypeVar("_E", bound=Event)

_cause: ContextVar[str] = ContextVar("cause", default="setup")


@contextmanager
def caused_by(cause: str) -> Iterator[None]:
    """Everything recorded within this block goes back to ``cause``. Not to be held across a process's ``yield``."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def current_cause() -> str:
    """The cause of whatever is running now."""
    return _cause.get()


class Recorder:
    """Appends events to the history, in memory and in ``history.jsonl``, stamping order, time and cause."""

    def __init__(
        self, *, clock: SimulationClock, file: TextIO | None = None, listener: Callable[[Event], None] | None = None
    ) -> None:
        self._clock = clock
        self._file = file
        self._listener = listener
        self.events: list[Event] = []

    def record(self, event: _E, *, at: datetime | None = None, cause: str | None = None) -> _E:
        """Stamp and keep ``event``; ``at`` and ``cause`` default to now and to the running cause."""
        stamped = event.model_copy(
            update={
                "seq": len(self.events) + 1,
                "at": at or self._clock.now,
                "cause": current_cause() if cause is None else cause,
            }
        )
        self.events.append(stamped)
        if self._file is not None:
            self._file.write(line_of(stamped) + "\n")
        if self._listener is not None:
            self._listener(stamped)
        return stamped


class History:
    """A finished (or broken-off) history, read only."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events: tuple[Event, ...] = tuple(events)

    def of(self, kind: type[_E]) -> Sequence[_E]:
        """Events of one class, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def rows(self, relation: str) -> Sequence[Row] | None:
        """Rows of a canonical relation at the end of the run, or None when it was not observed."""
        found = [event for event in self.of(Observation) if event.relation == relation]
        return found[-1].rows if found else None

    @property
    def started(self) -> RunStarted | None:
        found = self.of(RunStarted)
        return found[0] if found else None

    @property
    def ended(self) -> RunEnded | None:
        found = self.of(RunEnded)
        return found[0] if found else None

    def digest(self) -> str:
        """sha256 over the lines, without what only names the machine: the fingerprint of the run."""
        digest = hashlib.sha256()
        for event in self.events:
            digest.update(line_of(event, without=event.outside_digest).encode() + b"\n")
        return digest.hexdigest()

    @classmethod
    def load(cls, file: Path) -> History:
        """Read ``history.jsonl``. A torn last line (a killed run) is dropped.

        :raises ValueError: any other line is not an event; with its number.
        """
        lines = file.read_text().splitlines()
        events: list[Event] = []
        for number, line in enumerate(lines, start=1):
            try:
                events.append(_EVENTS.validate_json(line))
            except ValueError as error:
                if number == len(lines):
                    break
                raise ValueError(f"{file}:{number}: not an event of a history: {error}") from error
        return cls(events)


def line_of(event: Event, *, without: frozenset[str] = frozenset()) -> str:
    """One event as a line of ``history.jsonl``: JSON with sorted keys."""
    document = event.model_dump(mode="json", exclude=set(without))
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
