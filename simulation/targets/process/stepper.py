"""Runs a backend in simulated time: the clock moves, the backend is woken, and the clock does not move again before
the backend is at rest.

At rest: every thread of the backend and of its database sleeps, none of them ran while all were looked at twice,
nothing is in transit between them, and no request of theirs waits for the harness. Nothing can happen then before the
next instant.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from simulation.clock import SimulationClock
from simulation.clock_file import open_clock_file
from simulation.errors import EnvironmentFault
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.idle_probe import IdleProbe
from simulation.targets.process.pending_timers import Awake, seconds_left
from simulation.targets.process.quiescence import ThreadTable, status_of, tasks
from simulation.targets.process.socket_queues import SocketQueues
from simulation.targets.process.statement_needs import LONGEST_AWAITED_SECONDS
from simulation.targets.process.wakeups import wake

_REST_DEADLINE_WALL_SECONDS = 60.0
_NUDGE_WALL_SECONDS = 1.0
_MOST_TICKS = 1000
_NEARLY_DUE_SECONDS, _MOST_LATE_MICROSECONDS = 0.25, 500_000
_LAST_MICROSECOND = 999_999
_AWAITING_STEP_SECONDS = 5
_LONGEST_AWAITED_SECONDS = LONGEST_AWAITED_SECONDS + _AWAITING_STEP_SECONDS
_ALIKE_IS_POLLING = 10
_MOST_SHORT_TIMERS = 120
_PATIENCE_SIM_SECONDS = 600
"""For a client that gives up late, and for an answer that the backend delays."""


class Stepper:
    """Steps one backend through time.

    :param clock_file: the clock file that the backend reads.
    :param loop: serves the backend's requests, in turns.
    :param threads: of the backend and of its database.
    :param own: process numbers of the backend alone; ``with_timers``: those of its programs with timers.
    :param short_timer_seconds: a timer that is due within so many simulated seconds is a back-off, and waited for.
    :param each_second: called in each real second for which the backend does not come to rest.
    """

    def __init__(
        self,
        *,
        clock: SimulationClock,
        clock_file: Path,
        loop: EventLoop,
        threads: ThreadTable,
        socket_queues: SocketQueues,
        idle_probe: IdleProbe,
        own: Callable[[], Iterable[int]],
        with_timers: Callable[[], Iterable[int]],
        short_timer_seconds: int,
        each_second: Callable[[], None],
    ) -> None:
        self.clock = clock
        self._shown = open_clock_file(clock_file)
        self._loop = loop
        self._threads = threads
        self._socket_queues = socket_queues
        self._idle_probe = idle_probe
        self.own = own
        self._with_timers = with_timers
        self._short_timer_seconds = short_timer_seconds
        self._each_second = each_second
        self._ticks = 0
        self._instant = clock.now
        self._late_microseconds = 0
        """How far beyond its instant the clock is shown."""
        self._shown_anew = False
        """Whether the clock has gone on since the backend was woken last."""
        self.began_at = clock.now
        """When the backend's programs were started last: the origin of its timers."""
        self._polls: set[tuple[int, int]] = set()
        """Thread and hundredths of timers that are set again and again: no back-offs, but a poll's pause."""
        self.release: Callable[[], bool] = lambda: False
        """Lets go on what the harness itself holds back from a backend at rest; whether there was anything."""
        clock.follow(self.show)

    def show(self, instant: datetime) -> None:
        """Write the backend's clock, each time a microsecond later: within the first millisecond of its second, but for
        what is nearly due, and never back.

        A timer that is due exactly now, by a clock that stands still, never is for code that asks whether the time is
        *past*: Python's asyncio spins on it.
        """
        self._ticks = (self._ticks + 1) % _MOST_TICKS
        if instant != self._instant:
            self._instant, self._late_microseconds = instant, self._ticks
        elif self._late_microseconds != _MOST_TICKS - 1:  # of a thousand looks at one instant none shows a millisecond
            self._go_on_a_little()
        self._show()

    def _go_on_a_little(self) -> None:
        self._late_microseconds = min(self._late_microseconds + 1, _LAST_MICROSECOND)

    def _show(self) -> None:
        self._shown.show(self._shown_instant())
        self._shown_anew = True

    def _shown_instant(self) -> datetime:
        return self._instant + timedelta(microseconds=self._late_microseconds)

    def step(self) -> None:
        """Let the backend do all that is due now, and wait for the back-offs (short timers) that this starts."""
        self._wake_and_rest(self._with_timers())
        waits = self._waits(within_seconds=self._short_timer_seconds)
        # What polls waits for its next turn whenever all is at rest. A thread that does not has gone on to something
        # else: when it makes the same pause again, it may be a back-off.
        self._polls &= {_pause(tid, seconds) for seconds, tid in waits}
        alike: Counter[tuple[int, int]] = Counter()
        for _ in range(_MOST_SHORT_TIMERS):
            timers = [(seconds, tid) for seconds, tid in waits if _pause(tid, seconds) not in self._polls]
            if not timers:
                return
            seconds, tid = min(timers)
            pause = _pause(tid, seconds)
            alike[pause] += 1
            if alike[pause] > _ALIKE_IS_POLLING:
                self._polls.add(pause)  # no back-off is tried that often with the same pause
                continue
            if not self._nearly_due(seconds):
                self.clock.advance(max(1.0, seconds))
            self._wake_and_rest(self._with_timers())
            waits = self._waits(within_seconds=self._short_timer_seconds)

    def next_timer(self, *, within_seconds: float) -> float | None:
        """Simulated seconds until the first wait that ends by itself so soon, and is no poll's pause."""
        waits = self._waits(within_seconds=within_seconds)
        return min((seconds for seconds, tid in waits if _pause(tid, seconds) not in self._polls), default=None)

    def _nearly_due(self, seconds: float) -> bool:
        """A timer that lacks milliseconds only (it was set that much later within its own instant, or a Java machine
        sleeps one while it brings its threads to a halt) costs no second: the clock is shown so much later."""
        late = self._late_microseconds + int(seconds * 1_000_000) + _MOST_TICKS
        if seconds > _NEARLY_DUE_SECONDS or late > _MOST_LATE_MICROSECONDS:
            return False
        self._late_microseconds = late
        self.show(self.clock.now)
        return True

    def rest(self, done: Callable[[], bool] = lambda: False) -> bool:
        """Serve the backend's requests until ``done()`` (returns True) or it is at rest (returns False).

        :raises EnvironmentFault: it does not come to rest.
        """
        started = nudged = time.monotonic()
        idle = served = False
        while True:
            if done():
                return True
            now = time.monotonic()
            if now > started + _REST_DEADLINE_WALL_SECONDS:
                raise self._restless()
            if now > nudged + _NUDGE_WALL_SECONDS:
                nudged = now
                self._go_on_a_little()
                self._show()  # no tick: how many there are would depend on how fast the machine is
                self._each_second()
            if self._loop.turn(0):
                idle, served = False, True
                continue
            if served:  # somebody works on it now: no need to look yet
                served, idle = False, self._idle_probe.wait(in_vain=False)
                continue
            if self.at_rest():
                if not self.release():
                    return False
                idle, served = False, True
                continue
            idle = self._idle_probe.wait(in_vain=idle)

    def wait_for(self, done: Callable[[], bool]) -> bool:
        """Like :meth:`rest`, but while the backend waits for a timer of its own, simulated time passes. Returns False
        when ten simulated minutes were not enough."""
        started = self.clock.now
        while not self.rest(done):
            if (self.clock.now - started).total_seconds() > _PATIENCE_SIM_SECONDS:
                return False
            self.pass_a_second()
        return True

    def pass_a_second(self) -> None:
        """A simulated second passes, and timers that are due then fire."""
        self.clock.advance(1)
        wake(self.own())

    def hold(self, sim_seconds: int, still_there: Callable[[], bool]) -> None:
        """Give a client no answer until it hangs up.

        :param still_there: whether it still waits.
        """
        self.rest()  # it must have begun to wait, or its timeout would begin only after the time that is to pass
        started = self.clock.now
        while still_there() and (self.clock.now - started).total_seconds() <= _PATIENCE_SIM_SECONDS:
            self.clock.advance(sim_seconds)
            self._wake_and_rest(self.own())

    def fire_due_timers(self) -> None:
        """Let the backend do what has fallen due since it was woken last."""
        if self._shown_anew:
            self._wake_and_rest(self._with_timers())

    def await_timer(self, after_seconds: int, coming: Callable[[], bool]) -> None:
        """Let so many simulated seconds pass at once, and then a few at a time, until ``coming()`` is false: somebody's
        timer has fired. No longer than any job's interval that is waited for."""
        self.clock.advance(after_seconds)
        for _ in range(_LONGEST_AWAITED_SECONDS // _AWAITING_STEP_SECONDS):
            self._wake_and_rest(self._with_timers())
            if not coming():
                return
            self.clock.advance(_AWAITING_STEP_SECONDS)

    def _wake_and_rest(self, pids: Iterable[int]) -> None:
        if not self._shown_anew:
            self.show(self.clock.now)
        self._shown_anew = False
        wake(pids)
        self.rest()

    def at_rest(self) -> bool:
        """Whether every program waits, and nothing is on its way to or from one."""
        return self._threads.at_rest(nothing_else=lambda: self._socket_queues.empty() and not self._loop.turn(0))

    def _waits(self, *, within_seconds: float) -> list[tuple[float, int]]:
        """Simulated seconds and thread of each wait that ends by itself so soon."""
        while True:
            try:
                return [
                    (seconds, tid)
                    for pid in self._with_timers()
                    for tid in tasks(pid)
                    if (seconds := seconds_left(pid, tid, now=self._shown_instant())) is not None
                    and seconds <= within_seconds
                ]
            except Awake:
                self.rest()

    def _restless(self) -> EnvironmentFault:
        working = [f"{status_of(pid).get('Name', pid)} ({status_of(pid).get('State', 'gone')})" for pid in self.own()]
        return EnvironmentFault(
            problem=f"the backend does not come to rest at simulated {self.clock.now:%d %b %H:%M:%S}, "
            f"{_REST_DEADLINE_WALL_SECONDS:.0f} real seconds after it was woken: {', '.join(working)}",
            remedy="does one of its programs wait busily, or poll without a pause? See the run's platform.log",
        )


def _pause(tid: int, seconds: float) -> tuple[int, int]:
    """Thread and hundredths of a second: the same for each time that a thread waits as long, whatever microseconds its
    instant has, and by which of the kernel's calls (some count in whole milliseconds)."""
    return tid, round(seconds * 100)
