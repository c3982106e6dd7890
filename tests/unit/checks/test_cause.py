"""Two findings are the same one if only names, ids, amounts and times differ."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simulation.checks.base import CheckResult, Finding
from simulation.checks.cause import Cause, causes_of
from simulation.checks.evidence.keys import Keys
from simulation.checks.verdict import Verdict
from simulation.history import History


def _verdict(*findings: Finding, doubt: str | None = None) -> Verdict:
    result = CheckResult(check="ledger", examined=1, findings=findings, unknown=doubt, not_verified=None)
    return Verdict(criteria=(), results=(result,), outcome="fail", exit_code=1, digest="")


def _cause(message: str, **keys: str) -> Cause:
    finding = Finding(check="ledger", subject="x", message=message, keys=Keys(**keys))
    return next(iter(causes_of(History([]), _verdict(finding))))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paid 2 times", "paid 13 times"),
        ("tr_1a2b has no posting", "tr_9 has no posting"),
        ("column 'amount' differs", "column 'status' differs"),
        ("late at 2026-03-01 10:00:00", "late at 2026-03-02 11:30:00"),
    ],
)
def test_what_differs_between_runs_is_left_out(one: str, other: str) -> None:
    assert _cause(one) == _cause(other)
    assert _cause(one).key == _cause(other).key


def test_another_message_or_another_kind_of_thing_is_another_cause() -> None:
    same = _cause("wrong", table="payouts", transfer_id="a")

    assert same == _cause("wrong", table="payouts", transfer_id="b")
    assert same != _cause("wrong", table="ledger", transfer_id="a")
    assert same != _cause("missing", table="payouts", transfer_id="a")


def test_probable_causes_come_first_then_the_earliest() -> None:
    late, early = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    findings = (
        Finding(check="ledger", subject="", message="third", at=late),
        Finding(check="ledger", subject="", message="second", at=early),
        Finding(check="ledger", subject="", message="first", at=late, cause=True),
    )

    assert [cause.message for cause in causes_of(History([]), _verdict(*findings))] == ["first", "second", "third"]


def test_a_check_that_could_not_tell_is_a_cause_too() -> None:
    (cause,) = causes_of(History([]), _verdict(doubt="the log broke off at 12"))

    assert cause.message == "cannot tell: the log broke off at …"


def test_the_account_of_one_contest_is_a_kind_of_account() -> None:
    assert _cause("wrong", account="contest_pool:ae9c") == _cause("wrong", account="contest_pool:3f2a")
    assert _cause("wrong", account="contest_pool:ae9c") != _cause("wrong", account="cash")
