"""What every check does, whatever it looks for."""

from __future__ import annotations

import pytest

from simulation.checks.base import Check, CheckResult, Finding, Inquiry, check
from simulation.checks.catalogue import CHECKS
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.keys import NO_KEYS
from simulation.events import RunStarted
from simulation.history import History
from tests.unit.checks.builder import GOVERNANCE, Book, run
from tests.unit.checks.story import passing

FINDING = Finding(check="c", subject="s", message="m")


@check("raises")
def raising(case: Case, inquiry: Inquiry) -> None:
    raise ZeroDivisionError("oops")


@check("finds, then lacks evidence")
def half_blind(case: Case, inquiry: Inquiry) -> None:
    inquiry.find("subject", "message", keys=NO_KEYS, events=(case.started,))
    raise CannotTell("the rest is missing")


@check("looks at nothing")
def idle(case: Case, inquiry: Inquiry) -> None:
    """Examines nothing and gives no reason."""


@check("looks at the beginning")
def prefix(case: Case, inquiry: Inquiry) -> None:
    inquiry.examine()


@check("finds no memory")
def starved(case: Case, inquiry: Inquiry) -> None:
    raise MemoryError


def test_a_machine_without_memory_says_nothing_about_the_run() -> None:
    with pytest.raises(MemoryError):
        run(starved, passing())


def test_a_check_that_raises_is_unknown() -> None:
    assert run(raising, passing()).unknown == "the check itself broke: ZeroDivisionError: oops"


def test_what_was_found_outranks_what_could_not_be_seen() -> None:
    result = run(half_blind, passing())

    assert (result.outcome, result.unknown) == ("fail", "the rest is missing")
    assert result.findings[0].seqs == (1,)
    assert result.findings[0].at == passing().history().events[0].at


def test_looking_at_nothing_is_unknown() -> None:
    assert run(idle, passing()).unknown == "nothing to look at"


def test_without_its_end_a_history_acquits_nobody() -> None:
    result = run(prefix, passing(), cut=10)

    assert result.outcome == "unknown"
    assert "breaks off at event 10" in str(result.unknown)
    assert "no RunEnded" in str(result.unknown)


WHOLE = passing().history().events


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_sound_history_cut_anywhere_is_unknown_and_says_what_is_missing(check: Check) -> None:
    for length in range(1, len(WHOLE)):
        result = check.run(History(WHOLE[:length]), GOVERNANCE)

        assert result.findings == (), f"cut after {length} events"
        assert result.outcome == "unknown"
        assert f"breaks off at event {length} " in str(result.unknown)


def test_a_history_without_its_beginning_is_unknown() -> None:
    book: Book = passing()
    book.drop(RunStarted)

    assert run(CHECKS[0], book).outcome == "pass"
    assert {item.name for item in CHECKS if run(item, book).outcome == "unknown"} >= {"time_window", "expected_prizes"}


@pytest.mark.parametrize(
    ("findings", "unknown", "not_verified", "outcome"),
    [
        ((), None, None, "pass"),
        ((FINDING,), "x", "y", "fail"),
        ((), "x", "y", "unknown"),
        ((), None, "y", "not_verified"),
    ],
)
def test_outcome(findings: tuple[Finding, ...], unknown: str | None, not_verified: str | None, outcome: str) -> None:
    result = CheckResult(check="c", examined=1, findings=findings, unknown=unknown, not_verified=not_verified)

    assert result.outcome == outcome


def test_names_are_unique() -> None:
    assert len({item.name for item in CHECKS}) == len(CHECKS)
