"""The sample is the seed's, a survivor is tried where its line is reached, and the figure says what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.proof.mutants.campaign import Campaign, draw, judges_of
from simulation.proof.mutants.equivalent import Equivalents
from simulation.proof.mutants.reach import Judge, Reach, reaching
from simulation.proof.mutants.source import Mutant
from simulation.proof.mutants.trial import Fate, Trial


def mutant(line: int, number: int = 0, before: str = "a") -> Mutant:
    return Mutant(file="f.py", line=line, function="f", before=before, after="b", number=number)


def test_the_same_seed_draws_the_same_and_a_statement_with_many_mutants_weighs_no_more() -> None:
    many = [mutant(1, number) for number in range(500)] + [mutant(line) for line in range(2, 12)]
    drawn = draw(many, size=5, seed=3)
    assert drawn == draw(many, size=5, seed=3)
    assert drawn != draw(many, size=5, seed=4)
    assert len({m.line for m in drawn}) == 5
    assert {m.line for m in draw(many, size=100, seed=3)} == set(range(1, 12))


def test_the_cheapest_scenario_that_reaches_a_line_comes_first() -> None:
    reaches = [
        Reach(judge=Judge(scenario="long"), lines={"f.py": frozenset((1, 2))}, cpu_seconds=20),
        Reach(judge=Judge(scenario="short"), lines={"f.py": frozenset((1,))}, cpu_seconds=2),
    ]
    assert [reach.judge.scenario for reach in reaching(reaches, file="f.py", line=1)] == ["short", "long"]
    assert [reach.judge.scenario for reach in reaching(reaches, file="f.py", line=2)] == ["long"]
    assert reaching(reaches, file="g.py", line=1) == ()


def test_the_share_leaves_out_what_never_came_to_a_verdict_and_what_is_equivalent() -> None:
    fates: list[Fate] = ["named", "named", "named", "alive", "stopped", "equivalent"]
    trials = tuple(Trial(mutant=mutant(n), fate=fate) for n, fate in enumerate(fates))
    assert Campaign(total=9, lines=(1, 2), trials=trials).share == 75.0


def test_an_equivalent_mutant_has_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.toml"
    entry = 'file = "f.py"\nfunction = "f"\nbefore = "a"\nafter = "b"\n'
    file.write_text(f'[[equivalent]]\n{entry}why = "the header\'s name has no case in HTTP"\n', encoding="utf-8")
    known = Equivalents.load(file)
    assert mutant(7) in known
    assert mutant(7, before="other") not in known
    file.write_text(f'[[equivalent]]\n{entry}why = "same"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="why"):
        Equivalents.load(file)


def test_a_mutant_is_judged_by_the_cheapest_then_the_longest_then_what_reaches_most_of_its_file() -> None:
    of = {
        "short": (1, (7,)),
        "long": (9, (7,)),
        "near": (3, (7, 8, 9)),
        "far": (2, (7,)),
        "elsewhere": (4, (8,)),
    }
    reaches = [
        Reach(judge=Judge(scenario=name), lines={"f.py": frozenset(lines)}, cpu_seconds=seconds)
        for name, (seconds, lines) in of.items()
    ]
    reaches.append(
        Reach(judge=Judge(scenario="far", as_processes=True), lines={"f.py": frozenset((7,))}, cpu_seconds=30)
    )
    judged = [str(reach.judge) for reach in judges_of(reaches, mutant(7))]
    assert judged == ["short", "long", "near", "far", "far as processes"]
