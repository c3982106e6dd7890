"""What nobody could notice is declared with its reason, and nothing else is let pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.proof.coverage.accepted import Accepted
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.measure import measure
from simulation.proof.coverage.page import page
from tests.unit.coverage.small_history import history

DRAW = Draw(seed=3, rows=1)
EVERYTHING = '[[accepted]]\ntable = "*"\nfact = "{fact}"\nkinds = [{kinds}]\nwhy = "nobody looks at these columns"\n'


def listed(folder: Path, text: str) -> Accepted:
    file = folder / "accepted.toml"
    file.write_text(text, encoding="utf-8")
    return Accepted.load(file)


def test_what_is_declared_need_not_be_noticed_and_is_told_with_its_reason(tmp_path: Path) -> None:
    bare = measure(tmp_path, history(), DRAW, jobs=1)
    kinds = sorted({item.kind for item in bare.judged if not item.noticed})
    every = listed(tmp_path, EVERYTHING.format(fact="*", kinds=", ".join(f'"{kind}"' for kind in kinds)))
    found = measure(tmp_path, history(), DRAW, jobs=1, accepted=every)
    assert not bare.meets(100)
    assert [item.column for item in found.accepted] == [item.column for item in bare.judged if not item.noticed]
    assert found.meets(100)
    assert "- `things.unseen_flag` flipped: nobody looks at these columns" in page(found)


def test_one_kind_more_than_is_declared_fails(tmp_path: Path) -> None:
    some = listed(tmp_path, EVERYTHING.format(fact="unseen_*", kinds='"flipped"'))
    found = measure(tmp_path, history(), DRAW, jobs=1, accepted=some)
    assert {(item.column, item.kind) for item in found.accepted} == {("unseen_flag", "flipped")}
    assert not found.meets(100)


def test_an_entry_is_about_the_area_that_it_names_and_no_other(tmp_path: Path) -> None:
    entry = EVERYTHING.format(fact="*", kinds='"plus one"')
    metric, table = (
        Falsehood(area=area, subject="lag", fact="(value)", kind="plus one", where="", edits={})
        for area in ("metric", "table")
    )
    named = listed(tmp_path, entry.replace("table", 'area = "metric"\ntable'))
    assert (named.reason(metric), named.reason(table)) == ("nobody looks at these columns", None)
    assert listed(tmp_path, entry).reason(metric) is None


@pytest.mark.parametrize(
    "text",
    [
        "[[accepted]",
        EVERYTHING.format(fact="*", kinds=""),
        EVERYTHING.format(fact="*", kinds='"null"').replace("nobody looks at", ""),
    ],
)
def test_a_list_that_says_no_reason_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="accepted"):
        listed(tmp_path, text)
