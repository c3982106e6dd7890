"""Events of the run itself: its beginning and end, its clocks, accesses, fingerprints and background jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from simulation.events.base import Event
from simulation.events.governance import Governance
from simulation.events.operations import AlertRuleAsRun, ShippedRunbook


class RunStarted(Event):
    outside_digest = frozenset(
        {"environment", "environment_reason", "target_option", "asked", "version", "commit", "tree"}
    )

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
    target_option: str = ""
    """The command-line option that chose the target."""
    asked: tuple[str, ...] = ()
    """The arguments of ``simulate`` that give this run once more."""
    version: str = "unknown"
    commit: str = "unknown"
    """Of the code that made the run; ``unknown`` outside of git, as ``tree`` is."""
    tree: str = "unknown"
    """``clean`` or ``changed``: whether all of it was committed."""
    environment: str
    environment_reason: str = ""
    """Why the environment ``auto`` chose this one."""
    governance: Governance
    """Stored so that a history can be judged without its platform."""
    runbooks: dict[str, ShippedRunbook] = Field(default_factory=dict)
    """Name → the runbook as shipped: what an operator may carry out."""
    alert_rules: tuple[AlertRuleAsRun, ...] = ()
    """What the monitoring evaluates in this run, be it the project's own rules or those of a target."""


class ClockProof(Event):
    """The time that kernel, Postgres, Python and the operator's shell gave when they were asked at one instant."""

    kind: Literal["clock_proof"] = "clock_proof"
    subject: Literal["postgres", "python", "shell", "target"]
    kernel_time: datetime
    subject_time: datetime


class Fingerprint(Event):
    """Hashes of what must not change during the absence. Values are sha256 hex; taken at the start, daily and at the
    end."""

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


class HostRefused(Event):
    """A backend in a process of its own asked for a host that is neither Stripe nor the score provider."""

    kind: Literal["host_refused"] = "host_refused"
    host: str


class ProgramEnded(Event):
    """A program of a backend in processes of its own ended by itself, not by a fault."""

    kind: Literal["program_ended"] = "program_ended"
    program: str
    place: str
    """``file:line`` of its command."""
    status: int
    """Its exit status; negative: the signal."""
    last_words: str
    started_again: bool
    """Whether its supervisor starts it again, or has given up."""


class JobGap(BaseModel):
    """Two successive runs of a job that are further apart than its interval allows."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    since: datetime
    until: datetime


class JobSummary(Event):
    """A background job over the whole run: how often it ran, and its largest gap."""

    kind: Literal["job_summary"] = "job_summary"
    job: str
    interval_seconds: int
    runs: int
    busy_runs: int
    first_at: datetime | None
    last_at: datetime | None
    largest_gap_seconds: int
    gaps: tuple[JobGap, ...] = ()
    """Every gap that is longer than the interval and a minute, in order."""


class JobUnseen(Event):
    """A background job of which the target shows no run, or none in which it had nothing to do."""

    kind: Literal["job_unseen"] = "job_unseen"
    job: str
    interval_seconds: int
    why: str


class JobFailed(Event):
    """A background job raised; the exception's class and message, no trace."""

    kind: Literal["job_failed"] = "job_failed"
    job: str
    error: str


class RunEnded(Event):
    """The last event of a history. ``pending`` names what had not converged by the deadline."""

    kind: Literal["run_ended"] = "run_ended"
    healthy_at: datetime
    """When the last fault was over."""
    converged_at: datetime | None
    converge_deadline: datetime
    pending: tuple[str, ...] = ()
    events_processed: int


class ContractDeclared(Event):
    """What the target says that it writes (:mod:`simulation.contract`): a history is judged by itself."""

    kind: Literal["contract_declared"] = "contract_declared"
    document: dict[str, JsonValue]


class AdminAppointed(Event):
    """An admin whom the deployment appointed before the absence, as the deployment knows them."""

    kind: Literal["admin_appointed"] = "admin_appointed"
    user_id: str
    name: str
    email: str
    role: str
