"""Two sides, each in a thread of its own, of which exactly one goes on at a time: whose turn it is, is decided here.

A side stops before every step (a statement, COMMIT, a call to the outside) and after a statement that had to wait for
a lock. Which side goes on depends on the steps so far and on who waits for whose lock, and on nothing else: the server
is asked who waits, never a timer. So the same order gives the same run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["first", "second"]
_OTHER: dict[Side, Side] = {"first": "second", "second": "first"}
_LOOK_WALL_SECONDS = 0.002
"""How long a statement may take before the server is asked whether it waits for a lock."""
_DEADLINE_WALL_SECONDS = 60
"""No statement of ours takes so long: the harness hangs."""

State = Literal["before a step", "on", "waits for a lock", "after a wait", "done"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of one side, as the report shows it."""

    side: Side
    what: str
    note: str = ""
    """``waits for the other side``, ``goes on``, ``deadlock``."""


class Hung(Exception):
    """Neither side comes to its next step in the harness's deadline."""


class Turns:
    """Decides whose turn it is.

    :param order: steps at which the turn changes to the other side, if that one can go on.
    :param waits: asked with a side's backend pid: whether it waits for a lock now.
    :param cancel: told the pid of the side whose waiting ends, because each waits for the other.
    """

    def __init__(self, order: Sequence[int], *, waits: Callable[[int], bool], cancel: Callable[[int], None]) -> None:
        self._switches = frozenset(order)
        self._waits = waits
        self._cancel = cancel
        self._changed = threading.Condition()
        self._state: dict[Side, State] = {"first": "on", "second": "on"}
        self._granted: dict[Side, bool] = {"first": False, "second": False}
        self._pids: dict[Side, int] = {"first": 0, "second": 0}
        self._doing: dict[Side, str] = {"first": "", "second": ""}
        self._turn: Side = "first"
        self._steps = 0
        self.victims: set[Side] = set()
        """Sides whose wait was ended, as the server ends a deadlock; each takes itself out again."""
        self.trace: list[Step] = []
        self.failure: BaseException | None = None

    # --- for the sides -------------------------------------------------------------------------------------------

    def before(self, side: Side, what: str, *, pid: int = 0) -> None:
        """The side comes to a step; returns when it is its turn. ``pid``: of the backend that it sends it to."""
        with self._changed:
            self._doing[side] = what
            self._pids[side] = pid
            self._stop(side, "before a step")

    def after(self, side: Side) -> None:
        """The side's step is done; returns at once, unless it had to wait for a lock meanwhile."""
        with self._changed:
            if self._state[side] == "waits for a lock":
                self._stop(side, "after a wait")

    def done(self, side: Side) -> None:
        """The side has nothing left to do."""
        with self._changed:
            self._state[side] = "done"
            self._changed.notify_all()

    def _stop(self, side: Side, state: State) -> None:
        self._state[side] = state
        self._granted[side] = False
        self._changed.notify_all()
        self._changed.wait_for(lambda: self._granted[side] or self.failure is not None)
        if self.failure is not None:
            raise Hung(str(self.failure)) from self.failure

    # --- for the one who decides ---------------------------------------------------------------------------------

    def conduct(self) -> None:
        """Give turns until both sides are done. To be called in a thread of its own."""
        try:
            self._conduct()
        except BaseException as failure:
            with self._changed:
                self.failure = failure
                self._changed.notify_all()

    def _conduct(self) -> None:
        self._settle("first")
        self._settle("second")
        while not all(state == "done" for state in self._state.values()):
            side = self._whose_turn()
            if side is None:
                self._end_the_deadlock()
                continue
            self._turn = side
            with self._changed:
                if self._state[side] == "before a step":
                    self.trace.append(Step(side=side, what=self._doing[side]))
                    self._steps += 1
                else:
                    self.trace.append(Step(side=side, what=self._doing[side], note="goes on"))
                self._state[side] = "on"
                self._granted[side] = True
                self._changed.notify_all()
            self._settle(side)
            if self._state[_OTHER[side]] == "waits for a lock":
                self._settle(_OTHER[side])

    def _whose_turn(self) -> Side | None:
        """None: each side waits for the other, or one is done and the other waits."""
        able: list[Side] = [side for side, state in self._state.items() if state in ("before a step", "after a wait")]
        if not able:
            return None
        wanted = _OTHER[self._turn] if self._steps in self._switches else self._turn
        return wanted if wanted in able else able[0]

    def _settle(self, side: Side) -> None:
        """Wait until the side is before a step, after a wait, done, or waits for a lock."""
        waited = 0.0
        while True:
            with self._changed:
                rests = self._changed.wait_for(
                    lambda: self._state[side] in ("before a step", "after a wait", "done"), _LOOK_WALL_SECONDS
                )
                if rests:
                    return
                pid = self._pids[side]
            if pid and self._waits(pid):
                self._mark_waiting(side)
                return
            waited += _LOOK_WALL_SECONDS
            if waited > _DEADLINE_WALL_SECONDS:
                raise Hung(f"the {side} side never came back from: {self._doing[side]}")

    def _mark_waiting(self, side: Side) -> None:
        with self._changed:
            if self._state[side] != "waits for a lock":
                self.trace.append(Step(side=side, what=self._doing[side], note="waits for the other side's lock"))
                self._last_to_wait = side
            self._state[side] = "waits for a lock"

    def _end_the_deadlock(self) -> None:
        """As the server would, could its timer fire: the last one that began to wait is told of the deadlock."""
        side = self._last_to_wait
        self.trace.append(Step(side=side, what=self._doing[side], note="deadlock: the server ends it"))
        self.victims.add(side)
        self._cancel(self._pids[side])
        with self._changed:
            if not self._changed.wait_for(lambda: self._state[side] == "after a wait", _DEADLINE_WALL_SECONDS):
                raise Hung(f"the {side} side does not hear that its statement was cancelled")
