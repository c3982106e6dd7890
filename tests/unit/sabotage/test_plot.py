"""A plot leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.events import RunEnded
from simulation.history import History
from simulation.sabotage.patches import Patches


class Platform:
    limit = 3

    def pay(self) -> str:
        return "paid"

    @staticmethod
    def verify() -> bool:
        return False


def _twice(real: Any) -> Any:
    return lambda self: real(self) * 2


def test_a_method_is_replaced_and_restored() -> None:
    patches = Patches()
    with patches.under_way():
        patches.replace(Platform, "pay", _twice)
        assert Platform().pay() == "paidpaid"
    assert Platform().pay() == "paid"


def test_two_replacements_of_one_function_are_undone_in_turn() -> None:
    patches = Patches()
    with patches.under_way():
        patches.replace(Platform, "pay", _twice)
        patches.replace(Platform, "pay", _twice)
        assert Platform().pay() == "paid" * 4
    assert Platform().pay() == "paid"


def test_a_static_method_stays_one() -> None:
    patches = Patches()
    with patches.under_way():
        patches.replace(Platform, "verify", lambda _: staticmethod(lambda: True))
        assert Platform.verify()
    assert isinstance(vars(Platform)["verify"], staticmethod)


def test_a_method_of_one_object_is_replaced_for_that_object_alone() -> None:
    patches, one, other = Patches(), Platform(), Platform()
    with patches.under_way():
        patches.replace(one, "pay", lambda real: lambda: real().upper())
        assert (one.pay(), other.pay()) == ("PAID", "paid")
    assert one.pay() == "paid"
    assert not vars(one)


def test_everything_is_undone_when_the_run_breaks_off() -> None:
    def break_off() -> None:
        patches = Patches()
        with patches.under_way():
            patches.replace(Platform, "limit", lambda limit: limit + 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert Platform.limit == 3


def test_the_jury_reads_the_rewritten_history() -> None:
    patches, whole = Patches(), History([RunEnded.model_construct(seq=1)])  # type: ignore[call-arg]
    patches.after_the_run(lambda history: History(history.events[:-1]))

    assert patches.rewritten(whole).events == ()
