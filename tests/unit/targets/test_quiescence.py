"""At rest is said only when no thread has anything left to do, in whatever order the machine runs them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from simulation.targets.process import quiescence as module
from simulation.targets.process.quiescence import ThreadTable

_PID = 1


@dataclass
class _Machine:
    """One processor that, between any two looks of the harness, gives some who wait for it their turn."""

    dice: random.Random
    waiting: set[int] = field(default_factory=set)
    """Who is awake and has not had the processor yet."""
    turns: dict[int, int] = field(default_factory=dict)
    messages_left: int = 12

    def between_two_looks(self) -> None:
        while self.waiting and self.dice.random() < 0.4:
            self._give_turn(self.dice.choice(sorted(self.waiting)))

    def _give_turn(self, tid: int) -> None:
        """It does what it was woken for, which may be to wake somebody else, and falls asleep."""
        self.waiting.discard(tid)
        self.turns[tid] += 1
        if self.messages_left and self.dice.random() < 0.8:
            self.messages_left -= 1
            self.waiting.add(self.dice.choice([other for other in self.turns if other != tid]))


@dataclass
class _Thread:
    tid: int
    machine: _Machine
    pid: int = _PID
    seen: int = -1

    def asleep(self) -> bool:
        self.machine.between_two_looks()
        return self.tid not in self.machine.waiting

    def had_a_turn(self) -> bool:
        self.machine.between_two_looks()
        now = self.machine.turns[self.tid]
        ran, self.seen = now != self.seen, now
        return ran

    def started(self) -> list[int]:
        return []


def test_at_rest_is_said_only_when_nobody_has_anything_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(500):
        _live(seed, monkeypatch)


def _live(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    tids = range(10, 10 + dice.randint(2, 5))
    machine = _Machine(dice=dice, waiting={dice.choice(tids)}, turns=dict.fromkeys(tids, 0))
    monkeypatch.setattr(module, "tasks", lambda pid: list(tids))
    threads = ThreadTable(belongs=lambda pid: True, ancestors=tuple)
    threads._threads.update({(_PID, tid): _Thread(tid, machine) for tid in tids})  # type: ignore[misc]

    for woken in range(5):
        looks = 0
        while not threads.at_rest(nothing_else=lambda: True):
            looks += 1
            assert looks < 1000, f"seed {seed}: it never comes to rest"
        assert not machine.waiting, f"seed {seed}, after {woken} rests"
        machine.messages_left = 12
        machine.waiting.add(dice.choice(tids))
