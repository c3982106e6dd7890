"""What a person sees while a run is under way."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from simulation.events import AlertFired, Event, FaultInjected
from simulation.words import plural


class Progress(Protocol):
    """Receives the phases of a run, every event, and the clock."""

    def phase(self, text: str) -> None: ...

    def seen(self, event: Event) -> None: ...

    def at(self, now: datetime) -> None: ...


class Silent:
    """Says nothing."""

    def phase(self, text: str) -> None: ...

    def seen(self, event: Event) -> None: ...

    def at(self, now: datetime) -> None: ...


class _Counts:
    def __init__(self, *, start: datetime, days: int) -> None:
        self.start, self.days = start, days
        self.events = self.alerts = 0
        self.faults: set[str] = set()
        """Ids of those that have struck, however often."""

    def seen(self, event: Event) -> None:
        self.events += 1
        if isinstance(event, FaultInjected):
            self.faults.add(event.fault_id)
        self.alerts += isinstance(event, AlertFired)

    def line(self, now: datetime) -> str:
        day = max(0.0, (now - self.start).total_seconds() / 86_400)
        events = "event" if self.events == 1 else "events"
        struck = f"{plural(len(self.faults), 'fault')}  {plural(self.alerts, 'alert')}"
        return f"day {day:4.1f} of {self.days}  {self.events:>6,} {events}  {struck}"


class Plain(_Counts):
    """A line a phase and a line a simulated day, for logs."""

    def __init__(self, *, start: datetime, days: int, console: Console) -> None:
        super().__init__(start=start, days=days)
        self._console = console
        self._last_day = -1

    def phase(self, text: str) -> None:
        self._console.print(f"… {text}", highlight=False)

    def at(self, now: datetime) -> None:
        day = (now - self.start).days
        if day > self._last_day:
            self._last_day = day
            self._console.print(f"  {self.line(now)}", highlight=False)


class _WallSeconds(ProgressColumn):
    """Elapsed real seconds; rich's own column would read the frozen clock of the simulation."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.perf_counter()

    def render(self, task: Task) -> Text:  # noqa: ARG002
        return Text(f"{time.perf_counter() - self._began:4.1f} s")


class Live(_Counts):
    """A bar over the simulated days, for terminals."""

    def __init__(self, *, start: datetime, days: int, console: Console) -> None:
        super().__init__(start=start, days=days)
        self._bar = Bar(
            TextColumn("{task.description}"), BarColumn(bar_width=28), _WallSeconds(), console=console,
            transient=True, auto_refresh=False, get_time=time.perf_counter,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=days * 86_400)
        self._bar.start()

    def phase(self, text: str) -> None:
        self._bar.update(self._task, description=text, refresh=True)

    def at(self, now: datetime) -> None:
        seconds = max(0.0, (now - self.start).total_seconds())
        self._bar.update(self._task, completed=seconds, description=self.line(now), refresh=True)

    def close(self) -> None:
        self._bar.stop()
