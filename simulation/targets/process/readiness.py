"""What a backend must show before day 0: that it answers, and that its clock is the simulated one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.test import EnvironBuilder, run_wsgi_app

from simulation.environment.clock_library import IMAGE_NAME, clock_library
from simulation.errors import EnvironmentFault
from simulation.targets.process.executables import bar_of
from simulation.witness.exchange import PLATFORM_URL

if TYPE_CHECKING:
    from simulation.targets.process.target import ProcessTarget

_OK_BELOW = 400
_TOLERANCE = timedelta(seconds=5)


def prove_it_is_up(target: ProcessTarget) -> None:
    """:raises EnvironmentFault: GET [web] ready answers 400 or above, or the backend ignores the simulated clock."""
    target.stepper.rest()
    target.programs.require_alive()
    _require_the_clock_library(target)
    ready = target.file.web.ready
    status, reported = ask(target, ready)
    if status >= _OK_BELOW:
        raise EnvironmentFault(
            problem=f"{target.file.place('web', 'ready')}: GET {ready} answered {status}; last words: "
            f"{target.programs.last_words()}",
            remedy="name a page that answers once the backend is up: [web] ready",
        )
    if reported is not None and abs(reported - target.stepper.clock.now) > _TOLERANCE:
        raise EnvironmentFault(
            problem=f"{target.file.place_of(target.file.process[0])}: {target.name} ignores the simulated clock: it "
            f"says {reported}, the simulation says {target.stepper.clock.now}",
            remedy="does it ask the time past the C library (a static binary)? Such a one cannot be simulated",
        )


def reported_time(target: ProcessTarget) -> datetime | None:
    """The time by the backend's own clock, from the header ``Date``; None when it sends none."""
    return ask(target, target.file.web.ready)[1]


def ask(target: ProcessTarget, path: str) -> tuple[int, datetime | None]:
    """Status of a GET, and its ``Date``."""
    _, status, headers = run_wsgi_app(target.wsgi, EnvironBuilder(path, PLATFORM_URL).get_environ())
    date = headers.get("Date")
    return int(status.split()[0]), None if date is None else parsedate_to_datetime(date).astimezone(UTC)


def _require_the_clock_library(target: ProcessTarget) -> None:
    """Every process must have loaded the clock library, or have been given its image; one that is linked against
    another C library than this machine's has not, nor one that is linked statically and was started by another.

    :raises EnvironmentFault: with the program that has not.
    """
    library = clock_library().name
    for pid in target.stepper.own():
        try:
            maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if maps and library not in maps and IMAGE_NAME not in maps:
            program = maps.partition("\n")[0].rpartition(" ")[2]
            raise EnvironmentFault(
                problem=f"{_place(target, pid)}: {program} ignores the simulated clock: it did not load {library}",
                remedy="name it in the [[process]] itself, instead of what starts it (go run), if it is of Go; another "
                "static binary, or one built for another C library (musl), cannot be simulated",
            )
        if (bar := bar_of(Path(f"/proc/{pid}/exe"))) is not None:
            raise EnvironmentFault(problem=f"{_place(target, pid)}: {bar.problem}", remedy=bar.remedy)


def _place(target: ProcessTarget, pid: int) -> str:
    """``file:line`` of the program that a process belongs to."""
    table = target.programs.table_of(pid)
    return target.file.place("process") if table is None else target.file.place_of(table)
