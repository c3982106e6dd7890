"""Seeded golf: repeatable, plausible, cut at the line, and a CSV replayed to the stroke."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulation.scenario.tournament import PlayerResult, Rounds, Tournament
from simulation.world.provider.board import FINAL, Moment, at_moment, moments, payload
from simulation.world.provider.tournament import HOLES, PARS, Card, play

FIRST_TEE = datetime(2026, 3, 4, 8, tzinfo=UTC)
SEEDS = range(30)


def tournament(*, players: int = 24, cut: int = 14, withdrawals: int = 1, played: tuple[PlayerResult, ...] = ()):
    return Tournament(
        first_round=FIRST_TEE, players=players, cut_after_round_2=cut, withdrawals=withdrawals, played=played
    )


def drawn(seed: int, **options: int) -> tuple[Card, ...]:
    return play(key="open", tournament=tournament(**options), seed=seed)


def after_two(card: Card) -> int:
    return sum(map(sum, card.holes[:2]))


def test_same_seed_same_tournament():
    assert drawn(7) == drawn(7)


def test_another_seed_or_key_is_another_tournament():
    assert drawn(7) != drawn(8)
    assert drawn(7) != play(key="other", tournament=tournament(), seed=7)


def test_course_is_par_72_over_18_holes():
    assert (sum(PARS), HOLES) == (72, 18)


def test_rounds_look_like_golf():
    strokes = [total for seed in SEEDS for card in drawn(seed) for total in card.rounds if total is not None]
    assert 70 < sum(strokes) / len(strokes) < 74
    assert min(strokes) >= 57
    assert max(strokes) <= 92


def test_players_are_distinct_and_ordered_by_id():
    cards = drawn(3)
    ids = [card.player_id for card in cards]
    assert ids == sorted(set(ids))
    assert len({card.name for card in cards}) == 24


@pytest.mark.parametrize("seed", SEEDS)
def test_cut_keeps_everybody_at_the_line_and_nobody_beyond(seed: int):
    cards = drawn(seed, withdrawals=0)
    playing = [after_two(card) for card in cards if card.status == "active"]
    cut = [after_two(card) for card in cards if card.status == "cut"]
    assert len(playing) >= 14
    assert max(playing) < min(cut)
    line = max(playing)
    assert sum(strokes < line for strokes in playing) < 14, "without those tied at the line, places are left"


def test_ties_at_the_line_occur():
    sizes = {sum(card.status == "active" for card in drawn(seed, withdrawals=0)) for seed in SEEDS}
    assert any(size > 14 for size in sizes)


def test_cut_players_have_two_rounds_and_no_third():
    for card in drawn(5):
        if card.status == "cut":
            assert [len(holes) for holes in card.holes] == [18, 18, 0, 0]
            assert card.rounds[2:] == (None, None)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_withdraws_leaves_in_the_middle_of_a_round(seed: int):
    for card in drawn(seed, withdrawals=4):
        lengths = [len(holes) for holes in card.holes]
        if card.status == "withdrawn":
            broken = next(length for length in lengths if length < HOLES)
            assert broken in (6, 12)
            assert lengths[lengths.index(broken) + 1 :] == [0] * (3 - lengths.index(broken))
        elif card.status == "active":
            assert lengths == [HOLES] * 4


def test_somebody_finishes_even_when_nearly_all_withdraw():
    cards = drawn(1, players=4, cut=1, withdrawals=9)
    assert any(card.status != "withdrawn" for card in cards)


def replayed(result: PlayerResult) -> Card:
    """Of one player, beside one who finished."""
    finisher = PlayerResult(player="Bob Birdie", rounds=(70, 70, 70, 70))
    cards = play(key="open", tournament=tournament(played=(result, finisher)), seed=1)
    return next(card for card in cards if card.name == result.player)


@pytest.mark.parametrize(
    ("rounds", "status"),
    [
        ((70, 71, 72, 73), "active"),
        ((80, 81, None, None), "cut"),
        ((75, None, None, None), "withdrawn"),
        ((50, 130, 130, None), "withdrawn"),
        ((None, None, None, None), "withdrawn"),
    ],
)
def test_results_are_replayed_to_the_stroke(rounds: Rounds, status: str):
    card = replayed(PlayerResult(player="Ann Ace", rounds=rounds))
    assert card.rounds == rounds
    assert card.status == status
    assert all(strokes >= 1 for holes in card.holes for strokes in holes)


def test_a_round_that_was_given_up_is_replayed_to_its_last_hole():
    result = PlayerResult(player="Ann Ace", rounds=(70, 71, None, None), given_up=(44, 11))
    card = replayed(result)
    assert [len(holes) for holes in card.holes] == [HOLES, HOLES, 11, 0]
    assert sum(card.holes[2]) == 44
    assert (card.rounds, card.status) == ((70, 71, None, None), "withdrawn")
    assert "given_up" not in PlayerResult(player="Ann Ace", rounds=(70, 71, 72, 73)).model_dump()


def test_a_round_that_nobody_began_was_not_held():
    results = (
        PlayerResult(player="Ann Ace", rounds=(70, 71, 72, None)),
        PlayerResult(player="Bob Birdie", rounds=(75, 76, None, None)),
        PlayerResult(player="Cy Cut", rounds=(70, None, None, None)),
    )
    open_ = tournament(played=results)
    cards = {card.name: card for card in play(key="open", tournament=open_, seed=1)}
    assert [cards[result.player].status for result in results] == ["active", "cut", "withdrawn"]
    final = moments(open_)[-1]
    assert (final.final, final.rounds) == (True, 3)
    assert '"numberOfRounds":3' in payload(key="open", tournament=open_, cards=(), state=FINAL, at=final.at)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("held", [2, 3])
def test_the_weather_ends_a_tournament(seed: int, held: int):
    open_ = Tournament.model_validate({"first_round": FIRST_TEE, "rounds_held": held, "withdrawals": 3})
    cards = play(key="open", tournament=open_, seed=seed)
    assert {len(holes) for card in cards for holes in card.holes[held:]} == {0}
    for card in at_moment(cards, moments(open_)[-1]):
        finished = sum(strokes is not None for strokes in card.rounds)
        assert (finished == held) == (card.status == "active" or (card.status == "cut" and held == 2))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_cut_sends_players_home_after_round_3(seed: int):
    open_ = Tournament.model_validate({"first_round": FIRST_TEE, "cut_after_round_2": 16, "second_cut": 8})
    cards = play(key="open", tournament=open_, seed=seed)
    home = [card for card in cards if card.status == "cut" and card.rounds[2] is not None]
    finished = [card for card in cards if card.status == "active"]
    assert home
    assert len(finished) >= 7
    assert {card.rounds[3] for card in home} == {None}
    third = next(moment for moment in moments(open_) if (moment.rounds, moment.holes) == (2, 6))
    shown_then = {card.player_id: card.status for card in at_moment(cards, third)}
    assert {shown_then[card.player_id] for card in home} == {"active"}, "nobody knows of the second cut yet"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_player_has_another_name_from_the_cut_on(seed: int):
    open_ = Tournament.model_validate({"first_round": FIRST_TEE, "renamed": 2})
    cards = play(key="open", tournament=open_, seed=seed)
    first, last = at_moment(cards, moments(open_)[0]), at_moment(cards, moments(open_)[-1])
    changed = [(one.name, other.name) for one, other in zip(first, last, strict=True) if one.name != other.name]
    assert len(changed) == 2
    assert len({card.name for card in last}) == len(cards)


@pytest.mark.parametrize("seed", SEEDS)
def test_only_ids_tell_namesakes_apart(seed: int):
    open_ = Tournament.model_validate({"first_round": FIRST_TEE, "namesakes": 3})
    cards = play(key="open", tournament=open_, seed=seed)
    assert (len({card.player_id for card in cards}), len({card.name for card in cards})) == (24, 21)


def test_a_tournament_that_is_moved_is_told_when_it_should_have_begun():
    open_ = Tournament.model_validate({"first_round": FIRST_TEE, "moved_days": 2, "round_interval_hours": 12})
    told, first, *_ = moments(open_)
    assert (told.at, told.state) == (FIRST_TEE, "STATUS_SCHEDULED")
    assert first.at == FIRST_TEE + timedelta(days=2, hours=2)
    assert open_.final_board_at == FIRST_TEE + timedelta(days=2, hours=3 * 12 + 6 + 1)
    starts = [
        payload(key="open", tournament=open_, cards=(), state=told.state, at=at).split('"startDate":"')[1][:10]
        for at in (FIRST_TEE - timedelta(seconds=1), FIRST_TEE)
    ]
    assert starts == ["2026-03-04", "2026-03-06"]


def test_a_tournament_that_is_cancelled_has_no_other_board():
    open_ = Tournament.model_validate({"first_round": FIRST_TEE, "cancelled": True})
    (only,) = moments(open_)
    assert (only.at, only.state, only.final) == (FIRST_TEE, "STATUS_CANCELED", False)


def shown(open_: Tournament, cards: tuple[Card, ...], *, index: int) -> dict[str, Card]:
    return {card.player_id: card for card in at_moment(cards, moments(open_)[index])}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_alternate_takes_the_place_of_one_who_withdraws_before_the_first_tee(seed: int):
    options = {"first_round": FIRST_TEE, "withdrawals": 0, "alternates": 2}
    open_ = Tournament.model_validate(options)
    cards = play(key="open", tournament=open_, seed=seed)
    late = {card.player_id for card in cards if card.is_alternate}
    gone = [card for card in cards if card.status == "withdrawn" and not any(card.holes)]
    assert (len(late), len(gone), len(cards)) == (2, 2, open_.players + 2)
    field = at_moment(cards, Moment(at=FIRST_TEE, rounds=0, holes=0))
    assert late.isdisjoint(card.player_id for card in field)
    assert late <= shown(open_, cards, index=0).keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_disqualified_player_keeps_three_rounds_and_is_out_in_the_fourth(seed: int):
    open_ = Tournament(first_round=FIRST_TEE, disqualified=1)
    cards = play(key="open", tournament=open_, seed=seed)
    (struck,) = (card for card in cards if card.status == "disqualified")
    assert [len(holes) for holes in struck.holes] == [HOLES, HOLES, HOLES, 0]
    assert shown(open_, cards, index=8)[struck.player_id].status == "active"
    assert shown(open_, cards, index=9)[struck.player_id].status == "disqualified"


def test_a_suspended_round_is_finished_before_the_next_begins():
    open_ = Tournament(first_round=FIRST_TEE, suspended_round=2)
    states = [(moment.state, moment.rounds, moment.at) for moment in moments(open_)]
    assert [at for _, _, at in states] == sorted(at for _, _, at in states)
    assert states[4] == ("STATUS_SUSPENDED", 1, open_.tee(2) + timedelta(hours=4))
    assert states[5] == ("STATUS_IN_PROGRESS", 2, open_.tee(3) - timedelta(hours=1))


def test_the_two_best_play_off_and_only_the_final_board_shows_it():
    open_ = Tournament(first_round=FIRST_TEE, playoff_holes=3)
    cards = play(key="open", tournament=open_, seed=7)
    totals = sorted(sum(map(sum, card.holes)) for card in cards if None not in card.rounds)
    best = [card for card in cards if card.playoff]
    assert sorted(sum(map(sum, card.holes)) for card in best) == totals[:2]
    assert {len(card.playoff) for card in best} == {3}
    assert not any(card.playoff for card in shown(open_, cards, index=-2).values())
    assert all(shown(open_, cards, index=-1)[card.player_id].playoff for card in best)


def test_what_a_tournament_does_not_have_is_not_in_its_document():
    """So that a history of before there was such a thing keeps its digest."""
    rare = {"disqualified", "alternates", "suspended_round", "playoff_holes"}
    assert not rare & Tournament(first_round=FIRST_TEE).model_dump().keys()
    assert Tournament(first_round=FIRST_TEE, alternates=1).model_dump()["alternates"] == 1
