"""Feed validation: each deviation has its enumerated code."""

import copy
from typing import Any

import pytest

from simulation.staging.scores.scoring import players_lacking_rounds
from simulation.staging.scores.validation import validate, validate_progress


def payload(*, rounds: int = 4, final: bool = True, players: tuple[str, ...] = ("1", "2")) -> dict[str, Any]:
    lines = [
        {"period": number + 1, "linescores": [{"period": hole, "value": 4} for hole in range(1, 19)]}
        for number in range(rounds)
    ]
    competitors = [
        {
            "id": player,
            "displayName": f"Player {player}",
            "status": {"type": {"name": "STATUS_ACTIVE"}},
            "linescores": copy.deepcopy(lines),
        }
        for player in players
    ]
    name = "STATUS_FINAL" if final else "STATUS_IN_PROGRESS"
    return {
        "events": [
            {
                "id": "E1",
                "label": "Open",
                "status": {"type": {"name": name, "completed": final}},
                "competitions": [{"competitors": competitors}],
            }
        ]
    }


def codes(data: object) -> list[str]:
    return [error.code for error in validate(data, "E1")[1]]


def broken(path: list[str | int], value: object) -> dict[str, Any]:
    data = payload()
    owner: Any = data
    for step in path[:-1]:
        owner = owner[step]
    if value is KeyError:
        del owner[path[-1]]
    else:
        owner[path[-1]] = value
    return data


EVENT: list[str | int] = ["events", 0]
PLAYER: list[str | int] = [*EVENT, "competitions", 0, "competitors", 0]
ROUND: list[str | int] = [*PLAYER, "linescores", 0]
HOLE: list[str | int] = [*ROUND, "linescores", 0]


def test_a_good_board_has_players_with_their_strokes() -> None:
    board, errors = validate(payload(rounds=2, final=False), "E1")
    assert errors == []
    assert board is not None
    assert not board.is_final
    assert dict(board.players["1"].strokes_by_round) == {1: 72, 2: 72}


def test_a_round_under_way_is_valid_and_not_yet_counted() -> None:
    data = payload(rounds=1, final=False)
    del data["events"][0]["competitions"][0]["competitors"][0]["linescores"][0]["linescores"][17]
    board, errors = validate(data, "E1")
    assert errors == []
    assert board is not None
    assert board.players["1"].strokes_by_round == {}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([], "SCHEMA_MISMATCH"),
        ({"events": None}, "SCHEMA_MISMATCH"),
        ({"events": []}, "SCHEMA_MISMATCH"),
        ({}, "MISSING_REQUIRED_FIELD"),
        ({"events": 3}, "INVALID_DATA_TYPE"),
        ({"events": [3]}, "INVALID_DATA_TYPE"),
        (broken([*EVENT, "id"], "E2"), "SCHEMA_MISMATCH"),
        (broken([*EVENT, "status", "type", "name"], "STATUS_X"), "INVALID_STATUS"),
        (broken([*EVENT, "status", "type", "completed"], False), "INVALID_STATUS"),
        (broken([*EVENT, "competitions"], []), "SCHEMA_MISMATCH"),
        (broken([*PLAYER, "id"], 7), "INVALID_PLAYER_ID"),
        (broken([*PLAYER, "id"], "2"), "INVALID_PLAYER_ID"),
        (broken([*PLAYER, "displayName"], KeyError), "MISSING_REQUIRED_FIELD"),
        (broken([*PLAYER, "status", "type", "name"], "STATUS_X"), "INVALID_STATUS"),
        (broken([*ROUND, "period"], 0), "INVALID_ROUND_NUMBER"),
        (broken([*ROUND, "period"], 2), "DUPLICATE_ROUND_FOR_PLAYER"),
        (broken([*HOLE, "value"], "4"), "NUMERIC_STRING_NOT_ALLOWED"),
        (broken([*HOLE, "value"], 4.5), "INVALID_DATA_TYPE"),
        (broken([*HOLE, "value"], True), "INVALID_DATA_TYPE"),
        (broken([*HOLE, "value"], 0), "OUT_OF_RANGE_SCORE"),
        (broken([*HOLE, "period"], 19), "SCHEMA_MISMATCH"),
    ],
)
def test_a_deviation_has_its_code_and_no_board(data: object, code: str) -> None:
    assert code in codes(data)
    assert validate(data, "E1")[0] is None


def progress(earlier: dict[str, Any], later: dict[str, Any]) -> list[str]:
    first, second = validate(earlier, "E1")[0], validate(later, "E1")[0]
    assert first is not None
    assert second is not None
    return [error.code for error in validate_progress(first, second)]


def test_a_corrected_score_is_progress() -> None:
    assert progress(payload(), broken([*HOLE, "value"], 5)) == []


def test_a_board_that_goes_back_is_refused() -> None:
    backwards = progress(payload(rounds=3, final=True), payload(rounds=2, final=False))
    assert set(backwards) == {"INCONSISTENT_LEADERBOARD_ORDER"}


def test_the_field_is_fixed_once_a_round_is_complete() -> None:
    assert progress(payload(players=("1",)), payload(players=("1", "2"))) == ["UNKNOWN_PLAYER"]


def test_an_alternate_comes_in_before_anybody_has_finished_a_round_and_nobody_is_lost() -> None:
    before, after = payload(rounds=0, final=False, players=("1",)), payload(rounds=1, final=False, players=("1", "2"))
    assert progress(before, after) == []
    assert progress(payload(rounds=0, final=False, players=("1", "2")), before) == ["MISSING_REQUIRED_FIELD"]


def test_a_play_off_counts_for_no_score() -> None:
    played_off = payload()
    holes = [{"period": 18, "value": 3}, {"period": 18, "value": 4}]  # the same hole until one is better
    played_off["events"][0]["competitions"][0]["competitors"][0]["linescores"].append(
        {"period": 5, "linescores": holes}
    )
    board, errors = validate(played_off, "E1")
    assert errors == []
    assert board is not None
    assert board.players["1"].strokes_by_round == board.players["2"].strokes_by_round == dict.fromkeys((1, 2, 3, 4), 72)


def test_rounds_that_were_called_off_are_lacking_to_nobody() -> None:
    shortened = payload(rounds=3)
    shortened["events"][0]["tournament"] = {"numberOfRounds": 3}
    board, errors = validate(shortened, "E1")
    assert errors == []
    assert board is not None
    assert players_lacking_rounds(board) == []
    board, _ = validate(payload(rounds=3), "E1")
    assert board is not None
    assert players_lacking_rounds(board) == ["1", "2"], "nobody said that the fourth was called off"


@pytest.mark.parametrize(
    ("number", "code"),
    [(1, "INVALID_ROUND_NUMBER"), (5, "INVALID_ROUND_NUMBER"), ("3", "NUMERIC_STRING_NOT_ALLOWED")],
)
def test_a_number_of_rounds_that_none_is_refused(number: object, code: str) -> None:
    shortened = payload(rounds=3)
    shortened["events"][0]["tournament"] = {"numberOfRounds": number}
    assert codes(shortened) == [code]


def test_play_that_is_suspended_is_not_over_and_a_disqualified_player_lacks_nothing() -> None:
    suspended = payload(rounds=3, final=False)
    suspended["events"][0]["status"]["type"]["name"] = "STATUS_SUSPENDED"
    suspended["events"][0]["competitions"][0]["competitors"][0]["status"]["type"]["name"] = "STATUS_DISQUALIFIED"
    board, errors = validate(suspended, "E1")
    assert errors == []
    assert board is not None
    assert not board.is_final
    assert [board.players[player].lacks_rounds(4) for player in ("1", "2")] == [False, True]
    assert progress(payload(players=("1", "2")), payload(players=("1",))) == ["MISSING_REQUIRED_FIELD"]
