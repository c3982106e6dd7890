"""The request for a run: its inputs, read and checked before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from simulation.assembly.told_boards import refuse_between_boards, without_those_between_boards
from simulation.assembly.told_buyers import refuse_without_buyers, without_those_that_meet_no_buyer
from simulation.contract.document import Contract
from simulation.documents.yaml import read_yaml
from simulation.environment.choice import choose, environment_of_processes
from simulation.environment.process import imports_without_collector
from simulation.faults.plan import FaultPlan, load_plan
from simulation.faults.statements import Passing
from simulation.faults.swarm import swarm as swarm_faults
from simulation.paths import STAGING_TARGET_FOLDER
from simulation.run_directory import shortest
from simulation.scenario.faults.needs import (
    MET_INSIDE,
    STATEMENTS_TO_STRIKE,
    Need,
    met_by_processes,
    refuse_unmet_needs,
)
from simulation.scenario.file import available_scenarios, find_scenario, load_scenario, refuse_another_profile
from simulation.scenario.model import Scenario
from simulation.targets.protocol import TargetChoice
from simulation.world.monitoring.alert_rules import RuleSet, load_rules, refuse_blind_groups, refuse_dead_links
from simulation.world.operator.parser import load_runbooks
from simulation.world.operator.runbook import Runbook

if TYPE_CHECKING:
    from simulation.targets.builtin import BuiltinChoice
    from simulation.targets.process.loader import ProcessChoice
from simulation.targets.process.statement_needs import refuse_unknown_statements
from simulation.targets.process.values import STRIPE_KEY_FILE, STRIPE_STANDBY_WEBHOOK_SECRET


@dataclass(frozen=True, kw_only=True)
class Redraw:
    """Another way than a swarm to draw faults in place of the scenario's own. ``options``: what asks `run` for it.

    :param drawn: of a scenario, a seed and what the target has.
    """

    options: tuple[str, ...]
    drawn: Callable[[Scenario, int, Collection[Need]], Scenario]


PREPARATION = timedelta(hours=1)
"""Simulated time before day 0: the platform is deployed, admins are created, the founder's access is revoked."""


def platform_that_comes_along() -> TargetChoice:
    """The builtin target."""
    return _builtin()()


@cache
def _builtin() -> type[BuiltinChoice]:
    """It is imported only here because importing it takes half of the start-up time; and once, since what an earlier
    run of this process left would be kept for ever with it."""
    with imports_without_collector():
        from simulation.targets.builtin import BuiltinChoice

    return BuiltinChoice


def _backend_in(folder: Path) -> ProcessChoice:
    """The target that a folder describes. Imported only here: a run of the builtin target needs nothing of it."""
    from simulation.targets.process.loader import read_target

    return read_target(folder)


def _keeps_the_usual_rules(target: Path | None) -> bool:
    """Whether a target keeps ``fixtures/spec/platform.md`` to the minute; another one may have its own deadlines."""
    return target is None or target.resolve() == STAGING_TARGET_FOLDER.resolve()


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """The inputs of a run, all read and checked."""

    scenario: Scenario
    seed: int
    plan: FaultPlan
    rules: RuleSet
    runbooks: Sequence[Runbook]
    out: Path
    target: TargetChoice = field(default_factory=platform_that_comes_along)
    environment: str = "embedded"
    environment_reason: str = ""
    asked: tuple[str, ...] = ()
    """The arguments of ``simulate`` that ask for it; none: the files that it leaves in its folder have to do."""
    on_statement: Callable[[Passing], None] | None = None
    """Told every statement of the platform in this process, by whoever wants to learn them."""


def prepare(
    *,
    scenario: str,
    seed: int,
    days: int | None = None,
    plan_file: Path | None = None,
    environment: str = "auto",
    out: Path,
    target: Path | None = None,
    swarmed: bool = False,
    redraw: Redraw | None = None,
) -> RunRequest:
    """Read and check scenario, faults, alert rules and runbooks.

    :raises UsageError: one of them is invalid.
    """
    outside = None if target is None else _backend_in(target)
    chosen = outside or platform_that_comes_along()
    loaded = load_scenario(
        find_scenario(scenario), days=days, runbooks=chosen.runbooks, usual_platform=_keeps_the_usual_rules(target)
    )
    refuse_another_profile(loaded, "contests" if outside is None else outside.file.profile, place=scenario)
    met = _met(outside, target)
    if swarmed:
        loaded = swarm_faults(loaded, seed, met=met)
    if redraw is not None:
        loaded = redraw.drawn(loaded, seed, met)
    if outside is not None and outside.feed is not None and outside.feed.pushes:
        if swarmed or redraw is not None:
            loaded = without_those_between_boards(loaded, seed=seed)
        refuse_between_boards(loaded, seed=seed, place=scenario)
    if outside is not None and loaded.profile == "payments":
        if swarmed or redraw is not None:
            loaded = without_those_that_meet_no_buyer(loaded, seed=seed, charged_there=outside.charges_there)
        elif plan_file is None:
            document = read_yaml(find_scenario(scenario))
            refuse_without_buyers(loaded, seed=seed, charged_there=outside.charges_there, document=document)
    if outside is None:
        refuse_unmet_needs(loaded.faults, met=met, place=scenario)
    else:
        refuse_unmet_needs(loaded.faults, met={*met, STATEMENTS_TO_STRIKE}, place=scenario)
        refuse_unknown_statements(loaded.faults, file=outside.file, place=scenario)
    plan = FaultPlan.from_scenario(loaded, seed) if plan_file is None else load_plan(plan_file, loaded)
    rules, runbooks = load_rules(chosen.alerts, version=loaded.monitor.prometheus), load_runbooks(chosen.runbooks)
    refuse_blind_groups(rules, scrape_interval_seconds=loaded.monitor.scrape_interval_seconds)
    refuse_dead_links(rules.alerts, known={runbook.name for runbook in runbooks})
    if target is None:
        choice = choose(environment, operated=bool(loaded.operator.tasks))
    else:
        choice = environment_of_processes(environment, chosen.server_needs)
    return RunRequest(
        scenario=loaded,
        seed=seed,
        plan=plan,
        rules=rules,
        runbooks=runbooks,
        out=out,
        target=chosen,
        environment=choice.name,
        environment_reason=choice.reason,
        asked=_asked(
            scenario,
            seed=seed,
            days=days,
            plan_file=plan_file,
            target=target,
            drawn=("--swarm",) if swarmed else () if redraw is None else redraw.options,
        ),
    )


def _met(outside: ProcessChoice | None, target: Path | None) -> Collection[Need]:
    if outside is None:
        return MET_INSIDE
    file = outside.file
    return met_by_processes(
        file.governance.contest_score_tables,
        key_file=file.gives(STRIPE_KEY_FILE),
        standby=file.gives(STRIPE_STANDBY_WEBHOOK_SECRET),
        usual_rules=_keeps_the_usual_rules(target),
    )


def met_by(target: Path | None) -> Collection[Need]:
    """What a target has that kinds of faults need.

    :param target: folder of a backend; None: the platform that comes along.
    """
    return _met(None if target is None else _backend_in(target), target)


def contract_of(target: Path | None) -> Contract:
    """What a target declares.

    :param target: folder of a backend; None: the platform that comes along.
    """
    return (platform_that_comes_along() if target is None else _backend_in(target)).contract


def jobs_without_a_sign(target: Path) -> tuple[str, ...]:
    """The jobs of a backend whose statements nobody knows: ``target.toml`` has no ``seen_in_sql`` for them."""
    return tuple(job.name for job in _backend_in(target).file.job if job.seen_in_sql is None)


def _asked(
    scenario: str,
    *,
    seed: int,
    days: int | None,
    plan_file: Path | None,
    target: Path | None,
    drawn: tuple[str, ...],
) -> tuple[str, ...]:
    """The arguments that ask for the same history, in the same working folder."""
    return (
        "run",
        scenario if scenario in available_scenarios() else _argument(Path(scenario)),
        *("--seed", str(seed)),
        *(() if days is None else ("--days", str(days))),
        *(() if plan_file is None else ("--faults", _argument(plan_file))),
        *drawn,
        *(() if target is None else ("--target", _argument(target))),
    )


def _argument(path: Path) -> str:
    """A path that is not taken for an option, as short as it can be from the working folder."""
    short = shortest(path)
    return f"./{short}" if short.startswith("-") else short
