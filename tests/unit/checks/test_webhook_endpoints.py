"""A webhook endpoint may be changed by a runbook's request, and by nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulation.checks.access import no_stripe_dashboard
from simulation.events import ExecutionStarted, StripeCall
from tests.unit.checks import story_runbook
from tests.unit.checks.builder import Book, assert_found, run
from tests.unit.checks.story import passing

SWITCH = "/api/admin/diagnostics/replay-stripe-events"
"""Any request that only runbooks may make; the builder's governance has the diagnostics."""


def switched(book: Book, *, origin: Any = "platform", later: int = 0, path: str = SWITCH, **facts: Any) -> None:
    """The platform changes an endpoint while it answers a request, some time after the execution began."""
    began = next(event for event in book.entries if isinstance(event, ExecutionStarted))
    at = began.at + timedelta(seconds=1 + later)
    call = StripeCall(
        request_id="r", origin=origin, method="POST", path="/v1/webhook_endpoints/we_1", status=200, executed=True
    )
    book.add(call, at)
    story_runbook.exchange(book, path, at, **{"request_id": "c-1", **facts})


def test_an_operator_within_an_execution_may() -> None:
    book = passing()
    switched(book)

    assert run(no_stripe_dashboard, book).outcome == "pass"


@pytest.mark.parametrize(
    "facts",
    [
        {"execution_id": None},
        {"execution_id": "somebody-elses"},
        {"later": 86_400 * 3},
        {"path": "/api/payments/intents"},
        {"method": "GET"},
        {"actor": "entrant"},
        {"origin": "dashboard"},
    ],
    ids=["no execution", "another execution", "when it is over", "another request", "a look", "not ops", "dashboard"],
)
def test_nobody_else_may(facts: dict[str, Any]) -> None:
    assert_found(no_stripe_dashboard, passing(), lambda book: switched(book, **facts), "endpoint")
