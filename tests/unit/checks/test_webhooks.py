"""Webhooks that the platform accepted, against those that Stripe sent."""

from __future__ import annotations

import pytest

from simulation.checks.webhooks import webhooks_authentic
from simulation.events import Exchange, WebhookAttempt, WitnessSummary
from tests.unit.checks.builder import Break, assert_found, assert_unknown, run
from tests.unit.checks.story import passing

WEBHOOK: dict[str, object] = {"path": "/api/webhooks/stripe"}
FOUND = "the platform accepted an event that Stripe did not send"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: b.edit(Exchange, WEBHOOK, request_body={"id": "evt_forged"}),
        lambda b: b.edit(Exchange, WEBHOOK, actor="entrant"),
        lambda b: b.edit(Exchange, WEBHOOK, request_body="not an event"),
        lambda b: b.drop(WebhookAttempt, event_id="evt_1"),
    ],
    ids=["unknown event", "sent by somebody else", "no event at all", "never sent"],
)
def test_found(spoil: Break) -> None:
    assert_found(webhooks_authentic, passing(), spoil, FOUND)


def test_a_refused_forgery_is_as_it_should_be() -> None:
    book = passing()
    exchange = next(event for event in book.entries if isinstance(event, Exchange) and event.path == WEBHOOK["path"])
    forged = exchange.model_copy(update={"actor": "entrant", "request_body": {"id": "evt_forged"}, "status": 400})
    book.add(forged, exchange.at)

    assert run(webhooks_authentic, book).outcome == "pass"


def test_without_the_exchange_nothing_is_known() -> None:
    assert_unknown(webhooks_authentic, passing(), lambda b: b.drop(WitnessSummary, witness="exchange"), "exchange")


def test_a_platform_with_a_path_of_its_own_is_watched_where_stripe_comes_to_it() -> None:
    book = passing()
    book.edit(Exchange, WEBHOOK, path="/v2/hooks")
    exchange = next(event for event in book.entries if isinstance(event, Exchange) and event.path == "/v2/hooks")
    assert run(webhooks_authentic, book).outcome == "pass"

    forged = exchange.model_copy(update={"actor": "entrant", "request_body": {"id": "evt_forged"}})
    book.add(forged, exchange.at)
    assert [finding.message for finding in run(webhooks_authentic, book).findings] == [FOUND]
