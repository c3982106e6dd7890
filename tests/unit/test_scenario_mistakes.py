"""All mistakes of a scenario are told at once, each where it was made, and nothing is taken for what it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.sabotage.catalogue import chosen
from simulation.scenario.file import find_scenario, load_scenario
from tests.unit.test_scenario_file import GOOD, ROWS, WITH_RESULTS, line_of, written


def refused(folder: Path, text: str, *, days: int | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load_scenario(written(folder, text), days=days)
    return caught.value


def lines(error: UsageError) -> list[int]:
    return [int(each.place.rpartition(":")[2]) for each in error.each]


def test_all_mistakes_are_told_each_at_its_line_whatever_rule_they_break(tmp_path: Path) -> None:
    text = (
        GOOD.replace("opening_balance_cents: 1000", "opening_balance_cents: 1000.00")
        .replace("    nth: 2\n", "    nth: 99\n")
        .replace("expect: {runbook: ingestion_lag}", "expect: {runbook: ingestion_lak}")
        .replace("    minutes: 90\n", "    minuets: 90\n    minutes: 90\n")
        .replace("    withdrawals: 1\n", "    withdrawals: 1\n    cut_after_round_2: 13\n")
    )
    error = refused(tmp_path, text)
    wrong = ("1000.00", "minuets", "cut_after_round_2: 13", "nth: 99")
    assert lines(error) == [line_of(text, part) for part in wrong]
    assert len(str(error).splitlines()) == 2 * len(wrong)


def test_a_mistake_in_a_fault_hides_none_in_those_after_it(tmp_path: Path) -> None:
    text = GOOD.replace("delay_hours: 26", "delay_hours: long").replace("runbook: ingestion_lag", "runbook: lag")
    error = refused(tmp_path, text)
    assert lines(error) == [line_of(text, "delay_hours"), line_of(text, "runbook: lag")]
    assert "fault down expects the runbook 'lag'" in error.each[1].problem


def test_a_mistake_in_a_contest_blames_no_fault_of_it(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("  - key: cup") : GOOD.index("faults:")].replace("key: cup", "key: mug")
    text = GOOD.replace("faults:\n", second + "faults:\n").replace("entrants: 5", "entrants: five", 1)
    assert lines(refused(tmp_path, text)) == [line_of(text, "entrants: five")]


def test_two_mistakes_of_one_contest_and_dead_references_are_all_told(tmp_path: Path) -> None:
    text = (
        GOOD.replace("lock: day 2 07:00", "lock: day 3 07:00")
        .replace("max_entries: 8", "max_entries: 4")
        .replace("    tournament: open\n    at:", "    tournament: opne\n    at:")
    )
    told = [each.problem for each in refused(tmp_path, text).each]
    assert [part for part in ("is not after lock", "exceeds max_entries") if part in " ".join(told)] == [
        "is not after lock",
        "exceeds max_entries",
    ]


def test_the_mistakes_of_the_results_are_told_with_the_scenarios(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(ROWS.replace("Ann,70", "Ann,x").replace("Cay,72,72", "Cay,72,9"))
    text = WITH_RESULTS.replace("webhook_latency", "x").replace("opening_balance_cents: 1000", "opening: 1000")
    places = [each.place.rpartition("/")[2] for each in refused(tmp_path, text).each]
    assert places == ["results.csv:2", "results.csv:4", f"scenario.yaml:{line_of(text, 'opening: 1000')}"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("opening_balance_cents: 1000", "opening_balance_cents: 1000.0", "1000.0 is not accepted"),
        ("opening_balance_cents: 1000", "opening_balance_cents: '1000'", "'1000' is not accepted"),
        ("withdrawals: 1", "withdrawals: true", "True is not accepted"),
        ("payout_percent: {1: 60, 2: 40}", "payout_percent: {1: 60.0, 2: 40}", "60.0 is not accepted"),
        ("payout_percent: {1: 60, 2: 40}", "payout_percent: {1.0: 60, 2: 40}", "1.0 is not accepted"),
        ("players: 12", "players: 014", "'014' is not the number that it seems"),
        ("players: 12", "players: 0x1f", "'0x1f' is not the number that it seems"),
        ("opening_balance_cents: 1000", "opening_balance_cents: 10:00", "'10:00' is not the number that it seems"),
        ("at: day 3 09:00", "at: 1772528400", "1772528400 is a number"),
        ("at: day 3 09:00", "at: '1772528400'", "'1772528400' is a number"),
        ("withdrawals: 1", "suspended_round: true", "True"),
        ("withdrawals: 1", "suspended_round: 1.0", "1.0"),
        ("withdrawals: 1", "cut_after_round_2: 20", "20 make the cut of a field of 12"),
        ("entry_fee_cents: 1000", "entry_fee_cents: 0", "late_payers 1, and nobody pays anything"),
    ],
)
def test_what_only_looks_right_is_refused_where_it_stands(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = GOOD.replace(old, new)
    error = refused(tmp_path, text)
    assert said in error.problem
    assert lines(error)[0] in (line_of(text, new), line_of(text, "late_payers"))


@pytest.mark.parametrize("name", ["players", "cut_after_round_2", "withdrawals"])
def test_a_replayed_tournament_draws_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "results.csv").write_text(ROWS)
    text = WITH_RESULTS.replace("    results: results.csv\n", f"    results: results.csv\n    {name}: 4\n")
    error = refused(tmp_path, text)
    assert error.problem.startswith(f"{name} is of a drawn tournament")
    assert lines(error) == [line_of(text, f"{name}: 4")]


def test_days_that_are_too_few_are_blamed_and_no_line_of_the_file(tmp_path: Path) -> None:
    error = refused(tmp_path, GOOD, days=5)
    assert error.place == "--days 5"
    assert error.others == ()
    assert error.remedy == "--days 6 or more"
    assert load_scenario(written(tmp_path, GOOD), days=6).days == 6


def test_days_are_not_blamed_for_what_is_wrong_anyway(tmp_path: Path) -> None:
    text = GOOD.replace("    nth: 2\n", "    nth: 99\n")
    assert lines(refused(tmp_path, text, days=7)) == [line_of(text, "nth: 99")]


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("runbook: ingestion_lag", "runbook: ingestion_lak", "'ingestion_lag'"),
        ("kind: provider_outage", "kind: provider_outtage", "'provider_outage'"),
        ("contest: cup", "contest: cop", "'cup'"),
        ("tournament: open\n    at", "tournament: opne\n    at", "'open'"),
        ("minutes: 90", "minuets: 90", "'minutes'"),
    ],
)
def test_the_nearest_name_is_suggested(tmp_path: Path, old: str, new: str, meant: str) -> None:
    assert f"did you mean {meant}?" in refused(tmp_path, GOOD.replace(old, new)).remedy


def test_the_nearest_task_defect_and_scenario_are_suggested(tmp_path: Path) -> None:
    task = "operator:\n  tasks:\n    - {at: day 1 10:00, runbook: backup_contest_date}\n"
    assert "did you mean 'backup_contest_data'?" in refused(tmp_path, GOOD + task).remedy
    with pytest.raises(UsageError) as caught:
        chosen(["no_idempotncy_key", "zzz"])
    assert len(caught.value.each) == 2
    with pytest.raises(UsageError, match="did you mean 'runbooks/chargeback'"):
        find_scenario("runbooks/chargebak")


def test_the_index_of_runbooks_is_none_of_them(tmp_path: Path) -> None:
    told = refused(tmp_path, GOOD + "operator:\n  tasks:\n    - {at: day 1 10:00, runbook: README}\n")
    assert "README" in told.problem
    assert "README" not in told.remedy


def test_a_scenario_of_a_subfolder_is_found_by_its_name() -> None:
    assert find_scenario("runbooks/chargeback").name == "chargeback.yaml"
    assert load_scenario(find_scenario("runbooks/chargeback")).name == "chargeback"


def test_of_very_many_mistakes_the_rest_is_counted() -> None:
    many = [UsageError(place=f"f:{number}", problem="p" * 100, remedy="r") for number in range(1000)]
    error = UsageError.of(many)
    assert len(str(error)) < 15_000
    assert error.messages[-1] == f"and {1000 - len(error.each)} more"
