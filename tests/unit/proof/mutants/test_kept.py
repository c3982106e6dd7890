"""A campaign of mutants goes on where it was left."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.proof.mutants.kept import Kept
from simulation.proof.mutants.reach import Judge, Reach
from simulation.proof.mutants.source import Mutant
from simulation.proof.mutants.trial import Trial


def trial(number: int, fate: str) -> Trial:
    mutant = Mutant(file="f.py", line=number, function="f", before="a", after="b", number=number)
    return Trial(mutant=mutant, fate=fate, scenario="quiet", checks=("ledger_true",))  # type: ignore[arg-type]


def test_fates_and_reaches_come_back_as_they_were_kept(tmp_path: Path) -> None:
    kept, reach = (
        Kept(folder=tmp_path),
        Reach(judge=Judge(scenario="quiet"), lines={"f.py": frozenset({1, 2})}, cpu_seconds=1.5),
    )
    kept.keep_reach(reach)
    kept.keep_trial(trial(1, "named"))
    kept.keep_trial(trial(2, "alive"))
    assert kept.reaches() == [reach]
    assert list(kept.trials().values()) == [trial(1, "named"), trial(2, "alive")]


def test_judged_again_only_those_named_stay_and_the_last_fate_counts(tmp_path: Path) -> None:
    kept = Kept(folder=tmp_path)
    kept.keep_trial(trial(1, "named"))
    kept.keep_trial(trial(2, "alive"))
    assert list(Kept(folder=tmp_path, again=True).trials().values()) == [trial(1, "named")]
    kept.keep_trial(trial(2, "named"))
    assert kept.trials()[trial(2, "alive").mutant].fate == "named"


def test_a_folder_of_something_else_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mutants.jsonl").write_text('{"mutant": 3}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"mutants\.jsonl:1"):
        Kept(folder=tmp_path).trials()
