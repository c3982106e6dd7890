"""One run from top to bottom: bring up, revoke, live the founderless days, converge, observe, judge, report.

Read this first. Each step is a few lines here and a module of its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from simulation.assembly import PREPARATION, RunRequest, Simulation, assembled
from simulation.assembly.convergence import Convergence
from simulation.assembly.probes import compare_the_clocks, probe_access, prove_the_clock
from simulation.checks.verdict import Verdict, judge
from simulation.clock import SimProcess
from simulation.environment.caller import plain_environment
from simulation.environment.clock_library import clock_library
from simulation.environment.release import release
from simulation.environment.workspace import require_room, workspace_root
from simulation.events import ContractDeclared, PlatformLog, RunStarted, WitnessSummary
from simulation.history import History
from simulation.progress import Progress
from simulation.reporting.view import Report
from simulation.reporting.write import write_report
from simulation.run_directory import RunDirectory
from simulation.witness.access import record_access
from simulation.witness.alert_evaluation import Scrapes, judge_alerts
from simulation.witness.stripe_contract import judge_contract
from simulation.words import plural
from simulation.world.operator.shipped import shipped
from simulation.world.operator.tools import find_tools, require_programs, try_tools

_PROGRESS_INTERVAL_SECONDS = 6 * 3600
_FINGERPRINT_INTERVAL_SECONDS = 24 * 3600
_FOLDER = "(the run's folder)"
"""Stands in the log for the path of the workspace, which is another in each run of a seed."""
_LINES_AN_EVENT = 500


@dataclass(frozen=True, kw_only=True)
class RunResult:
    directory: RunDirectory
    history: History
    verdict: Verdict
    report: Report


def run(request: RunRequest, progress: Progress) -> RunResult:
    """Run a scenario and leave its run directory.

    :raises EnvironmentFault: the machine cannot carry it; what was written so far stays in the run directory.
    """
    clock_library(), workspace_root()  # what this machine lacks is said before a folder is made
    try_tools(find_tools(), plain_environment())
    tasks = {task.runbook for task in request.scenario.operator.tasks}
    for runbook in request.runbooks:
        if runbook.name in tasks:
            require_programs(runbook.commands, of=runbook.name)
    directory = RunDirectory.create(out=request.out, scenario=request.scenario.name, seed=request.seed)
    history = carry_out(request, directory, progress)
    progress.phase("judging")
    verdict = judge(history)
    progress.phase("writing the report")
    report, verdict = write_report(directory.path, history, verdict)
    directory.become_latest()
    return RunResult(directory=directory, history=history, verdict=verdict, report=report)


def carry_out(
    request: RunRequest,
    directory: RunDirectory,
    progress: Progress,
    *,
    plant: Callable[[Simulation], None] | None = None,
) -> History:
    """Everything before judging; the history of the run.

    :param plant: called with the simulation as soon as it is assembled. A normal run has none: it is how a planted
        defect gets in.
    """
    directory.scenario.write_text(request.scenario.to_yaml())
    directory.faults.write_text(request.plan.to_json())
    with assembled(request, directory, progress) as sim:
        if plant is not None:
            plant(sim)
        prove_the_clock(sim)
        begin(sim)
        revoke_founder_access(sim)
        progress.phase(f"living {plural(request.scenario.days, 'day')}")
        convergence = live(sim, progress)
        progress.phase("collecting what the witnesses saw")
        if sim.kernel.halted:  # whoever planted something has seen enough: this run has no end
            sim.wal.collect()
            sim.observer.record_all(translate=sim.wal.renumbered)
        else:
            observe(sim, convergence)
        return sim.recorder.history()


def begin(sim: Simulation) -> None:
    """Write down what this run is and what its seed will do to the platform."""
    scenario = sim.scenario
    sim.recorder.record(
        RunStarted(
            scenario=scenario.name,
            scenario_document=scenario.model_dump(mode="json"),
            seed=sim.request.seed,
            days=scenario.days,
            window_start=scenario.start - PREPARATION,
            window_end=scenario.end,
            absence_start=scenario.start,
            target=sim.target.name,
            target_option=sim.request.target.option,
            asked=sim.request.asked or own_files(sim.directory, sim.request),
            version=release().version,
            commit=release().commit,
            tree=release().tree,
            environment=sim.server.name,
            environment_reason="; ".join(
                filter(None, (sim.request.environment_reason, sim.server.detail, clock_library().detail))
            ),
            governance=sim.target.governance,
            runbooks={runbook.name: shipped(runbook) for runbook in sim.request.runbooks},
            alert_rules=tuple(rule.as_run() for rule in sim.request.rules.alerts),
        )
    )
    if declared := sim.request.target.contract.document:
        sim.recorder.record(ContractDeclared(document=declared))
    for fault in sim.request.plan.scheduled:
        sim.recorder.record(fault.model_copy())


def own_files(directory: RunDirectory, request: RunRequest) -> tuple[str, ...]:
    """The arguments of ``simulate`` that live a run once more, from what it leaves in its folder."""
    return (*directory.again(seed=request.seed), *shlex.split(request.target.option))


def revoke_founder_access(sim: Simulation) -> None:
    """Revoke the founder's logins, and show by trying them that they are refused."""
    sim.target.revoke_admin(
        http=sim.http, authorization=sim.authorization(sim.ops_admin.user_id), user_id=sim.founder_admin.user_id
    )
    sim.server.revoke_founder()
    probe_access(sim, "start")


def live(sim: Simulation, progress: Progress) -> Convergence:
    """Live the simulated days: everything that happens, happens within this call."""
    sim.kernel.clock.move_to(sim.scenario.start)
    sim.fingerprints.take("start")
    sim.provider.start()
    sim.entrants.start()
    sim.jobs.start()
    sim.monitor.start()
    sim.operator.start()
    sim.sampler.start()
    sim.timed_faults.start()
    convergence = Convergence(sim)
    sim.kernel.spawn(convergence.watch())
    sim.kernel.spawn(_every(sim, _PROGRESS_INTERVAL_SECONDS, lambda: _look(sim, progress)))
    sim.kernel.spawn(_every(sim, _FINGERPRINT_INTERVAL_SECONDS, lambda: sim.fingerprints.take("during")))
    sim.kernel.run_until(sim.scenario.end)
    return convergence


def _look(sim: Simulation, progress: Progress) -> None:
    progress.at(sim.kernel.now)
    require_room(sim.folder)
    if not sim.server.alive and (fault := sim.server.fault()):
        raise fault
    sim.wal.collect()


def _every(sim: Simulation, sim_seconds: int, action: Callable[[], None]) -> SimProcess:
    while True:
        action()
        yield sim.kernel.sleep(sim_seconds)


def observe(sim: Simulation, convergence: Convergence) -> None:
    """Let every witness record what it has left to record, then end the history."""
    with judge_alerts(sim.recorder.events, _scrapes(sim), test_file=sim.directory.alerts_test) as alerts:
        sim.operator.go_off_shift()
        sim.sampler.take()
        sim.fingerprints.take("end")
        compare_the_clocks(sim)
        probe_access(sim, "end")
        sim.wal.collect()
        sim.observer.record_all(translate=sim.wal.renumbered)
        sim.observer.record_tables()
        sim.wal.summarise()
        record_access(
            sim.server.server_log(), recorder=sim.recorder, database=sim.database.name, since=sim.scenario.start
        )
        sim.twin.record_final_state()
        sim.provider.record_final_state()
        sim.recorder.record(WitnessSummary(witness="exchange", records=sim.exchange.requests), cause="monitor")
        sim.jobs.record_summaries()
        written = without_folder(sim.target.log_lines(), sim.folder)
        for first in range(0, len(written), _LINES_AN_EVENT):
            sim.recorder.record(PlatformLog(lines=written[first : first + _LINES_AN_EVENT]), cause="monitor")
        sim.recorder.record(judge_contract(sim.recorder.events, sim.stripe_mock), cause="monitor")
        sim.recorder.record(alerts.evaluated(), cause="monitor")
    sim.recorder.record(convergence.ended(), cause="monitor")


def without_folder(lines: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Lines of a target's log, in which a run's workspace has the same name in each run of a seed."""
    return tuple(line.replace(str(folder), _FOLDER) for line in lines)


def _scrapes(sim: Simulation) -> Scrapes:
    return Scrapes(
        count=sim.monitor.scrapes,
        interval_seconds=sim.scenario.monitor.scrape_interval_seconds,
        rule_files=sim.request.rules.files,
        version=sim.scenario.monitor.prometheus,
    )
