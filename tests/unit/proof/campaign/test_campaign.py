"""What a campaign keeps, goes on from, joins, remembers and tells; its lives are made up here."""

from __future__ import annotations

import gc
import re
import tracemalloc
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulation.assembly.request import contract_of as read_contract
from simulation.assembly.request import platform_that_comes_along
from simulation.cli.campaign import campaign as command
from simulation.errors import UsageError
from simulation.proof.campaign import campaign as under_test
from simulation.proof.campaign import conclude as concluding
from simulation.proof.campaign.conclude import conclude
from simulation.proof.campaign.coverage import Reach
from simulation.proof.campaign.memory import Memory
from simulation.proof.campaign.merge import merge
from simulation.proof.campaign.plan import Plan, Shard
from simulation.proof.campaign.progress import CampaignProgress
from simulation.proof.campaign.result import Case, Found, Margin, Result, Timed
from simulation.proof.campaign.store import appending, results_in, write_sorted
from simulation.reporting.markdown import _MOST_BYTES

contract_of = cache(read_contract)
PLAN = Plan(scenarios=("smoke_2d",), seeds=tuple(range(1, 8)), draws=("own", "swarm"), made_by="0.1.0 at 40a59dc01234")
_MISSING = "cents_conserved: contest <b>A</b>: 100 cents are missing"


def _lived(case: Case, *, failing: tuple[int, ...] = (3, 5), digest: str = "d") -> Timed:
    bad = case.seed in failing
    found = Found(check="cents_conserved", key="cents_conserved:1", cause="… cents are missing", sentence=_MISSING)
    result = Result(
        case=case,
        outcome="fail" if bad else "pass",
        digest=f"{digest}{case.seed}",
        findings=(found,) if bad else (),
        faults=("webhook_duplicated",) * case.seed,
        margins=(Margin(what="attempts of transfer 78e6a69b", closest="2", limit="3", left=case.seed / 10),),
    )
    return Timed(result=result, reach=Reach(kinds=frozenset({"webhook_duplicated"})), wall_seconds=case.seed)


@pytest.fixture(autouse=True)
def _contract_read_once(monkeypatch):
    monkeypatch.setattr(concluding, "contract_of", contract_of)


@pytest.fixture
def lived(monkeypatch):
    """The cases that were lived, in order; a test may have one broken off."""
    cases: list[Case] = []

    def finished(jobs, work, *, workers, lost):
        for case in jobs:
            cases.append(case)
            yield _lived(case)

    monkeypatch.setattr(under_test, "finished", finished)
    return cases


def _carry_out(folder: Path, plan: Plan, told=lambda timed: None) -> Path:
    folder.mkdir(exist_ok=True)
    plan.write(folder)
    under_test.carry_out(folder, plan, workers=2, dask=None, told=told)
    return folder


def test_a_campaign_that_is_stopped_goes_on_and_lives_nothing_twice(tmp_path, lived):
    def stop(timed: Timed) -> None:
        if len(lived) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _carry_out(tmp_path / "c", PLAN, told=stop)
    with open(tmp_path / "c" / "results.jsonl", "a", encoding="utf-8") as results:
        results.write('{"case": {"scenario": "smo')  # killed while it was written
    _carry_out(tmp_path / "c", PLAN)
    assert lived == list(PLAN.cases())
    assert [result.case for result in results_in(tmp_path / "c")] == list(PLAN.cases())


def test_a_case_that_broke_off_is_lived_again_and_has_one_result(tmp_path, lived, monkeypatch):
    broken = Timed(
        result=Result(case=next(PLAN.cases()), outcome="broke_off", said="no room"), reach=Reach(), wall_seconds=1
    )
    with monkeypatch.context() as patched:
        patched.setattr(under_test, "finished", lambda *_, **__: iter([broken]))
        _carry_out(tmp_path / "c", PLAN)
    assert [result.outcome for result in results_in(tmp_path / "c")] == ["broke_off"]
    _carry_out(tmp_path / "c", PLAN)
    assert len([*results_in(tmp_path / "c")]) == len(list(PLAN.cases()))
    assert not [result for result in results_in(tmp_path / "c") if result.outcome == "broke_off"]


@pytest.mark.parametrize("of", [1, 2, 3, 20])
def test_merged_shards_equal_the_whole_campaign_byte_for_byte(tmp_path, lived, of):
    whole = _carry_out(tmp_path / "whole", PLAN)
    shards = [
        _carry_out(tmp_path / f"s{number}", PLAN.model_copy(update={"shard": Shard(number=number, of=of)}))
        for number in range(1, of + 1)
    ]
    (tmp_path / "merged").mkdir()
    plan = merge(shards[::-1], tmp_path / "merged")
    for folder in (whole, tmp_path / "merged"):
        conclude(folder, plan, last=None)
    for name in ("results.jsonl", "reach.jsonl", "campaign.json", "junit.xml", "campaign.md"):
        assert (tmp_path / "merged" / name).read_bytes() == (whole / name).read_bytes(), name


def test_a_shard_that_is_missing_leaves_cases_and_one_that_is_there_twice_is_refused(tmp_path, lived):
    first = _carry_out(tmp_path / "s1", PLAN.model_copy(update={"shard": Shard(number=1, of=2)}))
    (tmp_path / "merged").mkdir()
    concluded = conclude(tmp_path / "merged", merge([first], tmp_path / "merged"), last=None)
    assert concluded.summary.left == len(list(PLAN.cases())) // 2
    failed = ElementTree.parse(tmp_path / "merged" / "junit.xml").findall(".//testcase[@classname='campaign']/failure")
    assert "left: " in failed[0].attrib["message"]
    with pytest.raises(UsageError, match="is shard 1/2, and so is"):
        merge([first, _carry_out(tmp_path / "s3", Plan.read(first))], tmp_path / "merged")
    other = PLAN.model_copy(update={"seeds": (1,), "shard": Shard(number=2, of=2)})
    with pytest.raises(UsageError, match=r"another campaign than .*: seeds differ"):
        merge([first, _carry_out(tmp_path / "s4", other)], tmp_path / "merged")


def test_the_next_campaign_knows_what_is_new_known_gone_back_and_flaky(tmp_path, monkeypatch):
    def night(name: str, last: str | None, **life):
        monkeypatch.setattr(under_test, "finished", lambda jobs, *_, **__: (_lived(case, **life) for case in jobs))
        folder = _carry_out(tmp_path / name, PLAN)
        return conclude(folder, PLAN, last=None if last is None else Memory.read(tmp_path / last))

    key = "cents_conserved:1"
    assert night("one", None, failing=()).exit_code == 0
    second = night("two", "one", failing=(3, 5))
    assert (second.since.new, second.since.known) == ((key,), ())
    assert {str(flaky) for flaky in second.since.flaky} >= {"smoke_2d seed 3: fail now, pass last time"}
    third = night("three", "two", failing=(3, 5))
    assert (third.since.new, third.since.known, third.since.flaky) == ((), (key,), ())
    fourth = night("four", "three", failing=(), digest="e")
    assert list(fourth.since.gone) == [key]
    assert (fourth.summary.outcome, fourth.outcome, fourth.exit_code) == ("pass", "fail", 1), "flaky is a finding"
    assert night("five", "four", failing=(3,)).since.back == (key,)
    assert len(Memory.read(tmp_path / "five").nights) == 5


def test_what_is_reached_no_longer_is_told_with_the_trend(tmp_path, monkeypatch):
    def night(name: str, states: set[str], last: str | None = None):
        def lived(jobs, *_, **__):
            for case in jobs:
                timed = _lived(case, failing=())
                yield replace(timed, reach=Reach(states=frozenset(states)))

        monkeypatch.setattr(under_test, "finished", lived)
        folder = _carry_out(tmp_path / name, PLAN)
        return conclude(folder, PLAN, last=None if last is None else Memory.read(tmp_path / last))

    assert night("one", {"transfer given up", "people were told"}).trend == ()
    second = night("two", {"people were told"}, "one")
    assert second.since.no_longer == {"states": ("transfer given up",)}
    assert "reached: kinds 0 of " in second.trend[2]
    assert ", states 1 of " in second.trend[2]
    assert "(last 2 of " in second.trend[2]
    assert second.trend[3:] == ("no longer reached, states that must be reached: transfer given up",)
    assert second.trend[:2] == (
        "a run takes 4.0 s (last 4.0 s)",
        "closest to a limit: attempts of transfer: 10% left (last attempts of transfer: 10% left)",
    )
    for page in ("campaign.html", "campaign.md"):
        assert "o longer reached, states that must be reached: transfer given up" in (
            tmp_path / "two" / page
        ).read_text(encoding="utf-8")
    assert night("three", {"people were told", "transfer given up"}, "two").since.no_longer == {}


def test_many_results_need_no_more_memory_than_few(tmp_path):
    def peak(many: int) -> int:
        plan = PLAN.model_copy(update={"seeds": tuple(range(1, many + 1)), "draws": ("own",)})
        folder = tmp_path / str(many)
        folder.mkdir()
        with appending(folder) as keep:
            for case in plan.cases():
                keep(_lived(case, digest="d" * 60))
        tracemalloc.start()
        write_sorted(folder, plan, of=(folder,))
        conclude(folder, plan, last=None)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)  # what is loaded at first
    assert (peak(600) - peak(100)) / 500 < 1200, "bytes that each result more takes"


def test_a_cause_whose_case_was_not_lived_is_not_gone(tmp_path, lived):
    _carry_out(tmp_path / "one", PLAN)
    conclude(tmp_path / "one", PLAN, last=None)
    few = PLAN.model_copy(update={"seeds": (1,)})
    now = conclude(_carry_out(tmp_path / "two", few), few, last=Memory.read(tmp_path / "one"))
    assert now.since.gone == {}
    assert list(now.since.not_lived) == list(now.memory.causes) == ["cents_conserved:1"]


def test_histories_of_other_code_are_not_compared(tmp_path, lived):
    _carry_out(tmp_path / "one", PLAN)
    conclude(tmp_path / "one", PLAN, last=None)
    other = PLAN.model_copy(update={"made_by": "0.1.0 at 40a59dc01235"})
    now = conclude(_carry_out(tmp_path / "two", other), other, last=Memory.read(tmp_path / "one"))
    assert now.since.flaky is None


def test_the_pages_tell_each_cause_once_with_its_shortest_story_and_load_nothing(tmp_path, lived):
    concluded = conclude(_carry_out(tmp_path / "c", PLAN), PLAN, last=None)
    (cause,) = concluded.summary.causes
    assert cause.runs == 4
    assert cause.shortest.case == Case(scenario="smoke_2d", seed=3)
    page = (tmp_path / "c" / "campaign.html").read_text(encoding="utf-8")
    assert page.count("simulate run smoke_2d --seed 3<") == 1
    assert "&lt;b&gt;A" in page
    assert "<b>A" not in page
    assert not re.search(r'<script|src=|https?://|href="(?!#|data:)', page)
    assert "\n".join(re.findall(r'title="seed (\d+: \w+)"', page)).count("3: fail") == 2
    suites = ElementTree.parse(tmp_path / "c" / "junit.xml").getroot()
    never = suites.findall("./testsuite[@name='never reached']/testcase[skipped]")
    assert (len(suites.findall(".//testcase")) - len(never), suites.get("failures"), suites.get("errors")) == (
        16,
        "4",
        "0",
    )
    assert "refund while its payout is pending" in {case.get("name") for case in never}
    assert "never reached, states that must be reached: " in (tmp_path / "c" / "campaign.md").read_text("utf-8")
    assert len((tmp_path / "c" / "campaign.md").read_bytes()) < _MOST_BYTES


def test_a_case_without_a_verdict_or_left_over_is_no_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(under_test, "finished", lambda *_, **__: iter([_lived(case) for case in [*PLAN.cases()][:3]]))
    concluded = conclude(_carry_out(tmp_path / "c", PLAN), PLAN, last=None)
    assert concluded.summary.counts == {"pass": 3}
    assert concluded.exit_code == 2
    (tmp_path / "empty").mkdir()
    assert conclude(tmp_path / "empty", PLAN, last=None).exit_code == 2


def test_progress_tells_done_rate_time_left_and_findings():
    from rich.console import Console

    progress = CampaignProgress(Console(quiet=True), total=20, before=[], minutes=None)
    for case in [*PLAN.cases()][:6]:
        progress.ended(_lived(case).result)
    assert progress.line(60.0) == "6 of 20 done, 6.0 a minute, 2 min left; 2 fail, 4 pass; 1 different finding"


@pytest.mark.parametrize("words", [[], ["--seeds", "1-3", "--shard", "3/2"], ["--seeds", "3-1"]])
def test_a_campaign_without_an_end_or_with_a_wrong_part_is_refused(words):
    with pytest.raises(UsageError):
        command.main(["smoke_2d", *words], standalone_mode=False)


def test_what_an_earlier_run_left_is_not_kept_with_the_platform():
    platform_that_comes_along()
    kept = gc.get_freeze_count()
    platform_that_comes_along()
    assert gc.get_freeze_count() == kept


def test_what_another_version_left_is_refused_by_its_place(tmp_path, lived):
    folder = _carry_out(tmp_path / "c", PLAN)
    (folder / "reach.jsonl").write_text('{"case": {"scenario": "smoke_2d", "seed": 1}, "reach": {"kinds": []}}\n')
    with pytest.raises(UsageError, match=r"reach\.jsonl:1: no line of a campaign"):
        conclude(folder, PLAN, last=None)
    (folder / "memory.json").write_text('{"nights": [], "causes": {}, "cases": []}')
    with pytest.raises(UsageError, match=r"no memory of this version's: .*\n.*leave --since out once"):
        Memory.read(folder)


def test_a_run_that_was_drawn_has_its_command_to_shrink_too(tmp_path, monkeypatch):
    def lived(jobs, *_, **__):
        for case in jobs:
            timed = _lived(case)
            yield replace(timed, result=timed.result.model_copy(update={"folder": f"runs/{case.seed}"}))

    monkeypatch.setattr(under_test, "finished", lived)
    drawn = PLAN.model_copy(update={"draws": ("several",)})
    concluded = conclude(_carry_out(tmp_path / "c", drawn), drawn, last=None)
    (cause,) = concluded.summary.causes
    assert concluded.commands(cause) == (
        "simulate run smoke_2d --seed 3 --draw several",
        "simulate shrink FOLDER/runs/3 --finding cents_conserved",
    )
