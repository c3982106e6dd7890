"""A run that is killed leaves a history on which the jury says `unknown`, and what is missing."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.cli.check import check
from simulation.environment.workspace import reap_leftovers
from simulation.events import Event
from simulation.progress import Silent
from simulation.run import run

KILLED_AFTER = (0, 1, 5, 12, 40, 120, 300, 450, 600, 750)
"""Events after which the process is killed: before the first, in the preparation, in the days, in the observation."""


class Killer(Silent):
    """Kills its own process, without a chance to clean up, when that many events have been recorded."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._seen = 0

    def phase(self, text: str) -> None:
        self._strike()

    def seen(self, event: Event) -> None:
        self._seen += 1
        self._strike()

    def _strike(self) -> None:
        if self._seen >= self._after:
            os.kill(os.getpid(), signal.SIGKILL)


def _run_until_killed(out: Path, after: int) -> None:
    run(prepare(scenario="smoke_2d", seed=1, environment="embedded", out=out), Killer(after))


@pytest.mark.parametrize("after", KILLED_AFTER)
def test_what_is_left_of_a_killed_run_is_unknown(
    after: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = multiprocessing.get_context("fork").Process(target=_run_until_killed, args=(tmp_path, after))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert reap_leftovers()
    (left,) = (tmp_path / "smoke_2d").iterdir()  # no "latest": nothing has become whole

    exit_code = check.main([str(left), "--json"], standalone_mode=False)

    assert exit_code == 2
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["outcome"] == "unknown"
    reasons = {result["unknown"] for result in verdict["results"]}
    assert None not in reasons
    assert any("the history is empty" in reason or "breaks off at event" in reason for reason in reasons)
