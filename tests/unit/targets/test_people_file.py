"""``people.py`` of a target folder is looked at before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.targets.process.people_file import load_people


def test_a_folder_without_the_file_has_none(tmp_path: Path) -> None:
    assert load_people(tmp_path) is None


def test_an_action_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "people.py").write_text("class People:\n    def __init__(self, http): ...\n    def join(self): ...\n")
    with pytest.raises(UsageError, match=r"people\.py:1: .*sign_up.*open_intent"):
        load_people(tmp_path)


def test_an_error_in_it_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "people.py").write_text("import httpx\n\nnonsense\n")
    with pytest.raises(UsageError, match=r"people\.py:3: cannot be imported"):
        load_people(tmp_path)
