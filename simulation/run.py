"""One run from top to bottom: bring up, revoke, live the founderless days, converge, observe, judge, report.

Read this first. Each step is a few lines here and a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulation.assembly import PREPARATION, RunRequest, Stage, stage
from simulation.assembly.convergence import Convergence
from simulation.assembly.probes import compare_the_clocks, probe_access, prove_the_clock
from simulation.checks.verdict import Verdict, judge
from simulation.clock import SimProcess
from simulation.environment.faketime import clock_library
from simulation.environment.workspace import require_room, workspace_root
from simulation.errors import EnvironmentFault
from simulation.events import RunStarted, WitnessSummary
from simulation.history import History
from simulation.progress import Progress
from simulation.reporting.write import write_report
from simulation.run_directory import RunDirectory
from simulation.witness.access import record_access
from simulation.witness.alert_evaluation import Scrapes, judge_alerts
from simulation.witness.stripe_contract import judge_contract
from simulation.world.operator.shipped import shipped
from simulation.world.operator.tools import find_tools

_PROGRESS_INTERVAL_SECONDS = 6 * 3600
_FINGERPRINT_INTERVAL_SECONDS = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class RunResult:
    directory: RunDirectory
    history: History
    verdict: Verdict


def run(request: RunRequest, progress: Progress) -> RunResult:
    """Run a scenario and leave its run directory.

    :raises EnvironmentFault: the machine cannot carry it; what was written so far stays in the run directory.
    """
    clock_library(), workspace_root(), find_tools()  # what this machine lacks is said before a folder is made
    directory = RunDirectory.create(out=request.out, scenario=request.scenario.name, seed=request.seed)
    history = carry_out(request, directory, progress)
    progress.phase("judging")
    verdict = judge(history)
    progress.phase("writing the report")
    write_report(directory.path, history, verdict)
    return RunResult(directory=directory, history=history, verdict=verdict)


def carry_out(
    request: RunRequest, directory: RunDirectory, progress: Progress, *, guest: Callable[[Stage], None] | None = None
) -> History:
    """Everything up to the jury.

    :param guest: shown the stage as soon as it is set. A normal run has none; a planted defect gets in this way.
    """
    directory.scenario.write_text(request.scenario.to_yaml())
    directory.faults.write_text(request.plan.to_json())
    with stage(request, directory, progress) as on:
        if guest is not None:
            guest(on)
        prove_the_clock(on)
        begin(on)
        revoke_founder_access(on)
        progress.phase(f"living {request.scenario.days} days")
        convergence = live(on, progress)
        progress.phase("collecting what the witnesses saw")
        if on.kernel.halted:  # by a guest whose question is answered: no run, hence no end of it
            on.wal.collect()
            on.observer.record_all(translate=on.wal.renumbered)
        else:
            observe(on, convergence)
        return History(on.recorder.events)


def begin(on: Stage) -> None:
    """Write down what this run is and what its seed will do to the platform."""
    scenario = on.scenario
    on.recorder.record(
        RunStarted(
            scenario=scenario.name,
            scenario_document=scenario.model_dump(mode="json"),
            seed=on.request.seed,
            days=scenario.days,
            window_start=scenario.start - PREPARATION,
            window_end=scenario.end,
            absence_start=scenario.start,
            target=on.target.name,
            target_option=on.request.target.option,
            environment=on.server.name,
            environment_reason="; ".join(filter(None, (on.request.environment_reason, on.server.detail))),
            governance=on.target.governance,
            runbooks={runbook.name: shipped(runbook) for runbook in on.request.runbooks},
        )
    )
    for fault in on.request.plan.scheduled:
        on.recorder.record(fault.model_copy())


def revoke_founder_access(on: Stage) -> None:
    """From here on no founder and no superuser; shown by trying."""
    on.target.revoke_admin(
        http=on.http, authorization=on.authorization(on.ops_admin.user_id), user_id=on.founder_admin.user_id
    )
    on.server.revoke_founder()
    probe_access(on, "start")


def live(on: Stage, progress: Progress) -> Convergence:
    """The days themselves. Everything that happens, happens in here."""
    on.kernel.clock.move_to(on.scenario.start)
    on.fingerprints.take("start")
    on.provider.start()
    on.entrants.start()
    on.jobs.start()
    on.monitor.start()
    on.operator.start()
    on.sampler.start()
    on.troubles.start()
    convergence = Convergence(on)
    on.kernel.spawn(convergence.watch())
    on.kernel.spawn(_every(on, _PROGRESS_INTERVAL_SECONDS, lambda: _look(on, progress)))
    on.kernel.spawn(_every(on, _FINGERPRINT_INTERVAL_SECONDS, lambda: on.fingerprints.take("during")))
    on.kernel.run_until(on.scenario.end)
    return convergence


def _look(on: Stage, progress: Progress) -> None:
    progress.at(on.kernel.now)
    require_room(on.folder)
    if not on.server.alive:
        raise EnvironmentFault(
            problem=f"PostgreSQL died on simulated {on.kernel.now:%d %b %H:%M}",
            remedy="see the run's folder for the history so far; is there room on the disk and in memory?",
        )
    on.wal.collect()


def _every(on: Stage, sim_seconds: int, action: Callable[[], None]) -> SimProcess:
    while True:
        action()
        yield on.kernel.sleep(sim_seconds)


def observe(on: Stage, convergence: Convergence) -> None:
    """Everything a witness still has to say, then the end."""
    with judge_alerts(on.recorder.events, _scrapes(on), test_file=on.directory.alerts_test) as alerts:
        on.operator.go_off_shift()
        on.sampler.take()
        on.fingerprints.take("end")
        compare_the_clocks(on)
        probe_access(on, "end")
        on.wal.collect()
        on.observer.record_all(translate=on.wal.renumbered)
        on.observer.record_tables()
        on.wal.summarise()
        record_access(on.server.server_log(), recorder=on.recorder, database=on.database.name, since=on.scenario.start)
        on.twin.record_final_state()
        on.provider.record_final_state()
        on.recorder.record(WitnessSummary(witness="exchange", records=on.exchange.requests), cause="monitor")
        on.jobs.record_summaries()
        on.recorder.record(judge_contract(on.recorder.events, on.stripe_mock), cause="monitor")
        on.recorder.record(alerts.evaluated(), cause="monitor")
    on.recorder.record(convergence.ended(), cause="monitor")


def _scrapes(on: Stage) -> Scrapes:
    return Scrapes(
        count=on.monitor.scrapes,
        interval_seconds=on.scenario.monitor.scrape_interval_seconds,
        rule_files=tuple(dict.fromkeys(rule.file for rule in on.request.rules)),
    )
