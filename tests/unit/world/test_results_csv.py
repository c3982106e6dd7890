"""Results tables: read as they are meant, refused with line, column, value and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.scenario.results_csv import read_results
from simulation.scenario.tournament import PlayerResult

HEADER = "player,round_1,round_2,round_3,round_4\n"
THREE = "Ann Ace,70,71,72,73\nBea Birdie,80,81,,\nCay Club,75,,,\n"
EXAMPLE = Path(__file__).resolve().parents[3] / "fixtures" / "tournaments" / "desert_invitational.csv"


def csv(folder: Path, text: str) -> Path:
    file = folder / "results.csv"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read_results(csv(folder, text))
    return caught.value


def test_players_come_in_the_order_of_the_file(tmp_path: Path):
    results = read_results(csv(tmp_path, HEADER + THREE + "Dée Driver, 69 ,70,71,72\n"))
    assert [result.player for result in results] == ["Ann Ace", "Bea Birdie", "Cay Club", "Dée Driver"]
    assert results[1] == PlayerResult(player="Bea Birdie", rounds=(80, 81, None, None))
    assert results[3].rounds == (69, 70, 71, 72)


def test_blank_lines_and_a_byte_order_mark_do_not_matter(tmp_path: Path):
    results = read_results(csv(tmp_path, "\ufeff" + HEADER + THREE + "\nDee Driver,69,70,71,72\n"))
    assert len(results) == 4


def test_example_is_readable():
    results = read_results(EXAMPLE)
    assert len(results) == 28
    assert any(result.rounds[2] is None for result in results)


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        ("Dee Driver,69,x,71,72", "round_2", "'x'"),
        ("Dee Driver,69,70.5,71,72", "round_2", "'70.5'"),
        ("Dee Driver,-3,70,71,72", "round_1", "'-3'"),
        ("Dee Driver,69,70,71,7", "round_4", "7 strokes"),
        ("Dee Driver,690,70,71,72", "round_1", "690 strokes"),
        ("Dee Driver,69,,71,72", "round_2", "round_3 is 71"),
        (",69,70,71,72", "player", "is empty"),
        ("Ann Ace,70,71,72,73", "player", "'Ann Ace' stands with the same rounds in line 2"),
    ],
)
def test_bad_cell_is_named_with_line_column_and_value(tmp_path: Path, line: str, column: str, value: str):
    error = refusal(tmp_path, HEADER + THREE + line + "\n")
    assert error.place.endswith("results.csv:5")
    assert error.problem.startswith(f"column {column}: ")
    assert value in error.problem
    assert error.remedy


def test_two_players_of_one_name_are_told_apart_and_none_is_removed(tmp_path: Path):
    assert refusal(tmp_path, HEADER + THREE + "Ann Ace,70,71,72,73\n").remedy.startswith(
        "write the name of one differently"
    )
    namesakes = read_results(csv(tmp_path, HEADER + THREE + "Ann Ace,69,70,71,72\n"))
    assert [one.rounds for one in namesakes if one.player == "Ann Ace"] == [(70, 71, 72, 73), (69, 70, 71, 72)]
    assert read_results(csv(tmp_path, HEADER + THREE + "Ann\xa0Ace,69,70,71,72\n"))[3].rounds == (69, 70, 71, 72)


def test_a_round_that_was_given_up_is_strokes_and_holes(tmp_path: Path):
    results = read_results(csv(tmp_path, HEADER + THREE + "Dee Driver,69,44/11,,\n"))
    assert (results[3].rounds, results[3].given_up) == ((69, None, None, None), (44, 11))
    for cells in ("69,44/18,,", "69,44/0,,", "69,10/11,,", "69,44/11,70,71", "69,44/,,"):
        assert "round_2" in refusal(tmp_path, HEADER + THREE + f"Dee Driver,{cells}\n").problem


def test_line_numbers_count_blank_lines(tmp_path: Path):
    error = refusal(tmp_path, HEADER + THREE + "\n\nDee Driver,69,x,71,72\n")
    assert error.place.endswith(":7")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("name,round_1,round_2,round_3,round_4\n", "column 1: is 'name', not 'player'"),
        ("player,round_1,round_3,round_2,round_4\n", "column 3: is 'round_3', not 'round_2'"),
        ("player,round_1,round_2,round_3\n", "column 5: is '', not 'round_4'"),
        ("player,round_1,round_2,round_3,round_4,total\n", "column total: is unknown"),
    ],
)
def test_other_columns_are_refused(tmp_path: Path, header: str, problem: str):
    error = refusal(tmp_path, header + "Ann Ace,70,71,72\n")
    assert error.place.endswith(":1")
    assert problem in error.problem


def test_more_cells_than_columns_are_refused_with_the_line(tmp_path: Path):
    error = refusal(tmp_path, HEADER + THREE + "Dee Driver,69,70,71,72,73\n")
    assert error.place.endswith(":5")
    assert "6 cells" in error.problem


def test_too_few_players_are_refused(tmp_path: Path):
    assert "3 players" in refusal(tmp_path, HEADER + THREE).problem


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_empty_file_is_refused(tmp_path: Path, text: str):
    assert refusal(tmp_path, text).remedy


def test_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_results(tmp_path / "nowhere.csv")


def test_binary_file_is_refused(tmp_path: Path):
    file = tmp_path / "results.csv"
    file.write_bytes(b"\xff\xfe\x00player")
    with pytest.raises(UsageError, match="UTF-16, not UTF-8"):
        read_results(file)
