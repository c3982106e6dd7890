"""``make bench-planted``, ``make bench-find``: ten planted defects, each of which a fault must bring out.

``--shrink``: with a dozen faults drawn, each is shrunk to at most two faults and the same finding, in 40 runs at most;
else the exit code is 1. ``--find``: how many of them the ways to draw faults find in a CPU minute.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from simulation.proof.campaign.draws import WAYS, Way, drawn
from simulation.proof.shrink.life import Ground, Life, Lived
from simulation.proof.shrink.shrink import MOST_RUNS, Shrinking, cause_to_keep
from simulation.sabotage.catalogue import chosen
from simulation.sabotage.registry import Sabotage
from simulation.sabotage.trial import SCENARIOS
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.needs import MET_INSIDE
from simulation.scenario.faults.payments import TwoEventsForOnePayment, WebhookDuplicated
from simulation.scenario.faults.people import Chargeback, RefundRequested
from simulation.scenario.faults.provider import ProviderMalformed, ProviderOutage
from simulation.scenario.faults.transfers import DestinationSuspended, TransferTimeoutBefore
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario

TEN: Mapping[str, type[Fault]] = {
    "chargeback-booked-without-its-fee": Chargeback,
    "terminal-treated-as-retryable": DestinationSuspended,
    "retryable-treated-as-terminal": TransferTimeoutBefore,
    "failed-attempt-moves-a-balance": TransferTimeoutBefore,
    "attempts-beyond-the-maximum": DestinationSuspended,
    "duplicate-event-counted-twice": WebhookDuplicated,
    "two-events-for-one-payment-counted-twice": TwoEventsForOnePayment,
    "invalid-payload-swallowed": ProviderMalformed,
    "outage-without-a-record": ProviderOutage,
    "granted-refund-never-sent": RefundRequested,
}
"""Each with a kind of fault that brings it out: of lives that are drawn those are tried that have it."""
A_DOZEN, MOST_LEFT = 12, 2
_MOST_TRIED = 12
"""Lives until a defect shows itself; a fault may strike where nothing comes of it."""


def main() -> None:
    """Print a line for each defect and a figure for all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("defects", nargs="*", default=[*TEN], help="some of the ten, or others instead")
    parser.add_argument("--shrink", action="store_true", help="only this")
    parser.add_argument("--find", action="store_true", help="only this")
    parser.add_argument("--seeds", type=int, default=2, help="lives of each defect in each way, at most")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="runs of a shrinking at a time")
    arguments = parser.parse_args()
    console, defects, held = Console(soft_wrap=True, highlight=False), chosen(arguments.defects), True
    calm = load_scenario(SCENARIOS / "payday.yaml").model_copy(update={"faults": ()})
    if arguments.shrink or not arguments.find:
        held = _shrink_all(defects, calm, arguments.jobs, console)
    if arguments.find or not arguments.shrink:
        for line in _found_per_minute(defects, calm, range(1, arguments.seeds + 1)):
            console.print(line)
    sys.exit(not held)


def _shrink_all(defects: Sequence[Sabotage], calm: Scenario, jobs: int, console: Console) -> bool:
    held = 0
    for defect in defects:
        with tempfile.TemporaryDirectory(prefix="bench-planted-") as folder:
            small, said = _shrunk(defect, calm, jobs, Path(folder))
        held += small
        console.print(f"{'✓' if small else '✗'} {defect.name}: {said}")
    console.print(f"{held} of {len(defects)} shrunk to {MOST_LEFT} faults or fewer, {MOST_RUNS} runs each at most")
    return held == len(defects)


def _shrunk(defect: Sabotage, calm: Scenario, jobs: int, folder: Path) -> tuple[bool, str]:
    """Whether it came down far enough, and the story in words."""
    ground = Ground(out=folder, defect=defect)
    for number, start in enumerate(_with_a_dozen(calm, TEN.get(defect.name)), start=1):
        lived = ground.live(start)
        if _shows(lived, defect):
            break
        if number == _MOST_TRIED:
            return False, f"not found in {number} lives with {A_DOZEN} faults each"
    cause = cause_to_keep(lived, check=None, preferred=defect.caught_by)
    shrunk = Shrinking(ground=ground, start=start, lived=lived, cause=cause, workers=jobs).carry_out()
    left = [fault.kind for fault in shrunk.life.scenario.faults]
    small = len(left) <= MOST_LEFT and shrunk.tried <= MOST_RUNS and shrunk.cause == cause
    return small, f"seed {start.seed}, {A_DOZEN} faults → {', '.join(left) or 'none'} in {shrunk.tried} runs; {cause}"


def _with_a_dozen(calm: Scenario, kind: type[Fault] | None) -> Iterator[Life]:
    """:param kind: one of them is of this kind; None: any will do."""
    seed = 0
    while True:
        seed += 1
        scenario = drawn(calm, seed, "several", met=MET_INSIDE)
        of_the_kind = kind is None or any(isinstance(fault, kind) for fault in scenario.faults)
        if len(scenario.faults) == A_DOZEN and of_the_kind:
            yield Life(scenario=scenario, seed=seed)


def _shows(lived: Lived, defect: Sabotage) -> bool:
    """A run that broke off, of which checks cannot tell, finds nothing."""
    return lived.outcome == defect.verdict and any(cause.check in defect.caught_by for cause in lived.causes)


def _found_per_minute(defects: Sequence[Sabotage], calm: Scenario, seeds: Sequence[int]) -> Iterator[str]:
    for way in WAYS:
        began, lives, found = _cpu_seconds(), 0, []
        for defect in defects:
            for seed in seeds:
                lives += 1
                if _finds(defect, calm, seed, way):
                    found.append(defect.name)
                    break
        minutes = (_cpu_seconds() - began) / 60
        rate = len(found) / minutes
        yield f"{way:9} {len(found):2} of {len(defects)} defects in {lives} lives, {rate:.1f} a CPU minute"


def _finds(defect: Sabotage, calm: Scenario, seed: int, way: Way) -> bool:
    with tempfile.TemporaryDirectory(prefix="bench-planted-") as folder:
        life = Life(scenario=drawn(calm, seed, way, met=MET_INSIDE), seed=seed)
        return _shows(Ground(out=Path(folder), defect=defect).live(life), defect)


def _cpu_seconds() -> float:
    """Of this process and of all that it started and that has ended: servers are ended with their run."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
