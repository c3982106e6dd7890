"""Defects planted in the platform from outside turn a run red, and the verdict names the checks that saw them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulation.staging import unit_of_work
from simulation.staging.clients import stripe as stripe_gateway
from simulation.staging.money import payouts
from tests.acceptance.conftest import Simulate


def _red_checks(result: Any) -> set[str]:
    assert result.verdict.outcome == "fail"
    assert result.verdict.exit_code == 1
    return {check.check for check in result.verdict.results if check.findings}


def test_a_transfer_without_its_idempotency_key_is_paid_twice_and_seen(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stripe_gateway.StripeGateway.create_transfer
    attempts: list[str] = []

    def forgetful(self: Any, *, idempotency_key: str, **rest: Any) -> str:
        attempts.append(idempotency_key)
        return real(self, idempotency_key=f"{idempotency_key}:{len(attempts)}", **rest)

    monkeypatch.setattr(stripe_gateway.StripeGateway, "create_transfer", forgetful)
    assert {"exactly_once", "three_way_reconciliation"} <= _red_checks(simulate("smoke_2d"))


def test_a_transition_without_its_audit_record_is_seen(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    real = unit_of_work.UnitOfWork.finish

    def forgetful(self: Any) -> None:
        if self.action != "contest_locked":
            real(self)

    monkeypatch.setattr(unit_of_work.UnitOfWork, "finish", forgetful)
    assert "audit_completeness" in _red_checks(simulate("smoke_2d"))


def test_a_transition_missing_from_the_contests_trail_is_seen(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = unit_of_work.UnitOfWork.record_contest_action

    def forgetful(self: Any, contest_id: Any, **rest: Any) -> None:
        if rest.get("to_status") != "LIVE":
            real(self, contest_id, **rest)

    monkeypatch.setattr(unit_of_work.UnitOfWork, "record_contest_action", forgetful)
    assert "transition_audit" in _red_checks(simulate("smoke_2d"))


def test_a_platform_that_pays_nobody_and_writes_down_a_reason_is_seen(
    simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    excuse = replace(payouts.LANE, obstacle=lambda _: "DESTINATION_ACCOUNT_MISSING")
    monkeypatch.setattr(payouts, "LANE", excuse)
    assert "given_up_for_cause" in _red_checks(simulate("smoke_2d"))
