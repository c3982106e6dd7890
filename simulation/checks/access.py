"""Nobody intervened directly: no database access, no use of the Stripe dashboard, no deployment, no founder access.

Source: fixtures/spec/requirements.md (C-3; C-5; C-7), simulation/DESIGN.md (Witnesses and checks).
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.checks.evidence.requests import matches
from simulation.checks.evidence.tasks import legitimate_executions, within_an_execution
from simulation.checks.lost_rows import ROWS_LOST
from simulation.currency import money
from simulation.events import (
    AccessProbe,
    DatabaseAccess,
    Exchange,
    FaultInjected,
    Fingerprint,
    HostingAction,
    StripeCall,
    StripeMovement,
)

_APPLICATION_ROLES = frozenset({"platform", "observer", "witness"})
_FINGERPRINTS = (
    "code",
    "environment_variables",
    "database_configuration",
    "database_grants",
    "database_schema",
    "runbooks",
)
_PROBES = {
    "founder_database": True,
    "founder_admin_token": True,
    "superuser_database": True,
    "operator_admin_token": False,
}
"""Who tries to sign in → whether that must be refused."""
_WITHOUT_THE_KEY = "password authentication failed"
"""PostgreSQL's message to a client with a wrong password: some other program on the machine, not part of the run."""
_MAINTENANCE = "maintenance"
_SAME_INSTANT = timedelta(seconds=1)
"""Tolerance for comparing times, because the log has only whole seconds."""
_OK = 200
_ACTIVATION = re.compile(r"/api/admin/configuration/\d+/activate")
"""The only request that may change a setting: it activates a version that was published and validated before."""
NEAR_A_PROBE = timedelta(seconds=60)


@check("No one but the application came to the database")
def no_database_access(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("access_log")
    since, strangers = case.started.absence_start, 0
    for access in case.events(DatabaseAccess):
        if access.at < since:
            continue
        inquiry.examine(access.count)
        if (
            access.role in _APPLICATION_ROLES
            or _is_a_fault(case, access)
            or (access.access == "refused" and _probed(case, access))
        ):
            continue
        if access.access == "refused" and access.statement.startswith(_WITHOUT_THE_KEY):
            strangers += access.count
            continue
        inquiry.find(
            f"role {access.role}",
            "tried to reach the database" if access.access == "refused" else f"{access.access} during the absence",
            keys=NO_KEYS,
            expected="the application's roles only",
            actual=access.statement or access.application,
            events=(access,),
            cause=True,
        )
    if strangers:
        inquiry.nothing_needed(f"{strangers} logins with a wrong password were refused: whose they were is not known")
    if not inquiry.examined:
        inquiry.nothing_needed("the access log was kept, and nobody came to the database during the absence")


def _is_a_fault(case: Case, access: DatabaseAccess) -> bool:
    """Whether this access was the maintenance script that a fault made delete rows, at the time of that fault.

    What the script changed is judged from the write-ahead log.
    """
    return access.role == _MAINTENANCE and any(
        strike.fault_kind == ROWS_LOST and abs(strike.at - access.at) <= _SAME_INSTANT
        for strike in case.events(FaultInjected)
    )


def _probed(case: Case, access: DatabaseAccess) -> bool:
    """Whether a refused connection was one of our own access probes: it happened at the same time."""
    return any(
        probe.subject.endswith("_database") and probe.refused and abs(probe.at - access.at) <= NEAR_A_PROBE
        for probe in case.events(AccessProbe)
    )


@check("Nobody used the Stripe dashboard, or changed a webhook endpoint outside a runbook execution")
def no_stripe_dashboard(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("stripe_journal")
    since = case.started.absence_start
    for call in case.events(StripeCall):
        inquiry.examine()
        if call.at < since:
            continue
        if call.origin == "dashboard":
            inquiry.find(
                call.object_id or call.path,
                f"{call.method} {call.path} from the Stripe dashboard",
                keys=Keys(stripe_request_id=call.request_id, stripe_object_id=call.object_id),
                events=(call,),
                cause=True,
            )
        elif call.path.startswith("/v1/webhook_endpoints") and call.method != "GET" and not _by_runbook(case, call):
            keys = Keys(stripe_request_id=call.request_id, stripe_object_id=call.object_id)
            what = "a webhook endpoint was changed"
            inquiry.find(call.object_id or call.path, what, keys=keys, events=(call,), cause=True)
    for movement in case.events(StripeMovement):
        inquiry.examine()
        if movement.origin == "dashboard" and movement.at >= since:
            inquiry.find(
                movement.source_id,
                f"a {movement.movement} of {money(movement.amount_cents, movement.currency)} from the Stripe dashboard",
                keys=Keys(stripe_object_id=movement.source_id, payment_intent_id=movement.payment_intent_id),
                amount_cents=abs(movement.amount_cents),
                currency=movement.currency,
                events=(movement,),
                cause=True,
            )


def _by_runbook(case: Case, call: StripeCall) -> bool:
    """Whether the platform made this call to Stripe while it handled an operator's request within an execution.

    A request is recorded when it is answered, so the first one recorded after the call is the one that caused it.

    :raises CannotTell: the target does not say which requests are a runbook's.
    """
    case.need_declared("runbook_only_requests")
    later = (exchange for exchange in case.events(Exchange) if exchange.seq > call.seq)
    asked = next(later, None)
    return (
        call.origin == "platform"
        and asked is not None
        and asked.method == "POST"
        and any(matches(pattern, asked) for pattern in case.governance.runbook_only_requests)
        and within_an_execution(case, asked, legitimate_executions(case))
    )


@check(
    "Code, environment, database configuration, grants, schema and runbooks stayed as they were, "
    "but for what a task of operations changed"
)
def nothing_deployed(case: Case, inquiry: Inquiry) -> None:
    prints = case.events(Fingerprint)
    if not prints or prints[0].moment != "start":
        raise CannotTell("no fingerprint was taken at the start")
    for earlier, later in pairwise(prints):
        inquiry.examine()
        for name in _FINGERPRINTS:
            before, after = getattr(earlier, name), getattr(later, name)
            if before != after and not _asked_for(case, name, earlier, later):
                inquiry.find(
                    name.replace("_", " "),
                    "changed during the absence",
                    keys=NO_KEYS,
                    expected=before,
                    actual=after,
                    events=(later, earlier),
                    cause=True,
                )
    if prints[-1].moment != "end":
        inquiry.cannot_tell("no fingerprint was taken at the end")
    if case.started.days > 1 and not any(item.moment == "during" for item in prints):
        inquiry.cannot_tell("no fingerprint was taken between start and end: a change that was undone would not show")


def _asked_for(case: Case, subject: str, earlier: Fingerprint, later: Fingerprint) -> bool:
    """Whether an operator's task made this change: its request lies between the two fingerprints."""
    legitimate = legitimate_executions(case)
    if subject == "environment_variables":
        return any(
            exchange.method == "POST"
            and exchange.status == _OK
            and _ACTIVATION.fullmatch(exchange.path) is not None
            and earlier.seq < exchange.seq < later.seq
            and within_an_execution(case, exchange, legitimate)
            for exchange in case.events(Exchange)
        )
    return subject == "database_configuration" and any(
        (action.service, action.action) == ("database", "resize")
        and earlier.seq < action.seq < later.seq
        and within_an_execution(case, action, legitimate)
        for action in case.events(HostingAction)
    )


@check("The founder's access was refused, and the operator's worked, at the start and at the end")
def founder_revoked(case: Case, inquiry: Inquiry) -> None:
    probes = case.events(AccessProbe)
    for subject, refused in _PROBES.items():
        if subject.endswith("_admin_token") and case.lacks("admin_endpoints"):
            continue
        for moment in ("start", "end"):
            found = [probe for probe in probes if (probe.subject, probe.moment) == (subject, moment)]
            if not found:
                inquiry.cannot_tell(f"{subject.replace('_', ' ')} was not tried at the {moment}")
            for probe in found:
                inquiry.examine()
                if probe.refused != refused:
                    inquiry.find(
                        subject.replace("_", " "),
                        f"{'refused' if probe.refused else 'let in'} at the {moment}",
                        keys=NO_KEYS,
                        expected="refused" if refused else "let in",
                        actual=probe.detail,
                        events=(probe,),
                        cause=True,
                    )
