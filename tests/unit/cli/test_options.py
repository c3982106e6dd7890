"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from simulation.cli.options import TARGETS_FOLDER, TargetFolder


def test_a_target_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "league").mkdir()
    (tmp_path / "league" / "target.toml").touch()
    for asked, meant in ((tmp_path / "leage", tmp_path / "league"), (tmp_path / "stagin", TARGETS_FOLDER / "staging")):
        with pytest.raises(click.BadParameter, match="did you mean") as refused:
            TargetFolder().convert(str(asked), None, None)
        assert f"did you mean {str(meant)!r}?" in refused.value.message


def test_one_that_is_there_is_taken(tmp_path: Path) -> None:
    assert TargetFolder().convert(str(tmp_path), None, None) == tmp_path


def test_nothing_is_suggested_where_nothing_is_near(tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter) as refused:
        TargetFolder().convert(str(tmp_path / "zzzzzz"), None, None)
    assert "did you mean" not in refused.value.message
