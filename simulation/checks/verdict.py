"""The verdict on a history: every criterion of the specification, decided by the checks. Fail outranks unknown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from simulation.checks.base import CheckResult, Outcome
from simulation.checks.catalogue import CHECKS
from simulation.checks.conformance.share import Share, share_of
from simulation.checks.criteria import RULES, CriterionRule
from simulation.checks.evidence.case import Case
from simulation.checks.left_out import LeftOut, left_out
from simulation.checks.run_record import RunRecord
from simulation.contract.document import Contract
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History

EXIT_CODES: Mapping[Outcome, int] = {"pass": 0, "fail": 1, "unknown": 2}
_RANK: tuple[Outcome, ...] = ("fail", "unknown", "not_verified", "pass")


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """A criterion of the specification, judged. ``section`` is one of :data:`simulation.checks.criteria.Section`."""

    section: str
    text: str
    checks: tuple[str, ...]
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The jury's verdict with everything that it rests on. ``digest`` identifies the history that was judged."""

    criteria: tuple[Criterion, ...]
    results: tuple[CheckResult, ...]
    outcome: str
    exit_code: int
    digest: str
    written: Share | None = None
    """How much of what the platform wrote was judged by its contract; None where the log could not be read."""
    left_out: tuple[LeftOut, ...] = ()
    """What was not judged, since the target does not declare it or does not have it."""
    run: RunRecord | None = None
    """The run that was judged; None before it is reported, and in a verdict from before it was recorded."""
    format_version: int = 1
    """Raised when a field of this document is renamed, removed or given another meaning; a new field raises nothing."""

    def to_json(self) -> str:
        """The text of ``verdict.json``."""
        return _ADAPTER.dump_json(self, indent=2).decode() + "\n"

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """:raises pydantic.ValidationError: not a verdict."""
        return _ADAPTER.validate_json(text)


_ADAPTER = TypeAdapter(Verdict)


def judge(history: History, *, contract: Contract | None = None) -> Verdict:
    """Judge a history without any platform, database or clock. Never raises.

    :param contract: used instead of the one that the target declared when it ran.
    """
    started = history.started
    case = Case(history, started.governance if started is not None else NO_GOVERNANCE, contract=contract)
    results = tuple(check.examine(case) for check in CHECKS)
    outcomes = {result.check: result.outcome for result in results}
    criteria = tuple(_decide(rule, outcomes) for rule in RULES)
    outcome = _overall(result.outcome for result in results)
    return Verdict(
        criteria=criteria,
        results=results,
        outcome=outcome,
        exit_code=EXIT_CODES[outcome],
        digest=history.digest(),
        written=share_of(case),
        left_out=left_out(results, _absent(case)),
    )


def _absent(case: Case) -> Mapping[str, str]:
    try:
        return {str(what): why for what, why in case.business.without.items()}
    except ValidationError:
        return {}  # a contract that cannot be read; the checks say what is wrong with it


def unverified(verdict: Verdict, required: Collection[str]) -> list[str]:
    """Why checks of which "not verified" is not good enough could not look, each in a sentence."""
    return [
        f"{result.check} is not verified: {result.not_verified}"
        for result in verdict.results
        if result.check in required and result.outcome == "not_verified"
    ]


def _decide(rule: CriterionRule, outcomes: Mapping[str, Outcome]) -> Criterion:
    """A criterion with the worst outcome of its checks. A check that did not run counts as unknown."""
    return Criterion(
        section=rule.section,
        text=rule.text,
        checks=rule.checks,
        outcome=worst(outcomes.get(name, "unknown") for name in rule.checks),
    )


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of several; of none it is unknown."""
    return min(outcomes, key=_RANK.index, default="unknown")


def _overall(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of the outcomes, without those that are not verified."""
    return worst(outcome for outcome in outcomes if outcome != "not_verified")
