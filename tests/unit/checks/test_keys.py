"""What a finding is about, by id."""

from __future__ import annotations

from simulation.checks.evidence.keys import NO_KEYS, Keys, shared


def test_only_what_is_known_is_named() -> None:
    assert Keys(user_id="ann", fault_id="F1").named() == {"fault_id": "F1", "user_id": "ann"}
    assert NO_KEYS.named() == {}


def test_several_share_what_is_the_same_in_all_of_them() -> None:
    first = Keys(contest_id="c1", user_id="ann", transfer_id="t1")
    second = Keys(contest_id="c1", user_id="bob")

    assert shared([first, second]) == Keys(contest_id="c1")
    assert shared([first]) == first
    assert shared([]) == NO_KEYS
