"""A fault of the machine in the middle of a run ends it with its cause and remedy: no verdict, and nobody is blamed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.assembly import Simulation
from simulation.assembly.request import prepare
from simulation.environment import causes
from simulation.errors import EnvironmentFault
from simulation.progress import Silent
from simulation.run import carry_out
from simulation.run_directory import RunDirectory
from simulation.world.operator import tools

Strike = Callable[[Simulation], None]


class _Fate(Silent):
    """Strikes once the first simulated day is under way."""

    def __init__(self, strike: Strike) -> None:
        self._strike: Strike | None = strike
        self.sim: Simulation | None = None

    def on_stage(self, sim: Simulation) -> None:
        self.sim = sim

    def at(self, now: object) -> None:
        if self.sim is not None and self._strike is not None:
            strike, self._strike = self._strike, None
            strike(self.sim)


def struck(out: Path, strike: Strike) -> EnvironmentFault:
    """The fault with which a run ends in which this happens."""
    fate = _Fate(strike)
    request = prepare(scenario="smoke_2d", seed=1, environment="embedded", out=out)
    directory = RunDirectory.create(out=out, scenario="smoke_2d", seed=1)
    with pytest.raises(EnvironmentFault) as fault:
        carry_out(request, directory, fate, plant=fate.on_stage)
    return fault.value


def _signalled(number: signal.Signals) -> Strike:
    def strike(sim: Simulation) -> None:
        assert sim.server.process_id is not None
        os.kill(sim.server.process_id, number)

    return strike


def _backend_killed(sim: Simulation) -> None:
    os.kill(int(str(sim.observer.one("SELECT pg_backend_pid() AS pid")["pid"])), signal.SIGKILL)


@pytest.mark.parametrize(
    ("strike", "cause"),
    [
        (_signalled(signal.SIGTERM), causes.STOPPED),
        (_signalled(signal.SIGINT), causes.STOPPED),
        (_signalled(signal.SIGQUIT), causes.STOPPED),
        (_signalled(signal.SIGKILL), causes.KILLED),
        (_backend_killed, causes.KILLED),
    ],
    ids=["told to stop", "told to stop fast", "told to stop at once", "killed", "a process of it killed"],
)
def test_a_server_that_is_stopped_or_killed_is_named(tmp_path: Path, strike: Strike, cause: causes.Cause) -> None:
    fault = struck(tmp_path, strike)
    assert fault.remedy == cause.remedy


def _curl_breaks(sim: Simulation) -> None:
    """From now on the operator's curl is a program that cannot run."""
    broken = sim.folder / "curl-of-another-machine"
    broken.write_bytes(b"\x7fELF not for this machine")
    broken.chmod(0o755)
    shell = sim.operator._shell
    object.__setattr__(shell, "tools", tools.Tools(bash=shell.tools.bash, curl=broken, jq=shell.tools.jq))
    write = tools.write_shims

    def with_broken(folder: Path, known: tools.Tools) -> None:
        write(folder, known)
        (folder / "curl").symlink_to(known.curl)

    from simulation.world.operator import shell as session

    session.write_shims = with_broken  # type: ignore[attr-defined, assignment]


def test_a_curl_that_cannot_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulation.world.operator import shell as session

    monkeypatch.setattr(session, "write_shims", session.write_shims)  # type: ignore[attr-defined]  # put back later
    fault = struck(tmp_path, _curl_breaks)
    assert "the operator's curl-of-another-machine cannot run" in fault.problem
    assert fault.remedy == causes.NO_PROGRAM.remedy


def _fork_refused(sim: Simulation) -> None:
    """From now on each shell says what bash says when the kernel lets it start nothing."""
    from simulation.world.operator import shell as session

    begin = session.Shell.begin
    refusal = "echo 'bash: fork: retry: Resource temporarily unavailable' >&2; (exit 254)"
    session.Shell.begin = lambda self, command: begin(self, refusal)  # type: ignore[method-assign]


def test_a_fork_that_is_refused_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulation.world.operator import shell as session

    monkeypatch.setattr(session.Shell, "begin", session.Shell.begin)  # put back afterwards
    fault = struck(tmp_path, _fork_refused)
    assert fault.remedy == causes.NO_PROCESS.remedy
    assert "fork: retry" in fault.problem
