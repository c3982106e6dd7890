"""The part of ``verdict.json`` about the run, out of the same view model as report, terminal and JUnit."""

from __future__ import annotations

from dataclasses import replace

from simulation.checks.run_record import FaultRecord, MoneyRecord, RunRecord
from simulation.checks.verdict import Verdict
from simulation.environment.release import release
from simulation.reporting.view import Report


def with_record(verdict: Verdict, report: Report) -> Verdict:
    """The verdict as it is written and printed."""
    facts, funds = report.facts, report.funds
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
        money=MoneyRecord(
            opening_cents=funds.opening_cents,
            in_cents=funds.in_cents,
            fees_cents=funds.fees_cents,
            refunds_cents=funds.refunds_cents,
            prizes_cents=funds.prizes_cents,
            other_cents=funds.other_cents,
            closing_cents=funds.closing_cents,
            owed_cents=funds.owed_cents,
        ),
    )
    return replace(verdict, run=record)
