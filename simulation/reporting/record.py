"""The part of ``verdict.json`` about the run, out of the same view model as report, terminal and JUnit."""

from __future__ import annotations

from dataclasses import fields, replace

from simulation.checks.run_record import FaultRecord, MoneyRecord, RunRecord
from simulation.checks.verdict import Verdict
from simulation.environment.release import release
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
        money=MoneyRecord(**{field.name: getattr(report.funds, field.name) for field in fields(MoneyRecord)}),
    )
    return replace(verdict, run=record)
