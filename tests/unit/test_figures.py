"""The counts in README and its pages are those of today."""

from __future__ import annotations

import pytest

from simulation.figures import PAGES, figures, written


def test_the_pages_have_todays_figures_and_readme_every_one_of_them() -> None:
    texts = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    assert {name: written(text) for name, text in texts.items()} == texts, "make figures"
    assert {name for name in figures() if f"<!--{name}-->" in texts["README.md"]} == set(figures())


def test_a_stale_figure_is_replaced_and_an_unknown_mark_refused() -> None:
    assert written("all <!--checks-->3<!----> of them") == f"all <!--checks-->{figures()['checks']}<!----> of them"
    with pytest.raises(KeyError, match="planets"):
        written("<!--planets-->9<!---->")
