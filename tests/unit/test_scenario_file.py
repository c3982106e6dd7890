"""Scenario files that cannot be run are refused with file, line, value and remedy; those of the project can be run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulation.documents.strict import Instant, ScenarioModel
from simulation.errors import UsageError
from simulation.paths import RUNBOOKS_FOLDER
from simulation.scenario.faults.needs import MET_INSIDE
from simulation.scenario.faults.provider import ProviderOutage
from simulation.scenario.faults.registry import broken_fault_rules, drawn_kinds
from simulation.scenario.file import available_scenarios, find_scenario, load_scenario
from simulation.scenario.model import Scenario
from tests.unit.faults.kinds import fault

BEYOND_THE_CALENDAR = (
    "9999-12-31T00:00:00Z",
    "9999-12-31T23:59:59-05:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+05:00",
    "1999-12-31T00:00:00Z",
    "2100-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "99999-01-01T00:00:00Z",
    "day 0 00:00",
    "day 99999999999999999999 00:00",
)
NEEDED_RUNBOOKS = tuple(file.stem for file in sorted(RUNBOOKS_FOLDER.glob("*.md")))
GOOD = """\
name: small
description: One contest
start: 2026-03-01T00:00:00Z
days: 7
stripe:
  opening_balance_cents: 1000
tournaments:
  open:
    first_round: day 2 08:00
    players: 12
    withdrawals: 1
contests:
  - key: cup
    name: Cup
    tournament: open
    entry_fee_cents: 1000
    payout_percent: {1: 60, 2: 40}
    entrants: 5
    max_entries: 8
    created: day 0 06:00
    lock: day 2 07:00
    start: day 2 08:00
    end: day 5 14:00
    late_payers: 1
    non_payers: 1
faults:
  - id: slow
    kind: webhook_delayed
    contest: cup
    nth: 2
    delay_hours: 26
    expect: {runbook: payment_webhook_missing}
  - id: down
    kind: provider_outage
    tournament: open
    at: day 3 09:00
    minutes: 90
    expect: {runbook: ingestion_lag}
"""


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    for name in NEEDED_RUNBOOKS:
        (folder / f"{name}.md").touch()
    return folder


def written(folder: Path, text: str) -> Path:
    file = folder / "scenario.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_good_scenario_is_loaded(tmp_path: Path, runbooks: Path):
    scenario = load_scenario(written(tmp_path, GOOD), runbooks=runbooks)
    assert scenario.contests[0].lock.isoformat() == "2026-03-03T07:00:00+00:00"
    outage = scenario.faults[1]
    assert isinstance(outage, ProviderOutage)
    assert outage.minutes == 90


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-03-03 03:00 America/New_York", "2026-03-03T08:00"),
        ("day 2 03:00 America/New_York", "2026-03-03T08:00"),
        ("2026-03-08 02:30 America/New_York", "2026-03-08T07:30"),  # the clocks leave it out
        ("2026-03-29 02:30 Europe/Berlin", "2026-03-29T01:30"),
        ("2026-11-01 01:30 America/New_York", "2026-11-01T05:30"),  # the first of two
        ("2026-03-03 19:00 Australia/Sydney", "2026-03-03T08:00"),
        ("2026-03-03 08:00 UTC", "2026-03-03T08:00"),
    ],
)
def test_a_time_may_be_what_the_clocks_of_a_place_say(written: str, utc: str):
    class At(ScenarioModel):
        at: Instant

    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert At.model_validate({"at": written}, context={"start": start}).at == datetime.fromisoformat(f"{utc}+00:00")


def test_days_can_be_given_instead_of_the_files(tmp_path: Path, runbooks: Path):
    assert load_scenario(written(tmp_path, GOOD), days=9, runbooks=runbooks).days == 9


def test_what_was_loaded_can_be_written_and_loaded_again(tmp_path: Path, runbooks: Path):
    scenario = load_scenario(written(tmp_path, GOOD), runbooks=runbooks)
    again = written(tmp_path, scenario.to_yaml())
    assert load_scenario(again, runbooks=runbooks) == scenario


@pytest.mark.parametrize(
    ("old", "new", "problem", "remedy"),
    [
        # keys
        ("days: 7", "dayz: 7", "dayz: unknown key", "'days'"),
        ("    players: 12", "    playrs: 12", "tournaments.open.playrs: unknown key", "'players'"),
        ("    non_payers: 1", "    nonpayers: 1", "contests.0.nonpayers: unknown key", "'non_payers'"),
        ("  opening_balance_cents: 1000", "  openning_balance: 1000", "stripe.openning_balance", "opening_balance"),
        ("    minutes: 90", "    minuts: 90", "minuts: unknown key", "'minutes'"),
        ("    name: Cup", "    # no name", "contests.0.name: is missing", "add `name:`"),
        # values
        ("    entrants: 5", "    entrants: five", "contests.0.entrants: 'five'", "whole number"),
        ("    entrants: 5", "    entrants: 5.5", "5.5", "whole number"),
        ("    entrants: 5", "    entrants: 0", "contests.0.entrants: 0", "1 or more"),
        ("    entrants: 5", "    entrants: 501", "contests.0.entrants: 501", "500 or less"),
        ("    entry_fee_cents: 1000", "    entry_fee_cents: -1", "-1", "0 or more"),
        ("start: 2026-03-01T00:00:00Z", "start: tomorrow", "'tomorrow'", "day 3 08:00"),
        ("start: 2026-03-01T00:00:00Z", "start: 2026-03-01T00:00:00", "a time needs a zone", "Z"),
        ("    lock: day 2 07:00", "    lock: day 2 27:00", "'day 2 27:00'", "day 3 08:00"),
        ("    withdrawals: 1", "    rounds_held: 3\n    disqualified: 1", "3 are held", "leave disqualified out"),
        ("    withdrawals: 1", "    rounds_held: 3\n    second_cut: 8", "3 are held", "leave second_cut out"),
        ("    withdrawals: 1", "    rounds_held: 2\n    suspended_round: 2", "2 are held", "earlier round"),
        ("    withdrawals: 1", "    rounds_held: 1", "rounds_held: 1", "2, 3, 4"),
        ("    withdrawals: 1", "    moved_days: 1\n    cancelled: true", "moved by 1 day, and cancelled", "leave one"),
        ("    withdrawals: 1", "    second_cut: 16", "16 play on of the 16", "fewer"),
        ("    lock: day 2 07:00", "    lock: day 2 07:00 America/New_Yorck", "no zone", "America/New_York"),
        ("    lock: day 2 07:00", "    lock: 2026-02-30 07:00 Europe/Berlin", "is no time", "day 3 08:00"),
        ("    kind: webhook_delayed", "    kind: webhook_delay", "'webhook_delay'", "'webhook_delayed'"),
        ("  - key: cup", "  - key: The Cup", "'The Cup'", "lower-case"),
        # payout structures
        ("{1: 60, 2: 40}", "{1: 70, 2: 40}", "adds up to 110", "lower a place"),
        ("{1: 60, 2: 40}", "{1: 60, 3: 40}", "has a hole", "1, 2, 3"),
        # dates
        ("    lock: day 2 07:00", "    lock: day 0 05:00", "is not after created", "created < lock"),
        ("    start: day 2 08:00", "    start: day 1 08:00", "is not after lock", "move start or lock"),
        ("    end: day 5 14:00", "    end: day 2 08:00", "is not after start", "move end or start"),
        ("    lock: day 2 07:00", "    lock: day 0 06:10", "leaves entrants 0:10:00", "20 minutes"),
        ("    end: day 5 14:00", "    end: day 5 16:00", "is not between the planned first tee", "move end"),
        ("    start: day 2 08:00", "    start: day 2 07:05", "0:05:00 apart", "10 minutes"),
        ("    first_round: day 2 08:00", "    first_round: day 0 00:00", "is not after the start", "later"),
        ("    first_round: day 2 08:00", "    first_round: day 5 08:00", "leaves no hour", "raise days"),
        ("    first_round: day 2 08:00", "    first_round: day 2 06:00", "would know scores", "first tee"),
        # numbers of people
        ("    entrants: 5", "    entrants: 9", "exceeds max_entries 8", "raise max_entries"),
        ("    non_payers: 1", "    non_payers: 5", "of 5 entrants", "raise entrants"),
        ("    withdrawals: 1", "    withdrawals: 12", "12 of 12 players withdraw", "finish"),
        # references
        ("    tournament: open\n    entry", "    tournament: opn\n    entry", "no tournament is called 'opn'", "open"),
        ("    contest: cup", "    contest: cap", "no contest is called 'cap'", "cup"),
        ("    tournament: open\n    at", "    tournament: opn\n    at", "no tournament is called 'opn'", "open"),
        ("  - id: down", "  - id: slow", "id 'slow' stands twice", "rename"),
        # faults
        ("    delay_hours: 26\n", "", "a webhook_delayed needs delay_hours", "add `delay_hours:`"),
        ("    kind: webhook_delayed\n", "", "faults.0.kind: is missing", "add `kind:`"),
        ("    nth: 2", "    nth: two", "faults.0.nth: 'two' is not accepted", "whole number"),
        ("    nth: 2", "    nht: 2", "faults.0.nht: unknown key", "'nth'"),
        ("{runbook: ingestion_lag}", "{runbok: ingestion_lag}", "faults.1.expect.runbok: unknown key", "'runbook'"),
        ("    nth: 2", "    nth: 5", "waits for payment 5 of cup, which is sure to have 4", "lower nth to 4"),
        (
            "    nth: 2",
            "    nth: 2\n    minutes: 5",
            "minutes: 5 means nothing to a webhook_delayed",
            "delay_hours, nth",
        ),
        (
            "    minutes: 90",
            "    minutes: 90\n    contest: cup",
            "cup means nothing",
            "tournament, at, minutes, status",
        ),
        (
            "    minutes: 90",
            "    minutes: 5",
            "minutes 5: it may never be met, since scores are asked for every 5",
            "6 or more",
        ),
        ("    at: day 3 09:00", "    at: day 1 09:00", "asked for from 2026-03-03 07:00", "move at"),
        ("{runbook: ingestion_lag}", "{runbook: ingestion_leg}", "'ingestion_leg', which does not", "ingestion_lag"),
        ("{runbook: ingestion_lag}", "{}", "nothing is expected", "self_heals"),
        ("{runbook: ingestion_lag}", "{self_heals: true, runbook: ingestion_lag}", "excludes", "keep one"),
    ],
)
def test_bad_scenario_is_refused(tmp_path: Path, runbooks: Path, old: str, new: str, problem: str, remedy: str):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, text), runbooks=runbooks)
    file, _, line = caught.value.place.rpartition(":")
    assert file == str(tmp_path / "scenario.yaml")
    assert 1 <= int(line) <= len(text.splitlines())
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


TRANSFER_FAULT = "  - id: {id}\n    kind: {kind}\n    contest: cup\n    nth: {nth}\n    expect: {{self_heals: true}}\n"
OTHER_CUP = """\
  - key: plate
    name: Plate
    tournament: open
    entry_fee_cents: 1000
    payout_percent: {1: 60, 2: 40}
    entrants: 5
    created: day 0 06:00
    lock: day 2 07:00
    start: day 2 08:00
    end: day 5 14:00
faults:
"""


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ((("a", "destination_invalid", 1), ("b", "transfer_error", 1)), "fault b aims at the victim of a"),
        ((("a", "webhook_lost", 3), ("b", "webhook_duplicated", 3)), "fault b aims at the victim of a"),
        ((("a", "transfer_error", 3),), "transfer 3 of cup, which is sure to have 2"),
    ],
)
def test_faults_that_may_find_no_victim_are_refused(
    tmp_path: Path, runbooks: Path, faults: tuple[tuple[str, str, int], ...], problem: str
):
    added = "".join(TRANSFER_FAULT.format(id=name, kind=kind, nth=nth) for name, kind, nth in faults)
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, GOOD + added), runbooks=runbooks, usual_platform=False)
    assert problem in caught.value.problem


def test_stripe_must_deliver_once_more_than_the_connection_drops(tmp_path: Path, runbooks: Path):
    reset = TRANSFER_FAULT.format(id="reset", kind="webhook_reset", nth=1)
    assert load_scenario(written(tmp_path, GOOD + reset + "    times: 10\n"), runbooks=runbooks)
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, GOOD + reset + "    times: 11\n"), runbooks=runbooks)
    assert "drops 11 deliveries of one event, and Stripe makes 10 more" in caught.value.problem


def test_an_operator_is_gone_after_a_step_that_the_runbook_has(tmp_path: Path):
    gone = GOOD + "  - id: gone\n    kind: operator_crash\n    at: day 0 00:00\n    minutes: 20\n"
    gone += "    expect: {runbook: ingestion_lag}\n    nth: "
    assert load_scenario(written(tmp_path, gone + "8\n")).faults[-1].id == "gone"
    with pytest.raises(UsageError, match="waits for step 9 of ingestion_lag, which has 8") as caught:
        load_scenario(written(tmp_path, gone + "9\n"))
    assert caught.value.remedy == "8 or fewer"


@pytest.mark.parametrize(("at", "refused"), [("day 3 09:00", False), ("day 3 09:01", True)])
def test_an_operator_is_gone_before_the_runbook_may_have_been_carried_out(tmp_path: Path, at: str, refused: bool):
    """The outage of GOOD begins on day 3 at 09:00."""
    gone = f"  - id: gone\n    kind: operator_crash\n    at: {at}\n    minutes: 20\n"
    gone += "    expect: {runbook: ingestion_lag}\n"
    if not refused:
        assert load_scenario(written(tmp_path, GOOD + gone)).faults[-1].id == "gone"
        return
    with pytest.raises(UsageError, match="its operator may be done by then") as caught:
        load_scenario(written(tmp_path, GOOD + gone))
    assert caught.value.remedy == "2026-03-04 09:00 or earlier"


STRIPE_FAULT = (
    "  - id: {kind}\n    kind: {kind}\n    at: {at}\n    minutes: {minutes}\n    expect: {{self_heals: true}}\n"
)
UNFINISHED = (
    "  - id: card\n    kind: provider_incomplete_final\n    tournament: open\n    minutes: 30\n"
    "    expect: {self_heals: true}\n"
)


@pytest.mark.parametrize("kind", ["stripe_outage", "stripe_reserve"])
def test_trouble_at_stripe_must_be_on_when_a_prize_falls_due(tmp_path: Path, runbooks: Path, kind: str):
    """The final board of GOOD comes on day 5 at 15:00."""
    fitting = STRIPE_FAULT.format(kind=kind, at="day 5 14:50", minutes=60)
    assert (
        load_scenario(written(tmp_path, GOOD + fitting), runbooks=runbooks, usual_platform=False).faults[-1].kind
        == kind
    )
    for text in (
        STRIPE_FAULT.format(kind=kind, at="day 5 15:01", minutes=60),
        STRIPE_FAULT.format(kind=kind, at="day 5 14:50", minutes=35),
        fitting + UNFINISHED,
    ):
        with pytest.raises(UsageError) as caught:
            load_scenario(written(tmp_path, GOOD + text), runbooks=runbooks, usual_platform=False)
        assert "no prize is sure to be due in it" in caught.value.problem


@pytest.mark.parametrize(
    ("at", "minutes", "problem"),
    [("day 1 12:00", 6_000, "would turn them away"), ("day 5 14:50", 700, "on at 02:00, when the books are compared")],
)
def test_an_outage_of_stripe_leaves_entrants_and_the_nightly_comparison_alone(
    tmp_path: Path, runbooks: Path, at: str, minutes: int, problem: str
):
    reserve = STRIPE_FAULT.format(kind="stripe_reserve", at=at, minutes=minutes)
    assert load_scenario(written(tmp_path, GOOD + reserve), runbooks=runbooks, usual_platform=False)
    with pytest.raises(UsageError) as caught:
        load_scenario(
            written(tmp_path, GOOD + STRIPE_FAULT.format(kind="stripe_outage", at=at, minutes=minutes)),
            runbooks=runbooks,
            usual_platform=False,
        )
    assert problem in caught.value.problem


def test_windows_do_not_overlap_and_a_stopped_timer_leaves_the_faults_of_single_transfers_alone(
    tmp_path: Path, runbooks: Path
):
    timer, reserve = (
        STRIPE_FAULT.format(kind=kind, at="day 5 14:50", minutes=60)
        for kind in ("payout_timer_stopped", "stripe_reserve")
    )
    assert load_scenario(written(tmp_path, GOOD + timer), runbooks=runbooks, usual_platform=False)
    for rival in (reserve, TRANSFER_FAULT.format(id="slow-call", kind="transfer_error", nth=1)):
        with pytest.raises(UsageError) as caught:
            load_scenario(written(tmp_path, GOOD + timer + rival), runbooks=runbooks, usual_platform=False)
        assert "one would hide the other" in caught.value.problem


def test_faults_of_one_transfer_may_follow_each_other(tmp_path: Path, runbooks: Path):
    added = TRANSFER_FAULT.format(id="a", kind="transfer_error", nth=1)
    added += TRANSFER_FAULT.format(id="b", kind="transfer_timeout_after", nth=1)
    assert len(load_scenario(written(tmp_path, GOOD + added), runbooks=runbooks, usual_platform=False).faults) == 4


def test_an_account_closed_in_another_contest_may_be_a_winners(tmp_path: Path, runbooks: Path):
    text = GOOD.replace("faults:\n", OTHER_CUP) + TRANSFER_FAULT.format(id="a", kind="transfer_error", nth=2)
    assert load_scenario(written(tmp_path, text), runbooks=runbooks, usual_platform=False)
    closing = TRANSFER_FAULT.format(id="b", kind="destination_invalid", nth=1).replace("cup", "plate")
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, text + closing), runbooks=runbooks, usual_platform=False)
    assert "transfer 2 of cup, which is sure to have 1" in caught.value.problem


def test_a_winner_leaves_only_when_no_other_contest_begins_later(tmp_path: Path, runbooks: Path):
    leaving = TRANSFER_FAULT.format(id="a", kind="transfer_winner_deleted", nth=1)
    assert load_scenario(
        written(tmp_path, GOOD.replace("faults:\n", OTHER_CUP) + leaving), runbooks=runbooks, usual_platform=False
    )
    month = own("month_30d", runbooks)
    early = fault("transfer_winner_deleted", contest="club_night", expect={"self_heals": True})
    broken = broken_fault_rules(month.model_copy(update={"faults": (early,)}), runbooks=frozenset())
    assert "may be missed in" in next(iter(broken)).problem


def test_prizes_that_a_tie_could_floor_to_nothing_are_no_sure_transfers(tmp_path: Path, runbooks: Path):
    text = GOOD.replace("entry_fee_cents: 1000", "entry_fee_cents: 50").replace("{1: 60, 2: 40}", "{1: 97, 2: 1}")
    with pytest.raises(UsageError) as caught:
        load_scenario(
            written(tmp_path, text + TRANSFER_FAULT.format(id="a", kind="transfer_error", nth=2)),
            runbooks=runbooks,
            usual_platform=False,
        )
    assert "sure to have 1" in caught.value.problem


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("days: 7", "dayz: 7", "dayz"),
        ("    entrants: 5", "    entrants: five", "entrants: five"),
        ("{1: 60, 2: 40}", "{1: 70, 2: 40}", "payout_percent"),
        ("    lock: day 2 07:00", "    lock: day 0 05:00", "lock:"),
        ("    contest: cup", "    contest: cap", "contest: cap"),
        ("    end: day 5 14:00", "    end: day 5 16:00", "end:"),
        ("    nth: 2", "    nth: 5", "nth:"),
        ("start: 2026-03-01T00:00:00Z", "start: 2026-13-01", "2026-13-01"),
        ("{runbook: ingestion_lag}", "{runbook: ingestion_leg}", "ingestion_leg"),
        ("  - id: down", "  - id: slow\n    #", "#"),
    ],
)
def test_refusal_names_the_line(tmp_path: Path, runbooks: Path, old: str, new: str, at: str):
    text = GOOD.replace(old, new, 1)
    expected = line_of(text, at) - (at == "#")
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, text), runbooks=runbooks)
    assert caught.value.place == f"{tmp_path / 'scenario.yaml'}:{expected}"


def test_missing_key_is_reported_where_it_is_missing(tmp_path: Path, runbooks: Path):
    text = GOOD.replace("    name: Cup\n", "")
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, text), runbooks=runbooks)
    assert caught.value.place.endswith(f":{line_of(text, 'key: cup')}")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("name: [a\ndays: 3\n", 2, "is not YAML"),
        ("name: a\n  days: 3\n", 2, "is not YAML"),
        ("name: a\nname: b\n", 2, "'name' stands twice"),
        ("- a\n- b\n", 1, "is no scenario"),
        ("", 1, "is no scenario"),
        ("just words\n", 1, "is no scenario"),
    ],
)
def test_what_is_no_scenario_is_refused(tmp_path: Path, runbooks: Path, text: str, line: int, problem: str):
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, text), runbooks=runbooks)
    assert caught.value.place.endswith(f"scenario.yaml:{line}")
    assert problem in caught.value.problem


def test_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_scenario(tmp_path / "nowhere.yaml")


# --- results CSVs --------------------------------------------------------------------------------------------------

WITH_RESULTS = GOOD.replace("    players: 12\n    withdrawals: 1\n", "    results: results.csv\n")
ROWS = "player,round_1,round_2,round_3,round_4\nAnn,70,70,70,70\nBea,71,71,71,71\nCay,72,72,72,72\nDee,80,80,,\n"


def test_results_are_read_beside_the_scenario(tmp_path: Path, runbooks: Path):
    (tmp_path / "results.csv").write_text(ROWS)
    tournament = load_scenario(written(tmp_path, WITH_RESULTS), runbooks=runbooks).tournaments["open"]
    assert [result.player for result in tournament.played] == ["Ann", "Bea", "Cay", "Dee"]
    assert str(tournament.results) == "results.csv", "no path of this machine reaches the history"


def test_bad_results_name_the_line_of_the_csv(tmp_path: Path, runbooks: Path):
    (tmp_path / "results.csv").write_text(ROWS.replace("Cay,72,72", "Cay,72,x"))
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, WITH_RESULTS), runbooks=runbooks)
    assert caught.value.place == f"{tmp_path / 'results.csv'}:4"
    assert "'x'" in caught.value.problem


def test_results_that_are_not_there_name_the_line_of_the_scenario(tmp_path: Path, runbooks: Path):
    with pytest.raises(UsageError) as caught:
        load_scenario(written(tmp_path, WITH_RESULTS), runbooks=runbooks)
    assert caught.value.place.endswith(f"scenario.yaml:{line_of(WITH_RESULTS, 'results:')}")


def test_roster_larger_than_the_field_is_refused(tmp_path: Path, runbooks: Path):
    (tmp_path / "results.csv").write_text(ROWS)
    text = WITH_RESULTS.replace("    entrants: 5", "    roster_size: 5\n    entrants: 5")
    with pytest.raises(UsageError, match="roster of 5 from a field of 4"):
        load_scenario(written(tmp_path, text), runbooks=runbooks)


# --- the project's own ---------------------------------------------------------------------------------------------


def own(name: str, runbooks: Path) -> Scenario:
    return load_scenario(find_scenario(name), runbooks=runbooks)


def test_project_brings_its_scenarios():
    assert {"founder_absence_14d", "quiet_14d", "smoke_2d", "month_30d"} <= set(available_scenarios())


@pytest.mark.parametrize("name", list(available_scenarios()))
def test_project_scenarios_can_be_run(name: str, runbooks: Path):
    assert own(name, runbooks).name == name


def test_quiet_fortnight_is_the_default_one_without_its_faults(runbooks: Path):
    default, quiet = own("founder_absence_14d", runbooks), own("quiet_14d", runbooks)
    assert quiet.faults == ()
    assert (quiet.contests, quiet.tournaments, quiet.stripe) == (default.contests, default.tournaments, default.stripe)


def test_default_scenario_is_as_varied_as_the_specification_asks(runbooks: Path):
    default = own("founder_absence_14d", runbooks)
    assert len(default.contests) == 4
    assert {contest.entrants for contest in default.contests} >= {3, 20}
    assert len({contest.entry_fee_cents for contest in default.contests}) == 4
    assert len({tuple(contest.payout_percent.items()) for contest in default.contests}) == 4
    assert sum(fault.expect.runbook is not None for fault in default.faults) >= 3


NO_ROOM_IN_THE_MONTH = {
    "webhook_endpoint_disabled": "endpoint_disabled_6d",
    "stripe_slow": "partial_trouble_6d",
    "stripe_flaky": "partial_trouble_6d",
    "stripe_rate_limited": "partial_trouble_6d",
    "api_key_rolled": "partial_trouble_6d",
    "refund_unannounced": "event_gaps_8d",
    "chargeback_unannounced": "event_gaps_8d",
    "reversal_unannounced": "event_gaps_8d",
}
"""Kinds that need days or a payout for themselves, with the scenario that has them."""


def test_month_has_every_kind_of_fault_but_those_that_need_days_for_themselves(runbooks: Path):
    month = own("month_30d", runbooks)
    all_kinds = {kind.name() for kind in drawn_kinds(MET_INSIDE)}
    assert {fault.kind for fault in month.faults} == all_kinds - NO_ROOM_IN_THE_MONTH.keys()
    assert len(month.contests) == 8


@pytest.mark.parametrize(("kind", "name"), NO_ROOM_IN_THE_MONTH.items())
def test_a_kind_without_room_in_the_month_has_a_scenario_of_its_own(kind: str, name: str, runbooks: Path):
    assert kind in {fault.kind for fault in own(name, runbooks).faults}


def test_scenario_is_found_by_name_or_path(tmp_path: Path):
    assert find_scenario("smoke_2d") == available_scenarios()["smoke_2d"]
    file = written(tmp_path, GOOD)
    assert find_scenario(str(file)) == file


def test_unknown_scenario_suggests_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'smoke_2d'"):
        find_scenario("smoke2d")


@pytest.mark.parametrize("start", BEYOND_THE_CALENDAR)
def test_a_start_at_the_calendars_ends_is_refused_at_its_line(tmp_path: Path, start: str) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(GOOD.replace("start: 2026-03-01T00:00:00Z", f"start: {start}", 1))
    with pytest.raises(UsageError) as refused:
        load_scenario(file)
    assert refused.value.place == f"{file}:3"


@pytest.mark.parametrize("moment", BEYOND_THE_CALENDAR[:-2])
def test_another_time_at_the_calendars_ends_is_refused_at_its_line(tmp_path: Path, moment: str) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(GOOD.replace("at: day 3 09:00", f"at: {moment}"))
    with pytest.raises(UsageError) as refused:
        load_scenario(file)
    assert refused.value.place == f"{file}:{GOOD[: GOOD.index('at: day 3')].count(chr(10)) + 1}"
