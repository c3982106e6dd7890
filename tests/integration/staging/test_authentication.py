"""The signing key is gone: nobody's token can be verified, the break-glass token opens just enough to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from simulation.staging.admin_token import mint, mint_break_glass
from simulation.staging.platform import Platform
from simulation.staging.settings import Settings
from tests.integration.staging.conftest import JWT_SECRET, StagingPlatform

GLASS_SECRET = "g" * 32
REASON = {"reason": "a test says so"}
RUNBOOK = {"runbook_name": "authentication_service_unavailable", "runbook_version": "1.0.0", "executed_by": "ops"}


@dataclass(kw_only=True)
class House:
    """A platform whose key comes from a file, its replica from another."""

    stage: StagingPlatform
    settings: Settings
    client: Client
    primary: Path
    replica: Path

    def ask(self, method: str, path: str, body: object = None, *, token: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return self.client.open(f"/api/admin/{path}", method=method, json=body, headers=headers)

    @property
    def own(self) -> str:
        return mint(JWT_SECRET, self.stage.admin_id, self.stage.clock.now, 3600)

    @property
    def glass(self) -> str:
        return mint_break_glass(GLASS_SECRET, self.stage.admin_id, self.stage.clock.now, 3600)

    def start(self, **other: str) -> TestResponse:
        return self.ask("POST", "runbooks/start", {**RUNBOOK, **other}, token=self.glass)


@pytest.fixture
def house(stage: StagingPlatform, tmp_path: Path) -> Iterator[House]:
    primary, replica = tmp_path / "primary.key", tmp_path / "replica.key"
    for file in (primary, replica):
        file.write_text(f"{JWT_SECRET}\n")
    settings = replace(
        stage.settings,
        admin_jwt_secret="not used",
        admin_jwt_key_file=str(primary),
        admin_jwt_replica_key_file=str(replica),
        admin_break_glass_secret=GLASS_SECRET,
    )
    with running(settings) as client:
        yield House(stage=stage, settings=settings, client=client, primary=primary, replica=replica)


@contextmanager
def running(settings: Settings) -> Iterator[Client]:
    """One more process of the deployment."""
    platform = Platform(settings, log=[].append)
    try:
        yield platform.wsgi.test_client()
    finally:
        platform.close()


def error_rate(house: House) -> float:
    lines = house.client.get("/metrics").text.splitlines()
    (line,) = [line for line in lines if line.startswith("auth_service_error_rate ")]
    return float(line.split()[1])


def test_without_the_key_nobody_is_let_in_and_the_next_scrape_says_so(house: House) -> None:
    assert house.ask("GET", "contests", token=house.own).status_code == 200
    assert error_rate(house) == 0
    house.primary.unlink()
    answer = house.ask("GET", "contests", token=house.own)
    assert (answer.status_code, answer.json["error"]) == (503, "authentication_unavailable")
    assert error_rate(house) > 5


def test_an_outage_shows_although_nobody_logs_in(house: House) -> None:
    house.primary.write_text("")
    assert error_rate(house) == 100


def test_ops_fail_over_and_everybody_is_let_in_again(house: House) -> None:
    house.primary.unlink()
    page = house.ask("GET", "diagnostics/authentication", token=house.glass).json
    assert (page["active"], page["available"]) == ("primary", False)
    assert page["sources"] == {"primary": "unreadable", "replica": "readable"}
    assert house.start().status_code == 200
    answer = house.ask("POST", "authentication/fail-over", REASON, token=house.glass)
    assert (answer.status_code, answer.json) == (200, {"success": True, "active": "replica"})
    assert house.ask("GET", "contests", token=house.own).status_code == 200
    house.stage.pass_time(minutes=20)
    assert error_rate(house) == 0
    (event,) = house.stage.sql("SELECT subject, event, reason, admin_user_id FROM operations_events")
    assert (event["subject"], event["event"], event["reason"]) == ("authentication", "failed_over", REASON["reason"])
    (record,) = house.stage.sql("SELECT actor, reason FROM audit_log WHERE action = 'authentication_failed_over'")
    assert (record["actor"], record["reason"]) == (str(house.stage.admin_id), REASON["reason"])


def test_whether_the_replica_has_the_same_key_shows_beforehand_and_no_key_does(house: House) -> None:
    def agree() -> object:
        page = house.ask("GET", "diagnostics/authentication", token=house.own)
        assert JWT_SECRET not in page.text
        return page.json["sources_agree"]

    assert agree() is True
    house.replica.write_text("another key")
    assert agree() is False
    house.replica.unlink()
    assert agree() is None


def test_going_back_is_possible_whatever_became_of_the_primary(house: House) -> None:
    house.ask("POST", "authentication/fail-over", REASON, token=house.own)
    house.primary.unlink()
    assert house.ask("POST", "authentication/switch-back", REASON, token=house.own).json["active"] == "primary"
    assert house.ask("GET", "contests", token=house.own).status_code == 503


def test_a_switch_outlives_the_process(house: House) -> None:
    house.ask("POST", "authentication/fail-over", REASON, token=house.own)
    house.primary.unlink()
    headers = {"Authorization": f"Bearer {house.own}"}
    with running(house.settings) as again:
        assert again.get("/api/admin/contests", headers=headers).status_code == 200


def test_another_process_that_has_not_heard_of_the_switch_finds_it(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.own}"}
    with running(house.settings) as other:
        assert other.get("/api/admin/contests", headers=headers).status_code == 200
        house.ask("POST", "authentication/fail-over", REASON, token=house.own)
        house.primary.unlink()
        assert other.get("/api/admin/contests", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "contests", None),
        ("GET", "payout-transfers", None),
        ("POST", "diagnostics/run-payout-scheduler", None),
        ("POST", "authentication/fail-over", REASON),
        ("POST", "runbooks/start", {**RUNBOOK, "runbook_name": "chargeback"}),
        ("POST", "runbooks/step", {"execution_id": "00000000-0000-0000-0000-000000000001"}),
    ],
)
def test_the_break_glass_token_opens_nothing_else(house: House, method: str, path: str, body: object) -> None:
    house.primary.unlink()
    answer = house.ask(method, path, body, token=house.glass)
    assert (answer.status_code, answer.json["error"]) == (403, "break_glass_not_allowed")


def test_it_opens_nothing_while_tokens_can_be_verified(house: House) -> None:
    answer = house.ask("GET", "diagnostics/authentication", token=house.glass)
    assert (answer.status_code, answer.json["error"]) == (403, "break_glass_not_needed")


def test_it_is_of_no_use_to_whoever_is_no_admin_any_more(house: House) -> None:
    path = f"users/{house.stage.admin_id!s}/revoke-admin"
    assert house.ask("POST", path, REASON, token=house.own).status_code == 200
    house.primary.unlink()
    assert house.ask("GET", "diagnostics/authentication", token=house.glass).json["error"] == "forbidden"


def test_a_token_of_another_secret_or_scope_is_no_break_glass_token(house: House) -> None:
    house.primary.unlink()
    ops, now = house.stage.admin_id, house.stage.clock.now
    for token in (mint_break_glass("x" * 32, ops, now, 60), mint(GLASS_SECRET, ops, now, 60)):
        assert house.ask("GET", "diagnostics/authentication", token=token).status_code == 503


def test_there_must_be_something_to_fail_over_to(house: House) -> None:
    house.replica.unlink()
    answer = house.ask("POST", "authentication/fail-over", REASON, token=house.own)
    assert (answer.status_code, answer.json["error"]) == (409, "replica_unavailable")
    assert house.ask("POST", "authentication/switch-back", REASON, token=house.own).json["error"] == "not_failed_over"
    assert house.ask("POST", "authentication/fail-over", token=house.own).status_code == 400
