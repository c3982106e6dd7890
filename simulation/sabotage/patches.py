"""What a planted defect may do within one run: replace a function, act when all is assembled, act at an instant.

Everything is undone when the trial is over. Each time the defect really did something is noted, in simulated time: a
defect that never had its chance proves nothing about the jury.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import FunctionType
from typing import TYPE_CHECKING, Any

from simulation.clock import SimProcess
from simulation.history import History

if TYPE_CHECKING:
    from simulation.assembly import Simulation

_MISSING = object()


class Patches:
    """One defect in one run."""

    def __init__(self, *, until: datetime | None = None) -> None:
        """:param until: simulated instant at which the defect is taken out of the run; None: it stays to the end."""
        self.triggers: list[datetime] = []
        self._until = until
        self._undo = ExitStack()
        self._when_assembled: list[Callable[[Simulation], None]] = []
        self._rewrites: list[Callable[[History], History]] = []

    # --- what a planting function may do -----------------------------------------------------------------------------

    def trigger(self) -> None:
        """Note that the defect has just acted. The process's clock is the simulated one."""
        self.triggers.append(datetime.now(UTC))

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put ``make(original)`` in the place of ``owner.name`` until the trial is over.

        :raises TypeError: it does not take what the original must be given, so that the platform would break instead.
        """
        kept, real = vars(owner).get(name, _MISSING), getattr(owner, name)
        replaced = make(real)
        if inspect.isfunction(real) and inspect.isfunction(replaced):
            _require_the_arguments_of(real, replaced)
        setattr(owner, name, replaced)
        self._undo.callback(_restore, owner, name, kept)

    def when_assembled(self, act: Callable[[Simulation], None]) -> None:
        """Call ``act`` once everything is brought up, an hour before the absence: before any access is revoked."""
        self._when_assembled.append(act)

    def at(self, *, day: int, hour: int, minute: int = 0, act: Callable[[Simulation], None]) -> None:
        """Call ``act`` at an instant of the scenario."""

        def schedule(sim: Simulation) -> None:
            self._spawn(sim, sim.scenario.start + timedelta(days=day, hours=hour, minutes=minute), act)

        self.when_assembled(schedule)

    def later(self, sim: Simulation, *, day: int, hour: int, act: Callable[[], object]) -> None:
        """Call ``act`` at an instant and note it as a trigger: for acts that use what was opened during assembly."""

        def deed(_: Simulation) -> None:
            act()
            self.trigger()

        self._spawn(sim, sim.scenario.start + timedelta(days=day, hours=hour), deed)

    def when(
        self, holds: Callable[[Simulation], bool], act: Callable[[Simulation], None], *, look_seconds: int = 60
    ) -> None:
        """Call ``act`` the first time ``holds`` is true, looking every minute of the absence."""

        def look(sim: Simulation) -> None:
            _spawn(
                sim,
                _watch(sim, lambda one: self._taken_out(one) or holds(one), self._unless_taken_out(act), look_seconds),
            )

        self.when_assembled(look)

    def after_the_run(self, rewrite: Callable[[History], History]) -> None:
        """Let the jury read ``rewrite(history)``."""
        self._rewrites.append(rewrite)

    def finally_(self, undo: Callable[[], object]) -> None:
        """Call ``undo`` when the trial is over."""
        self._undo.callback(undo)

    def _spawn(self, sim: Simulation, instant: datetime, act: Callable[[Simulation], None]) -> None:
        _spawn(sim, _at(sim, instant, self._unless_taken_out(act)))

    def _unless_taken_out(self, act: Callable[[Simulation], None]) -> Callable[[Simulation], None]:
        return lambda sim: None if self._taken_out(sim) else act(sim)

    def _taken_out(self, sim: Simulation) -> bool:
        return self._until is not None and sim.kernel.now >= self._until

    # --- for the trial -----------------------------------------------------------------------------------------------

    @contextmanager
    def under_way(self) -> Iterator[Patches]:
        """Within this block the defect is in place."""
        with self._undo:
            yield self

    def plant(self, sim: Simulation) -> None:
        """Plant the defect; to be called as soon as everything is brought up."""
        if self._until is not None:
            _spawn(sim, _at(sim, self._until, lambda _: self._undo.close()))
        for act in self._when_assembled:
            act(sim)

    def rewritten(self, history: History) -> History:
        for rewrite in self._rewrites:
            history = rewrite(history)
        return history


def _require_the_arguments_of(real: FunctionType, replaced: FunctionType) -> None:
    needed = [one for one in inspect.signature(real).parameters.values() if one.default is one.empty]
    positional = [None for one in needed if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    named = {one.name: None for one in needed if one.kind == one.KEYWORD_ONLY}
    try:
        inspect.signature(replaced).bind(*positional, **named)
    except TypeError as error:
        raise TypeError(f"what replaces {real.__qualname__} {error}: it has got other parameters") from error


def _restore(owner: Any, name: str, kept: Any) -> None:
    if kept is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, kept)


def _spawn(sim: Simulation, process: SimProcess) -> None:
    sim.kernel.spawn(process)


def _at(sim: Simulation, instant: datetime, act: Callable[[Simulation], None]) -> SimProcess:
    yield sim.kernel.until(instant)
    act(sim)


def _watch(
    sim: Simulation, holds: Callable[[Simulation], bool], act: Callable[[Simulation], None], look_seconds: int
) -> SimProcess:
    yield sim.kernel.until(sim.scenario.start)
    while not holds(sim):
        yield sim.kernel.sleep(look_seconds)
    act(sim)
