"""Looks among candidates for the first that still gives the finding: in parallel, each scenario run once at most.

Which candidate is taken, and when the budget is used up, depends on the order of the candidates alone and not on how
many run at a time: runs that were made ahead are kept for later, and counted when their turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from simulation.checks.cause import Cause
from simulation.errors import UsageError
from simulation.proof.parallel import in_parallel
from simulation.proof.shrink.life import Ground, Life, Lived
from simulation.scenario.model import Scenario


@dataclass(frozen=True, kw_only=True)
class Step:
    """One run, for whoever watches. ``shows``: it gives the finding."""

    life: Life
    lived: Lived
    shows: bool


class Search:
    """:param cause: of the finding that must stay. :param most_runs: how many candidates may be tried."""

    def __init__(
        self, *, ground: Ground, cause: Cause, start: Life, lived: Lived, workers: int, most_runs: int,
        told: Callable[[Step], None],
    ) -> None:  # fmt: skip
        self._ground, self.cause, self._workers, self._told = ground, cause, workers, told
        self.most_runs = most_runs
        self._known: dict[str, Lived] = {start.key: lived}
        self._tried = {start.key}
        self.best, self.best_lived = start, lived

    @property
    def tried(self) -> int:
        """Runs that were looked at, the first included."""
        return len(self._tried)

    @property
    def made(self) -> int:
        """Runs that were made, those ahead of their turn included."""
        return len(self._known)

    @property
    def used_up(self) -> bool:
        """Whether the budget kept a candidate from being tried."""
        return self.tried >= self.most_runs

    def first(self, scenarios: Iterable[Scenario]) -> Scenario | None:
        """The first that gives the finding, which is the best from now on; None: none does, or no run is left."""
        lives = self._valid(Life(scenario=scenario, seed=self.best.seed) for scenario in scenarios)
        while not self.used_up and (chunk := list(islice(lives, min(self._workers, self.most_runs - self.tried)))):
            self._make(chunk)
            for life in chunk:
                self._tried.add(life.key)
                if self.cause in self._known[life.key].causes:
                    self.best, self.best_lived = life, self._known[life.key]
                    return life.scenario
        return None

    def outcome(self, life: Life) -> Lived:
        """How one run ends, whether it gives the finding or not; the best stays what it is."""
        self._make([life])
        self._tried.add(life.key)
        return self._known[life.key]

    def valid(self, scenario: Scenario) -> bool:
        """Whether it breaks no rule."""
        try:
            self._ground.request(Life(scenario=scenario, seed=self.best.seed))
        except UsageError:
            return False
        return True

    def _valid(self, lives: Iterable[Life]) -> Iterator[Life]:
        """Those that break no rule, each once, and without the best itself."""
        seen = {self.best.key}
        for life in lives:
            if life.key not in seen and (life.key in self._known or self.valid(life.scenario)):
                yield life
            seen.add(life.key)

    def _make(self, lives: list[Life]) -> None:
        new = {life.key: life for life in lives if life.key not in self._known}

        def keep(result: tuple[str, Lived]) -> None:
            key, lived = result
            self._known[key] = lived
            if not (shows := self.cause in lived.causes):
                self._ground.forget(lived)
            self._told(Step(life=new[key], lived=lived, shows=shows))

        if new:
            in_parallel(list(new), lambda key: (key, self._ground.live(new[key])), workers=len(new), told=keep)
