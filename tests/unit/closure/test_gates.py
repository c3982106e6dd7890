"""Whether the iteration may close: each thing that may lack, by itself, with what to do about it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.checks.run_record import Release
from simulation.checks.verdict import Verdict, judge
from simulation.closure import absence, runbooks
from simulation.closure.absence import ClosingRun, absence_gate, closing_run
from simulation.closure.evidence import (
    MadeBy,
    RehearsalRecord,
    read_promotion,
    read_rehearsals,
    record_promotion,
    record_rehearsals,
)
from simulation.closure.gates import Closure, Gate, Item
from simulation.closure.report import as_json, as_junit, as_summary, as_text, write_closure
from simulation.errors import UsageError
from simulation.events import FaultScheduled, RunStarted
from simulation.history import History, line_of
from simulation.paths import DEFAULT_SCENARIO, RUNBOOKS_FOLDER
from simulation.promotion.checks import CHECKS
from simulation.rehearsal.rehearse import WAYS
from simulation.reporting.view import build_report
from simulation.reporting.write import postmortem_of, write_report
from simulation.run_directory import RunDirectory
from simulation.world.operator.parser import load_runbooks
from tests.unit.checks.builder import Book
from tests.unit.checks.story import passing
from tests.unit.reporting.junit_schema import violations

THIS = Release(version="1.0.0", commit="c" * 40, tree="clean")
OTHER = replace(THIS, commit="d" * 40)
THERE = Item(name="a", says="there")
LACKS = Item(name="b", says="is needed", missing=("it lacks",), do=("make it",))
NOT_SEEN = replace(LACKS, says="cannot be seen", unknown=True)


def _closure(*items: Item) -> Closure:
    return Closure(gates=(Gate(phase="06A", says="the table", items=items),), of=THIS)


@pytest.mark.parametrize(
    ("items", "state", "code"),
    [
        ((THERE,), "pass", 0),
        ((THERE, LACKS), "fail", 1),
        ((THERE, NOT_SEEN), "unknown", 2),
        ((LACKS, NOT_SEEN), "fail", 1),
    ],
)
def test_the_answer_is_that_of_its_worst_item(items: tuple[Item, ...], state: str, code: int) -> None:
    closure = _closure(*items)
    document = json.loads(as_json(closure))

    assert (closure.state, closure.exit_code, document["outcome"], document["exit_code"]) == (state, code, state, code)
    assert document["closes"] == as_text(closure).splitlines()[0].endswith("yes: the iteration may close")
    assert as_summary(closure).count("it lacks") == items.count(LACKS) + items.count(NOT_SEEN)


def test_each_thing_that_lacks_has_its_command_in_every_format(tmp_path: Path) -> None:
    folder = write_closure(tmp_path, _closure(THERE, LACKS, NOT_SEEN))

    for text in (as_text(_closure(LACKS)), *((folder / name).read_text() for name in ("closure.json", "summary.md"))):
        assert "it lacks" in text
        assert "make it" in text
    junit = (folder / "junit.xml").read_text()
    assert violations(junit) == []
    assert 'tests="3" failures="1" errors="1"' in junit
    assert as_junit(_closure(THERE)).count("<failure") == 0


# --- 06B ----------------------------------------------------------------------------------------------------------

BOOKS = load_runbooks(RUNBOOKS_FOLDER)


def _record(book_path: Path, **changes: object) -> RehearsalRecord:

    whole = RehearsalRecord(
        sha256=hashlib.sha256(book_path.read_bytes()).hexdigest(),
        made_by=MadeBy.of(THIS),
        held=dict.fromkeys(WAYS, True),
    )
    return whole.model_copy(update=changes)


def _rehearsed(out: Path, **changes: object) -> Item:
    records = {book.name: _record(book.path) for book in BOOKS}
    records["stripe_outage"] = _record(next(b.path for b in BOOKS if b.name == "stripe_outage"), **changes)
    record_rehearsals(out, records)
    return runbooks._rehearsed(out, THIS)


def test_all_runbooks_rehearsed_by_this_commit_are_enough(tmp_path: Path) -> None:
    assert _rehearsed(tmp_path).state == "pass"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"held": {**dict.fromkeys(WAYS, True), "rolled back": False}}, "did not hold: rolled back: stripe_outage"),
        ({"held": {"recovered": True}}, "did not hold: rolled back, failed safely: stripe_outage"),
        ({"sha256": "0"}, "changed since it was rehearsed: stripe_outage"),
        ({"made_by": MadeBy.of(OTHER)}, "rehearsed by version 1.0.0 at dddddddddddd: stripe_outage"),
        ({"made_by": MadeBy.of(replace(THIS, tree="changed"))}, "(changed): stripe_outage"),
    ],
)
def test_one_runbook_that_was_not_proven_is_named(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    item = _rehearsed(tmp_path, **changes)

    assert item.state == "fail"
    assert said in "; ".join(item.missing)
    assert item.do == ("simulate runbook test stripe_outage",)


def test_without_a_rehearsal_all_are_asked_for(tmp_path: Path) -> None:
    item = runbooks._rehearsed(tmp_path, THIS)

    assert item.do == ("simulate runbook test",)
    assert all(book.name in item.missing[0] for book in BOOKS)


def test_a_later_rehearsal_replaces_the_earlier_one_of_the_same_runbook_only(tmp_path: Path) -> None:
    first, second = BOOKS[:2]
    record_rehearsals(tmp_path, {book.name: _record(book.path) for book in (first, second)})
    record_rehearsals(tmp_path, {first.name: _record(first.path, sha256="0")})
    stored = read_rehearsals(tmp_path)

    assert stored is not None
    assert (stored.runbooks[first.name].sha256, stored.runbooks[second.name]) == ("0", _record(second.path))


def test_a_record_that_was_changed_is_refused_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "rehearsals.json").write_text('{"runbooks": 1}')

    with pytest.raises(UsageError, match="do what wrote it once more"):
        read_rehearsals(tmp_path)


NAMES = tuple(check.name for check in CHECKS)


@pytest.mark.parametrize(
    ("held", "failed", "of", "said"),
    [
        (NAMES, None, THIS, None),
        (NAMES[:3], "stripe", THIS, "the check 'stripe' failed"),
        (NAMES[:3], None, THIS, "only 3 of 7 checks"),
        (NAMES, None, OTHER, "was checked by version 1.0.0 at dddddddddddd"),
    ],
)
def test_a_promotion_counts_whole_and_of_this_commit(
    tmp_path: Path, held: tuple[str, ...], failed: str | None, of: Release, said: str | None
) -> None:
    assert read_promotion(tmp_path) is None
    assert runbooks._promotion(tmp_path, THIS).missing == ("no release was put through the seven checks",)
    record_promotion(tmp_path, release="v1.0.0", made_by=of, held=held, failed=failed)

    item = runbooks._promotion(tmp_path, THIS)

    assert (item.state == "pass") == (said is None)
    assert (said or "") in "; ".join(item.missing)
    assert item.do[0].startswith("simulate promotion check --release ")


# --- 06C ----------------------------------------------------------------------------------------------------------


def _made_by(release: Release) -> Callable[[Book], object]:
    facts = {"version": release.version, "commit": release.commit, "tree": release.tree}
    return lambda book: book.edit(RunStarted, {}, **facts)


def _stored(folder: Path, release: Release = THIS, *, spoil: Callable[[Book], object] | None = None) -> Verdict:
    """A small run on disk."""
    book = passing()
    _made_by(release)(book)
    if spoil is not None:
        spoil(book)
    folder.mkdir(parents=True)
    history = book.history()
    (folder / "history.jsonl").write_text("".join(line_of(event) + "\n" for event in history.events))
    return write_report(folder, History.load(folder / "history.jsonl"), judge(history))[1]


def _run(tmp_path: Path, **options: object) -> ClosingRun:
    _stored(tmp_path / "one_cup" / "20260301T000000Z-seed1", **options)  # type: ignore[arg-type]
    found = closing_run(tmp_path, scenario="one_cup", release=THIS, named=None)
    assert found is not None
    return found


def test_the_newest_run_of_this_commit_is_taken_before_newer_ones_of_others(tmp_path: Path) -> None:
    for name, release in (("20260301T00-seed1", THIS), ("20260302T00-seed1", THIS), ("20260303T00-seed2", OTHER)):
        _stored(tmp_path / "one_cup" / name, release)
    (tmp_path / "one_cup" / "20260304T00-seed1").mkdir()  # broke off: no verdict

    mine = closing_run(tmp_path, scenario="one_cup", release=THIS, named=None)
    theirs = closing_run(tmp_path, scenario="one_cup", release=replace(THIS, commit="e" * 40), named=None)

    assert mine is not None
    assert theirs is not None
    assert (mine.directory.path.name, theirs.directory.path.name) == ("20260302T00-seed1", "20260303T00-seed2")
    assert closing_run(tmp_path, scenario="another", release=THIS, named=None) is None


def test_without_a_run_the_command_for_one_is_named() -> None:
    (item,) = absence_gate(None, scenario=DEFAULT_SCENARIO, release=THIS).items
    assert (item.state, item.do) == ("fail", (f"simulate run {DEFAULT_SCENARIO}",))


def test_a_run_is_judged_again_and_what_its_verdict_says_is_not_believed(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert absence._passed(run, "again").state == "pass"

    file = run.directory.history
    file.write_text(file.read_text().replace('"converged_at":"', '"converged_at":null,"was":"'))
    lines = [line for line in file.read_text().splitlines() if '"was"' not in line]
    file.write_text("\n".join(lines) + "\n")
    spoilt = closing_run(tmp_path, scenario="one_cup", release=THIS, named=None)

    assert spoilt is not None
    item = absence._passed(spoilt, "again")
    assert item.state != "pass"
    assert "verdict.json is about another history" in "; ".join(item.missing)


def test_a_failed_run_names_its_findings(tmp_path: Path) -> None:
    run = _run(tmp_path, spoil=lambda book: book.drop(FaultScheduled))
    item = absence._passed(run, "simulate run x")

    assert item.state in ("fail", "unknown")
    assert item.missing
    assert item.do[0] == f"simulate check {run.directory.shown}"


def test_a_run_of_another_commit_or_of_a_changed_tree_is_not_of_this_one(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert absence._of_this_commit(run, THIS, "again").state == "pass"
    for release in (OTHER, replace(THIS, tree="changed"), Release()):
        assert absence._of_this_commit(run, release, "again").state == "fail"


@pytest.mark.parametrize(
    ("release", "state"),
    [(THIS, "pass"), (replace(THIS, tree="changed"), "fail"), (Release(version="1.0.0"), "unknown")],
)
def test_the_code_has_to_be_a_commit(release: Release, state: str) -> None:
    assert absence._committed(release).state == state


def test_checks_without_their_tool_are_named_with_it(tmp_path: Path) -> None:
    run = _run(tmp_path)
    results = tuple(
        replace(result, not_verified="no promtool here", findings=(), unknown=None)
        if result.check == "alert_evaluation"
        else replace(result, not_verified=None)
        for result in run.verdict.results
    )
    item = absence._verified(replace(run, verdict=replace(run.verdict, results=results)), "simulate run x")

    assert item.missing == ("alert_evaluation: no promtool here",)
    assert item.do == ("make promtool && simulate run x",)


def test_a_review_is_a_name_in_the_postmortem(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert absence._reviewed(run).missing == ("no postmortem.md",)

    file = run.directory.path / "postmortem.md"
    file.write_text(postmortem_of(build_report(run.history, run.verdict), run.history))
    assert absence._reviewed(run).missing == ("postmortem.md names nobody under 'Reviewed by'",)

    file.write_text(file.read_text().replace("### Reviewed by\n\n_(to be written)_", "### Reviewed by\n\nAda, 27 Nov"))
    assert absence._reviewed(run).state == "pass"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, None),
        ({"days": 15}, "its scenario is not the one in the file"),
        ({"swarmed": True}, "its scenario is not the one in the file"),
        ({"fewer": True}, "it was run with --faults"),
    ],
)
def test_a_run_counts_as_its_scenario_is_written(tmp_path: Path, options: dict[str, object], said: str | None) -> None:
    fewer = options.pop("fewer", False)
    request = prepare(scenario=DEFAULT_SCENARIO, seed=3, environment="embedded", out=tmp_path, **options)  # type: ignore[arg-type]
    started = next(event for event in passing().history().events if isinstance(event, RunStarted))
    began = started.model_copy(
        update={
            "scenario_document": request.scenario.model_dump(mode="json"),
            "days": request.scenario.days,
            "seed": 3,
            "target": "builtin",
        }
    )
    faults = request.plan.scheduled[1:] if fewer else request.plan.scheduled
    found = list(absence._other_than_written(History([began, *faults]), DEFAULT_SCENARIO))

    assert bool(found) == (said is not None)
    assert (said or "") in "; ".join(found)
    assert RunDirectory(path=tmp_path).path.is_dir()


def test_two_days_prove_no_fourteen(tmp_path: Path) -> None:
    request = prepare(scenario="smoke_2d", seed=1, environment="embedded", out=tmp_path)
    started = next(event for event in passing().history().events if isinstance(event, RunStarted))
    document = request.scenario.model_dump(mode="json")
    began = started.model_copy(update={"scenario_document": document, "days": 2, "seed": 1, "target": "builtin"})

    found = list(absence._other_than_written(History([began, *request.plan.scheduled]), "smoke_2d"))

    assert found == ["it lived 2 days"]
