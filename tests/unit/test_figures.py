"""The counts in README are those of today."""

from __future__ import annotations

import pytest

from simulation.figures import README, figures, written


def test_readme_has_todays_figures_and_every_one_of_them() -> None:
    text = README.read_text(encoding="utf-8")
    assert written(text) == text, "make figures"
    assert {name for name in figures() if f"<!--{name}-->" in text} == set(figures())


def test_a_stale_figure_is_replaced_and_an_unknown_mark_refused() -> None:
    assert written("all <!--checks-->3<!----> of them") == f"all <!--checks-->{figures()['checks']}<!----> of them"
    with pytest.raises(KeyError, match="planets"):
        written("<!--planets-->9<!---->")
