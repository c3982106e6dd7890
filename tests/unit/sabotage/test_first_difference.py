"""Where two histories part first."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.proof.determinism import first_difference

LINES = ['{"at":"2026-03-01T00:00:00Z","seq":1}', '{"at":"2026-03-01T00:05:00Z","seq":2}']


def _write(folder: Path, name: str, lines: list[str]) -> Path:
    file = folder / name
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def test_equal_histories_have_no_difference(tmp_path: Path) -> None:
    assert first_difference(_write(tmp_path, "a", LINES), _write(tmp_path, "b", LINES)) is None


@pytest.mark.parametrize(
    ("second", "line", "shown"),
    [
        ([LINES[0], LINES[1].replace("2}", "9}"), "later"], 2, '"seq":9'),
        (LINES[:1], 2, "(the history is over)"),
        ([*LINES, '{"at":"2026-03-01T00:10:00Z","seq":3}'], 3, "00:10:00Z"),
    ],
    ids=["another line", "shorter", "longer"],
)
def test_the_first_difference_is_shown_with_its_time(tmp_path: Path, second: list[str], line: int, shown: str) -> None:
    difference = first_difference(_write(tmp_path, "a", LINES), _write(tmp_path, "b", second))

    assert difference is not None
    assert difference.line == line
    assert difference.at.startswith("2026-03-01T00:")
    assert shown in str(difference)
