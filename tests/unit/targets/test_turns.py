"""Of two sides exactly one goes on at a time, in the order that was asked for, whoever waits for whose lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from simulation.targets.builtin.turns import Side, Step, Turns


class Locks:
    """One lock as a database has it: who wants it while another side has it, waits."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.waiting: set[int] = set()
        self.cancelled: set[int] = set()
        self._changed = threading.Condition()

    def take(self, name: str, pid: int) -> bool:
        """False: the wait was cancelled."""
        with self._changed:
            while self.held.get(name, pid) != pid:
                self.waiting.add(pid)
                self._changed.wait()
                if pid in self.cancelled:
                    self.waiting.discard(pid)
                    return False
            self.waiting.discard(pid)
            self.held[name] = pid
            return True

    def release(self, pid: int) -> None:
        with self._changed:
            self.held = {name: holder for name, holder in self.held.items() if holder != pid}
            self.waiting.clear()
            self._changed.notify_all()

    def cancel(self, pid: int) -> None:
        with self._changed:
            self.cancelled.add(pid)
            self._changed.notify_all()


PIDS: dict[Side, int] = {"first": 1, "second": 2}


def meet(order: Sequence[int], first: Sequence[str], second: Sequence[str]) -> tuple[Turns, list[str]]:
    """Both sides take their steps: ``lock x``, ``release``, or anything else. What was done, in its order."""
    locks, done = Locks(), list[str]()
    turns = Turns(order, waits=lambda pid: pid in locks.waiting, cancel=locks.cancel)

    def side(name: Side, steps: Sequence[str]) -> Callable[[], None]:
        def act() -> None:
            for step in steps:
                turns.before(name, step, pid=PIDS[name])
                verb, _, what = step.partition(" ")
                got = locks.take(what, PIDS[name]) if verb == "lock" else True
                turns.after(name)
                if not got:
                    done.append(f"{name}: deadlock")
                    locks.release(PIDS[name])
                    break
                if verb == "release":
                    locks.release(PIDS[name])
                done.append(f"{name}: {step}")
            turns.done(name)

        return act

    threads = [threading.Thread(target=act) for act in (side("first", first), side("second", second), turns.conduct)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
        assert not thread.is_alive()
    assert turns.failure is None
    return turns, done


ONE, TWO = ("a", "b", "c"), ("x", "y", "z")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "abcxyz"),
        ((0,), "xyzabc"),
        ((1,), "axyzbc"),
        ((1, 2), "axbcyz"),
        ((0, 1, 2, 3, 4, 5), "xaybzc"),
        ((3,), "abcxyz"),
        ((9,), "abcxyz"),
    ],
)
def test_the_turn_changes_at_the_steps_of_the_order(order: tuple[int, ...], expected: str) -> None:
    turns, done = meet(order, ONE, TWO)
    assert [said.split(": ")[1] for said in done] == list(expected)
    assert [step.what for step in turns.trace] == list(expected)


def test_who_waits_for_a_lock_lets_the_other_go_on_and_goes_on_after_it() -> None:
    turns, done = meet((1,), ("lock row", "write", "release"), ("lock row", "read", "release"))

    assert done[:3] == ["first: lock row", "first: write", "first: release"]
    assert done[3:] == ["second: lock row", "second: read", "second: release"]
    assert turns.trace[2] == Step(side="second", what="lock row", note="waits for the other side's lock")
    assert Step(side="second", what="lock row", note="goes on") in turns.trace


def test_the_same_order_is_the_same_trace() -> None:
    traces = {
        tuple(meet((1, 3), ("lock row", "write", "release"), ("read", "lock row", "release"))[0].trace)
        for _ in range(20)
    }
    assert len(traces) == 1


def test_a_deadlock_is_ended_for_the_last_one_that_began_to_wait() -> None:
    turns, done = meet((1, 2), ("lock a", "lock b", "release"), ("lock b", "lock a", "release"))

    assert done == [
        "first: lock a",
        "second: lock b",
        "second: deadlock",
        "first: lock b",
        "first: release",
    ]
    assert turns.trace[-3].note == "goes on" or any(step.note.startswith("deadlock") for step in turns.trace)
    assert turns.victims == {"second"}
