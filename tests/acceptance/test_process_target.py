"""The staging platform as a process of its own gets the verdict it gets in the simulation's process."""

from __future__ import annotations

import csv
import multiprocessing
import os
import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.environment.workspace import reap_leftovers
from simulation.errors import UsageError
from simulation.events import Event, FaultInjected, StripeCall, WebhookAttempt
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.run import RunResult, run
from simulation.targets.builtin.governance import GOVERNANCE
from simulation.targets.process.loader import read_target

STAGING = ROOT / "fixtures" / "targets" / "staging"
_GENERATED = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?:evt|pi|tr|re)_\w+")
_KILLED = """
  - id: killed-in-between
    kind: transfer_then_killed
    contest: early_birds
    nth: 1
    expect: {self_heals: true}
"""


def _run(scenario: str, out: Path, target: Path | None) -> RunResult:
    return run(prepare(scenario=scenario, seed=1, environment="embedded", out=out, target=target), Silent())


def _ledger(result: RunResult) -> Counter[tuple[str, ...]]:
    """Rows of the ledger with every generated id left out."""
    with open(result.directory.path / "ledger.csv", encoding="utf-8", newline="") as file:
        return Counter(tuple(_GENERATED.sub("*", value) for value in row.values()) for row in csv.DictReader(file))


def _outcomes(result: RunResult) -> dict[str, str]:
    """Check to what it says."""
    return {judged.check: judged.outcome for judged in result.verdict.results}


def _programs(harness: int | None = None) -> list[str]:
    """Command lines of the platform's programs that a harness (this process) started and that run now."""
    workspace = f"/founder-absence-{harness or os.getpid()}-".encode()
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            ours = workspace in Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue
        if ours and "simulation.staging.serve" in line:
            found.append(line)
    return found


@pytest.mark.parametrize(("scenario", "more_rows_than"), [("smoke_2d", 20), ("founder_absence_14d", 100)])
def test_verdict_and_ledger_are_the_same_in_process_and_as_a_process(
    scenario: str, more_rows_than: int, tmp_path: Path
) -> None:
    inside = _run(scenario, tmp_path / "inside", None)
    outside = _run(scenario, tmp_path / "outside", STAGING)
    assert inside.verdict.outcome == outside.verdict.outcome == "pass"
    assert _outcomes(inside) == _outcomes(outside)
    assert _ledger(inside) == _ledger(outside)
    assert sum(_ledger(inside).values()) > more_rows_than
    assert _programs() == []


def test_its_folder_governs_what_the_platform_in_this_process_governs() -> None:
    assert read_target(STAGING).file.governance.governance() == GOVERNANCE


def _with_a_kill(folder: Path) -> str:
    """The small scenario with one fault: the platform is killed between Stripe's answer and its commit."""
    return _with_faults(folder, _KILLED)


def _with_faults(folder: Path, faults: str) -> str:
    """The small scenario with these faults in the place of its own."""
    text = (ROOT / "scenarios" / "smoke_2d.yaml").read_text()
    head, _, _ = text.partition("\nfaults:\n")
    file = folder / "killed.yaml"
    file.write_text(f"{head.replace('name: smoke_2d', 'name: killed')}\nfaults:{faults}")
    return str(file)


def test_a_platform_that_is_killed_between_stripes_answer_and_its_commit_pays_once(tmp_path: Path) -> None:
    result = _run(_with_a_kill(tmp_path), tmp_path, STAGING)
    assert [strike.fault_kind for strike in result.history.of(FaultInjected)] == ["transfer_then_killed"]
    struck = next(call for call in result.history.of(StripeCall) if call.fault_id == "killed-in-between")
    same_key = [call for call in result.history.of(StripeCall) if call.idempotency_key == struck.idempotency_key]
    assert len(same_key) > 1, "the platform came back to what it had not heard"
    assert result.verdict.outcome == "pass", [
        finding for judged in result.verdict.results for finding in judged.findings
    ]
    assert _programs() == []


_KILLED_AT_WORK = """
  - id: killed-before-it-answered
    kind: webhook_then_killed
    contest: early_birds
    nth: 2
    expect: {self_heals: true}
  - id: killed-as-it-settles
    kind: backend_killed
    at: day 1 13:04
    minutes: 5
    expect: {self_heals: true}
"""


def test_a_platform_that_is_killed_at_work_takes_up_where_it_was(tmp_path: Path) -> None:
    """Once when it has booked a payment and not told Stripe, once for a few minutes as prizes fall due."""
    result = _run(_with_faults(tmp_path, _KILLED_AT_WORK), tmp_path, STAGING)

    struck = {strike.fault_kind: strike for strike in result.history.of(FaultInjected)}
    assert set(struck) == {"webhook_then_killed", "backend_killed"}
    event_id = struck["webhook_then_killed"].keys["stripe_event_id"]
    attempts = [attempt.status for attempt in result.history.of(WebhookAttempt) if attempt.event_id == event_id]
    assert attempts == [None, 200], "no answer came, and the next delivery was taken"
    assert result.verdict.outcome == "pass", [
        finding for judged in result.verdict.results for finding in judged.findings
    ]
    assert _programs() == []


def test_the_platform_in_this_process_cannot_be_killed_by_a_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="kills the platform's programs"):
        prepare(scenario=_with_a_kill(tmp_path), seed=1, environment="embedded", out=tmp_path)


class _Killer(Silent):
    """Kills its own process, without a chance to clean up, once the days are being lived."""

    def __init__(self) -> None:
        self._seen = 0

    def seen(self, event: Event) -> None:
        self._seen += 1
        if self._seen > 60:
            os.kill(os.getpid(), signal.SIGKILL)


def _run_until_killed(out: Path) -> None:
    run(prepare(scenario="smoke_2d", seed=1, environment="embedded", out=out, target=STAGING), _Killer())


def test_nothing_of_the_platform_outlives_a_harness_that_is_killed(tmp_path: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=_run_until_killed, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while _programs(child.pid) and time.monotonic() < deadline:
        time.sleep(0.05)  # the machine's own kernel ends them, in its own time
    assert _programs(child.pid) == []
    assert reap_leftovers()
