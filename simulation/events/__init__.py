"""Every kind of event that a history can have, grouped by who records it. One event is one line of
``history.jsonl``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simulation.events.alerting import AlertEvaluation, AnnotationDifference, EvaluationDifference
from simulation.events.base import Event
from simulation.events.database import Change, DatabaseAccess, Row, TableCatalogue, Transaction, WitnessSummary
from simulation.events.exchange import Actor, Exchange
from simulation.events.faults import FaultInjected, FaultScheduled, Interleaved, InterleavedStep, row_digest
from simulation.events.hosting import HostingAction
from simulation.events.observation import Observation, PlatformLog, Sample, SampleLacking
from simulation.events.operations import (
    AlertFired,
    AlertResolved,
    AlertRuleAsRun,
    Escalated,
    ExecutionEnded,
    ExecutionStarted,
    ExecutionTakenOver,
    MetricChange,
    RuleFailed,
    RunbookStep,
    ScrapeFailed,
    ShippedRunbook,
    TaskDue,
    step_digest,
)
from simulation.events.people import Action, EntrantAction, PersonAct
from simulation.events.provider import ProviderAnswer, ProviderPublication
from simulation.events.run import (
    AccessProbe,
    AdminAppointed,
    ClockProof,
    ContractDeclared,
    Fingerprint,
    HostRefused,
    JobFailed,
    JobGap,
    JobSummary,
    JobUnseen,
    ProgramEnded,
    RunEnded,
    RunStarted,
)
from simulation.events.stripe import (
    RequestShape,
    ShapeAnswer,
    StripeAccountChange,
    StripeBalance,
    StripeCall,
    StripeContract,
    StripeEndpointChange,
    StripeEventMade,
    StripeMovement,
    StripeObject,
    StripeOrigin,
    WebhookAttempt,
)

AnyEvent = Annotated[
    RunStarted
    | ContractDeclared
    | AdminAppointed
    | ClockProof
    | Fingerprint
    | AccessProbe
    | JobSummary
    | JobUnseen
    | JobFailed
    | HostRefused
    | SampleLacking
    | ProgramEnded
    | RunEnded
    | FaultScheduled
    | FaultInjected
    | Interleaved
    | HostingAction
    | Exchange
    | StripeCall
    | StripeMovement
    | StripeBalance
    | StripeObject
    | StripeContract
    | StripeEventMade
    | StripeAccountChange
    | StripeEndpointChange
    | WebhookAttempt
    | ProviderPublication
    | ProviderAnswer
    | EntrantAction
    | MetricChange
    | RuleFailed
    | ScrapeFailed
    | AlertFired
    | AlertResolved
    | AlertEvaluation
    | TaskDue
    | ExecutionStarted
    | RunbookStep
    | ExecutionTakenOver
    | ExecutionEnded
    | Escalated
    | Transaction
    | DatabaseAccess
    | TableCatalogue
    | WitnessSummary
    | Sample
    | Observation
    | PlatformLog,
    Field(discriminator="kind"),
]

__all__ = [
    "AccessProbe",
    "Action",
    "Actor",
    "AdminAppointed",
    "AlertEvaluation",
    "AlertFired",
    "AlertResolved",
    "AlertRuleAsRun",
    "AnnotationDifference",
    "AnyEvent",
    "Change",
    "ClockProof",
    "ContractDeclared",
    "DatabaseAccess",
    "EntrantAction",
    "Escalated",
    "EvaluationDifference",
    "Event",
    "Exchange",
    "ExecutionEnded",
    "ExecutionStarted",
    "ExecutionTakenOver",
    "FaultInjected",
    "FaultScheduled",
    "Fingerprint",
    "HostRefused",
    "HostingAction",
    "Interleaved",
    "InterleavedStep",
    "JobFailed",
    "JobGap",
    "JobSummary",
    "JobUnseen",
    "MetricChange",
    "Observation",
    "PersonAct",
    "PlatformLog",
    "ProgramEnded",
    "ProviderAnswer",
    "ProviderPublication",
    "RequestShape",
    "Row",
    "RuleFailed",
    "RunEnded",
    "RunStarted",
    "RunbookStep",
    "Sample",
    "SampleLacking",
    "ScrapeFailed",
    "ShapeAnswer",
    "ShippedRunbook",
    "StripeAccountChange",
    "StripeBalance",
    "StripeCall",
    "StripeContract",
    "StripeEndpointChange",
    "StripeEventMade",
    "StripeMovement",
    "StripeObject",
    "StripeOrigin",
    "TableCatalogue",
    "TaskDue",
    "Transaction",
    "WebhookAttempt",
    "WitnessSummary",
    "row_digest",
    "step_digest",
]
