"""Two doings that a backend in processes of its own has at once: whose next statement goes on is decided here.

Every statement of either side is held back. When the backend is at rest, each side is before a statement, waits for a
lock, or has nothing left to do; then one statement goes on, and the backend is let come to rest again. So the order
depends on the statements and on the fault's ``order`` alone. Two connections that both wait are taken to wait for each
other: nobody else may hold a lock that they want.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulation.events import InterleavedStep
from simulation.scenario.faults.planned import PlannedFault
from simulation.targets.process.database_connection import Link
from simulation.targets.process.wire import error_fields, refusal
from simulation.targets.statements import LONGEST_STEP

_CANCELED = "57014"


class Meeting:
    """:param first: the connection at whose statement they meet; it is the first side's.
    :param awaited: the job that is the second side; empty: the same request once more.
    """

    def __init__(self, fault: PlannedFault, *, first: Link, awaited: str) -> None:
        self.fault = fault
        self.gathering = bool(awaited)
        """Until the awaited job comes to its first statement the first side stays where it is."""
        self._awaited = awaited
        self._first = first
        self._second_pid = 0
        self._switches = frozenset(int(step) for step in fault.order.split())
        self._doing: dict[Link, str] = {}
        self._waiting: dict[Link, str] = {}
        """Connections that wait for a lock, in the order in which they began to, each with its statement."""
        self._turn = "first"
        self._taken = 0
        self.steps: list[InterleavedStep] = []

    def admits(self, link: Link, what: str, *, job: str) -> bool:
        """A connection comes to a statement. It goes on where it is another job's; else it is held back.

        :param job: whose statement it is, empty where that is a request or is not known.
        """
        if self._awaited and job not in ("", self._awaited, self.fault.transaction):
            return True
        if self.gathering and link is not self._first:
            if job != self._awaited:
                return True
            self.gathering = False
        self._doing[link] = " ".join(what.split())[:LONGEST_STEP]
        if link.pid != self._first.pid:
            self._second_pid = link.pid
        link.hold()
        return False

    def go_on(self, links: Sequence[Link]) -> bool:
        """The backend is at rest: let one statement go on, or end a deadlock. Whether there was any to let go."""
        self._note_who_waits(links)
        held = [link for link in links if link.holds]
        if held:
            self._release(held)
            return True
        if len(self._waiting) < 2:
            return False  # it waits for somebody else, for time to pass, or nobody has anything left to do
        victim, what = self._waiting.popitem()
        self._note(victim, what, "deadlock: the server ends it")
        victim.rewrite = _as_a_deadlock
        victim.cancel()
        return True

    def _release(self, held: Sequence[Link]) -> None:
        able = {self._side(link): link for link in reversed(held)}
        other = "second" if self._turn == "first" else "first"
        wanted = other if self._taken in self._switches else self._turn
        side = wanted if wanted in able else next(iter(able))
        self._turn = side
        self._taken += 1
        self._note(able[side], self._doing[able[side]])
        able[side].release()

    def _side(self, link: Link) -> str:
        """In a backend of several processes each side has one of its own; in one of a single process, a connection."""
        if link.pid != self._first.pid:
            return "second"
        return "first" if link is self._first or self._second_pid else "second"

    def _note_who_waits(self, links: Sequence[Link]) -> None:
        """At rest, a connection that has no answer yet waits for a lock."""
        busy = [link for link in links if link.busy and link in self._doing]
        for link in [link for link in self._waiting if link not in busy]:
            self._note(link, self._waiting.pop(link), "went on")
        for link in busy:
            if link not in self._waiting:
                self._waiting[link] = self._doing[link]
                self._note(link, self._doing[link], "waits for the other side's lock")

    def _note(self, link: Link, what: str, note: str = "") -> None:
        side = "first" if self._side(link) == "first" else "second"
        self.steps.append(InterleavedStep(side=side, what=what, note=note))


def _as_a_deadlock(error: bytes) -> bytes:
    """The server's own detector needs a clock that runs; it says the same."""
    if error_fields(error).get("C") != _CANCELED:
        return error
    return refusal("ERROR", "40P01", "deadlock detected")
