"""Nobody was there: database, dashboard, deploys, endpoints, the founder's access."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.access import founder_revoked, no_database_access, no_stripe_dashboard, nothing_deployed
from simulation.checks.base import Check
from simulation.checks.interventions import no_manual_endpoints
from simulation.checks.network import no_other_host
from simulation.events import (
    AccessProbe,
    DatabaseAccess,
    Exchange,
    ExecutionStarted,
    Fingerprint,
    HostRefused,
    StripeCall,
    WitnessSummary,
)
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import movement

DURING = day(3)
WITHIN, BEFORE = day(5, 10, 0, 30), day(5, 9, 59, 30)
SCHEDULER = "/api/admin/diagnostics/run-payout-scheduler"


def _database(role: str, access: Any = "connection", statement: str = "", at: Any = DURING) -> Break:
    event = DatabaseAccess(role=role, application="psql", access=access, statement=statement)
    return lambda book: book.add(event, at)


def _stripe(method: str, path: str, origin: Any) -> Break:
    call = StripeCall(request_id="r", origin=origin, method=method, path=path, status=200, executed=True)
    return lambda book: book.add(call, day(2))


def _request(actor: Any, path: str = "/api/admin/contests", at: Any = DURING, **facts: Any) -> Break:
    values: dict[str, Any] = {"method": "POST", "status": 200, "request_id": "r", **facts}
    return lambda book: book.add(Exchange(actor=actor, path=path, **values), at)


def _deploy(**prints: str) -> Break:
    return lambda book: book.edit(Fingerprint, {"moment": "during"}, **prints)


def _founders_token_elsewhere(book: Book) -> None:
    _request("founder", status=403, token_subject="fred", at=day(6))(book)
    _request("entrant", token_subject="fred")(book)


def _glass(actor: Any, at: Any, *, path: str = "/api/admin/diagnostics/health", **facts: Any) -> Break:
    return _request(actor, path, at, **{"method": "GET", "token_scope": "break_glass", "token_subject": "ops", **facts})


def _glass_elsewhere(book: Book) -> None:
    book.edit(ExecutionStarted, {}, runbook="other")
    _glass("operator", WITHIN, execution_id="x-1")(book)


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "the founder connects": (no_database_access, _database("founder"), "connection during the absence"),
    "the founder only reads": (no_database_access, _database("founder", "statement", "SELECT 1"), "statement during"),
    "a superuser repairs a row": (no_database_access, _database("postgres", "statement", "UPDATE"), "statement during"),
    "the founder tries in vain": (no_database_access, _database("founder", "refused"), "tried to reach the database"),
    "a refund from the dashboard": (
        no_stripe_dashboard,
        _stripe("POST", "/v1/refunds", "dashboard"),
        "from the Stripe",
    ),
    "a host that nobody knows": (
        no_other_host,
        lambda b: b.add(HostRefused(host="hooks.slack.com"), day(2)),
        "none of the",
    ),
    "a look at the dashboard": (no_stripe_dashboard, _stripe("GET", "/v1/balance", "dashboard"), "from the Stripe"),
    "a webhook endpoint changed": (
        no_stripe_dashboard,
        _stripe("POST", "/v1/webhook_endpoints/we_1", "platform"),
        "endpoint was changed",
    ),
    "a transfer from the dashboard": (
        no_stripe_dashboard,
        lambda b: movement(b, "transfer", "tr_x", -5, day(3), origin="dashboard"),
        "a transfer of -$0.05 from the Stripe dashboard",
    ),
    "code deployed": (nothing_deployed, _deploy(code="c1"), "changed during the absence"),
    "environment changed": (nothing_deployed, _deploy(environment_variables="e1"), "changed during the absence"),
    "configuration changed": (nothing_deployed, _deploy(database_configuration="d1"), "changed during the absence"),
    "a grant given": (nothing_deployed, _deploy(database_grants="g1"), "changed during the absence"),
    "schema changed": (nothing_deployed, _deploy(database_schema="s1"), "changed during the absence"),
    "a runbook edited": (nothing_deployed, _deploy(runbooks="r1"), "changed during the absence"),
    "the founder at the API": (no_manual_endpoints, _request("founder"), "a request of the founder"),
    "an engineer at the API": (no_manual_endpoints, _request("engineer", method="GET"), "a request of the engineer"),
    "the founder's token in other hands": (no_manual_endpoints, _founders_token_elsewhere, "somebody who is absent"),
    "a change by the set-up": (no_manual_endpoints, _request("setup"), "by hand during the absence"),
    "scheduler triggered without an execution": (
        no_manual_endpoints,
        _request("operator", SCHEDULER),
        "outside an open runbook execution",
    ),
    "scheduler triggered after the execution": (
        no_manual_endpoints,
        _request("operator", SCHEDULER, day(5, 12), execution_id="x-1"),
        "outside an open runbook",
    ),
    "scheduler triggered before the execution": (
        no_manual_endpoints,
        _request("operator", SCHEDULER, execution_id="x-1"),
        "outside an open runbook",
    ),
    "scheduler triggered by somebody else meanwhile": (
        no_manual_endpoints,
        _request("entrant", SCHEDULER, day(5, 10, 0, 30), execution_id="x-1"),
        "outside an open",
    ),
    "an execution that no alert started": (
        no_manual_endpoints,
        lambda b: b.edit(ExecutionStarted, {}, alert_id=None),
        "outside an open runbook execution",
    ),
    "the break-glass token used to look": (no_manual_endpoints, _glass("operator", DURING), "outside an execution of"),
    "the break-glass token refused": (
        no_manual_endpoints,
        _glass("operator", DURING, status=403),
        "outside an execution",
    ),
    "the break-glass token within, for something else": (
        no_manual_endpoints,
        _glass("operator", WITHIN, path="/api/admin/contests", execution_id="x-1"),
        "for something it is not for",
    ),
    "the break-glass token in another one's hands": (
        no_manual_endpoints,
        _glass("entrant", WITHIN, execution_id="x-1"),
        "outside an execution",
    ),
    "the break-glass token in an execution of another runbook": (no_manual_endpoints, _glass_elsewhere, "outside an"),
    "the break-glass token long after the execution": (
        no_manual_endpoints,
        _glass("operator_robot", day(5, 12), execution_id="x-1"),
        "outside an execution",
    ),
    "the break-glass token opens an execution by hand": (
        no_manual_endpoints,
        _glass("operator", BEFORE, method="POST", path="/api/admin/runbooks/start"),
        "outside an execution",
    ),
    "the founder let in": (
        founder_revoked,
        lambda b: b.edit(AccessProbe, {"subject": "founder_database"}, refused=False),
        "let in at the start",
    ),
    "the superuser let in": (
        founder_revoked,
        lambda b: b.edit(AccessProbe, {"subject": "superuser_database"}, refused=False),
        "let in at the end",
    ),
    "the founder's token still good": (
        founder_revoked,
        lambda b: b.edit(AccessProbe, {"subject": "founder_admin_token"}, refused=False),
        "let in",
    ),
    "the operator locked out": (
        founder_revoked,
        lambda b: b.edit(AccessProbe, {"subject": "operator_admin_token"}, refused=True),
        "refused at",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


@pytest.mark.parametrize(
    ("check", "harmless"),
    [
        (no_database_access, _database("founder", at=day(-1))),
        (no_database_access, _database("founder", "refused", at=day(6))),
        (no_manual_endpoints, _request("founder", status=403, at=day(6))),
        (no_manual_endpoints, _request("setup", at=day(-1))),
        (no_manual_endpoints, _request("operator", "/api/admin/diagnostics/payouts", method="GET")),
    ],
    ids=["before the absence", "our own probe", "our own token probe", "set-up in its time", "a look by the operator"],
)
def test_harmless(check: Check, harmless: Break) -> None:
    book = passing()
    harmless(book)

    assert run(check, book).outcome == "pass"


def test_a_stranger_who_knows_no_password_is_shown_and_held_against_nobody() -> None:
    book = passing()
    _database("founder", "refused", 'password authentication failed for user "founder"')(book)
    result = run(no_database_access, book)
    assert (result.outcome, result.findings) == ("pass", ())
    assert "1 logins with a wrong password were refused" in result.note


def test_an_empty_access_log_is_fine_only_if_it_was_kept() -> None:
    book = passing()
    book.drop(DatabaseAccess)
    assert run(no_database_access, book).outcome == "pass"

    assert_unknown(
        no_database_access, book, lambda b: b.edit(WitnessSummary, {"witness": "access_log"}, records=0), "log"
    )


@pytest.mark.parametrize(
    ("check", "spoil", "reason"),
    [
        (no_stripe_dashboard, lambda b: b.drop(WitnessSummary, witness="stripe_journal"), "left no summary"),
        (no_other_host, lambda b: b.drop(WitnessSummary, witness="stripe_journal"), "left no summary"),
        (no_manual_endpoints, lambda b: b.edit(WitnessSummary, {"witness": "exchange"}, problem="broke"), "broke"),
        (nothing_deployed, lambda b: b.drop(Fingerprint, moment="end"), "at the end"),
        (nothing_deployed, lambda b: b.drop(Fingerprint, moment="start"), "at the start"),
        (nothing_deployed, lambda b: b.drop(Fingerprint, moment="during"), "undone would not show"),
        (founder_revoked, lambda b: b.drop(AccessProbe, moment="end"), "not tried at the end"),
    ],
)
def test_missing_evidence_is_unknown(check: Check, spoil: Break, reason: str) -> None:
    assert_unknown(check, passing(), spoil, reason)


@pytest.mark.parametrize(
    "used",
    [
        _glass("operator", WITHIN, execution_id="x-1"),
        _glass("operator", WITHIN, execution_id="x-1", status=403),
        _glass("operator_robot", WITHIN, execution_id="x-1", method="POST", path="/api/admin/runbooks/step"),
        _glass("operator_robot", BEFORE),
        _glass("operator_robot", BEFORE, method="POST", path="/api/admin/runbooks/start"),
        _glass("operator_robot", day(5, 10, 1), path="/api/admin/diagnostics/escalation-bundle", execution_id="x-1"),
    ],
    ids=["reads", "refused", "records", "notes the state before", "opens the execution", "collects the bundle"],
)
def test_the_break_glass_token_is_for_the_runbook_that_says_so(used: Break) -> None:
    book = passing()
    used(book)
    assert not run(no_manual_endpoints, book).findings
