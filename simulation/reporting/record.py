"""The part of ``verdict.json`` about the run, out of the same view model as report, terminal and JUnit."""

from __future__ import annotations

from dataclasses import fields, replace

from simulation.checks.run_record import FaultRecord, MoneyRecord, RunRecord
from simulation.checks.verdict import Verdict
from simulation.environment.release import release
from simulation.reporting.parts.funds import Funds
from simulation.reporting.view import Report


def with_record(verdict: Verdict, report: Report) -> Verdict:
    """The verdict as it is written and printed."""
    facts = report.facts
    record = RunRecord(
        scenario=facts.scenario,
        seed=facts.seed,
        days=facts.days,
        target=facts.target,
        environment=facts.environment,
        made_by=facts.made_by,
        judged_by=release(),
        folder=facts.folder,
        again=facts.reproduce,
        check=facts.rejudge,
        faults=tuple(
            FaultRecord(
                fault_id=fault.fault_id,
                kind=fault.kind,
                expected=fault.foreseen,
                ended=fault.ending,
                as_expected=fault.over,
            )
            for fault in report.faults
        ),
        money=_money(report.funds[0]),
        money_in_others=tuple(_money(funds) for funds in report.funds[1:]),
    )
    return replace(verdict, run=record)


def _money(funds: Funds) -> MoneyRecord:
    return MoneyRecord(**{field.name: getattr(funds, field.name) for field in fields(MoneyRecord)})
