"""Whose container or folder it is, told from a name."""

from __future__ import annotations

import os

from simulation.environment.workspace import owner_lives, owner_tag


def test_this_process_lives() -> None:
    assert owner_tag().startswith(f"{os.getpid()}-")
    assert owner_lives(owner_tag())
    assert owner_lives(f"{owner_tag()}-more")


def test_a_process_that_is_gone_or_whose_number_was_given_again_does_not() -> None:
    assert not owner_lives("999999999-1")
    assert not owner_lives(f"{os.getpid()}-1")


def test_a_name_of_another_form_is_left_alone() -> None:
    assert owner_lives("somebody-elses")
