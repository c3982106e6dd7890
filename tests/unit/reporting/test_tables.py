from __future__ import annotations

import csv
import io

from simulation.history import History
from simulation.reporting.tables import audit_csv, ledger_csv, runbooks_csv
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.sample import passed_verdict, sample_history


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_ledger_table_balances_and_has_every_posting(history: History) -> None:
    rows = read(ledger_csv(history))
    totals = {side: sum(int(r["amount_cents"]) for r in rows if r["direction"] == side) for side in ("DEBIT", "CREDIT")}
    assert len(rows) == len(history.rows("postings") or ())
    assert totals["DEBIT"] == totals["CREDIT"] > 84000


def test_the_ledgers_stripe_account_is_fees_in_less_prizes_out(history: History, passed: Report) -> None:
    rows = [row for row in read(ledger_csv(history)) if row["account"] == "stripe"]
    balance = sum(int(row["amount_cents"]) * (1 if row["direction"] == "DEBIT" else -1) for row in rows)
    assert balance == passed.funds[0].in_cents - passed.funds[0].prizes_cents


def test_the_audit_table_is_the_whole_trail_in_order(passed: Report) -> None:
    rows = read(audit_csv(passed))
    assert len(rows) == len(passed.trail)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert {row["relation"] for row in rows} == {"audit_records", "contest_audit"}


def test_the_runbook_table_has_a_row_for_each_command(passed: Report) -> None:
    rows = read(runbooks_csv(passed))
    assert len(rows) == sum(len(execution.steps) for execution in passed.executions) == 12
    assert {row["fault"] for row in rows} == {"F1", "F3", "F5", "F7"}


def test_a_name_that_looks_like_a_formula_is_defused() -> None:
    report = build_report(sample_history(contest_name="=HYPERLINK(A1)"), passed_verdict())
    subjects = {row["subject"] for row in read(audit_csv(report))}
    assert "'=HYPERLINK(A1)" in subjects
    assert "=HYPERLINK(A1)" not in subjects


def test_a_cell_is_never_longer_than_a_spreadsheet_takes() -> None:
    report = build_report(sample_history(contest_name="=" + "x" * 40_000), passed_verdict())
    longest = max((cell for row in read(audit_csv(report)) for cell in row.values()), key=len)
    assert longest.startswith("'=xxx")
    assert longest.endswith("[cut; the whole text is in history.jsonl]")
    assert len(longest) <= 32_767


def test_the_tables_are_the_same_bytes_each_time(history: History, passed: Report) -> None:
    again = build_report(sample_history(), passed_verdict())
    assert (audit_csv(again), runbooks_csv(again)) == (audit_csv(passed), runbooks_csv(passed))
    assert ledger_csv(sample_history()) == ledger_csv(history)
