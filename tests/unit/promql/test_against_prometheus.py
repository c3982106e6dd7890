"""Random expressions over random series, held against the promtool of this machine, whatever its version.

CI sets SIMULATE_REQUIRE_PROMTOOL, so that its absence is a failure there and not a skip.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from simulation.environment.promtool import promtool_version
from simulation.world.monitoring.promql.windows import WINDOW_FUNCTIONS
from tests.unit.promql.grammar import MINUTES, Grammar, random_series
from tests.unit.promql.real_prometheus import binary_or_skip, by_promtool, by_us, differences

EXPRESSIONS = 60


@pytest.mark.parametrize("seed", range(4))
def test_prometheus_gives_the_same(seed: int, tmp_path: Path) -> None:
    binary, chance = binary_or_skip(), random.Random(seed)
    series, grammar = random_series(chance), Grammar(chance)
    expressions = sorted({grammar.expression() for _ in range(EXPRESSIONS)})
    instants = (0, 3, chance.randrange(4, MINUTES - 1), MINUTES - 1)

    theirs = by_promtool(binary, tmp_path, series, expressions, instants)

    assert differences(by_us(promtool_version(binary), series, expressions, instants), theirs) == []
    assert sum(result not in ("error", {}) for result in theirs.values()) > EXPRESSIONS


def test_a_window_function_that_is_wrong_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary, series = binary_or_skip(), {"c": [0.0, 4.0, 9.0, 1.0]}
    version, expressions = promtool_version(binary), ["increase(c[3m])"]
    theirs = by_promtool(binary, tmp_path, series, expressions, [3])
    assert differences(by_us(version, series, expressions, [3]), theirs) == []
    monkeypatch.setitem(WINDOW_FUNCTIONS, "increase", lambda window, *_: window.values[-1] - window.values[0])
    assert len(differences(by_us(version, series, expressions, [3]), theirs)) == 1


def test_every_function_that_is_understood_is_drawn() -> None:
    chance = random.Random(1)
    grammar = Grammar(chance)
    drawn = set(re.findall(r"\w+", " ".join(grammar.expression() for _ in range(6000))))
    outside = {"holt_winters", "double_exponential_smoothing"}  # each is known to one half of the versions
    assert set(WINDOW_FUNCTIONS) - outside <= drawn
