"""A golf tournament hole by hole: drawn from the seed, or spread out of the rounds of a results CSV.

Par 72, everybody plays a round at the same time in three blocks of six holes. The field is cut after round 2 (ties at
the line stay in), and a few players withdraw in the middle of a round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from faker import Faker

from simulation.chance import chance
from simulation.scenario import tournament as scenario
from simulation.scenario.results_csv import outcome
from simulation.scenario.tournament import ROUNDS, PlayerResult, Rounds

PARS = (4, 4, 5, 3, 4, 4, 3, 5, 4, 4, 5, 3, 4, 4, 4, 3, 5, 4)
HOLES = len(PARS)
CUT_AFTER = 2
_SKILL_DEVIATION = 1.8
"""Standard deviation of the players' mean round against par, in strokes: what separates a field's best and worst."""
_FORM_DEVIATION = 1.0
"""Standard deviation of one player's rounds from day to day, in strokes."""
_MISHAPS: tuple[tuple[int, float], ...] = ((-2, 0.01), (-1, 0.19), (0, 0.62), (1, 0.15), (2, 0.03))
"""Strokes against par on one hole and how often, for a player whose mean round is par."""

Status = Literal["active", "cut", "withdrawn", "disqualified"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """One player's tournament. ``holes[r]`` are the strokes of the holes played in round ``r + 1``, in order."""

    player_id: str
    name: str
    holes: tuple[tuple[int, ...], ...]
    status: Status
    """At the end of the tournament."""
    is_alternate: bool = False
    """Comes into the field with the first score, and is not in it before."""
    name_after_cut: str = ""
    """Another name, which the board has from the cut on; empty: it stays."""
    playoff: tuple[int, ...] = ()
    """Strokes of the holes that were played for the title after the last round."""

    @property
    def rounds(self) -> Rounds:
        """Strokes of the completed rounds."""
        first, second, third, fourth = (sum(holes) if len(holes) == HOLES else None for holes in self.holes)
        return first, second, third, fourth


def play(*, key: str, tournament: scenario.Tournament, seed: int) -> tuple[Card, ...]:
    """The whole tournament, before its first tee. Ordered by player id."""
    source = chance(seed, "tournament", key)
    if tournament.played:
        cards = [_replayed(result, source, held=len(tournament.rounds)) for result in tournament.played]
    else:
        cards = _drawn(tournament, source)
    if tournament.playoff_holes:
        cards = _played_off(cards, tournament.playoff_holes, source, held=len(tournament.rounds))
    if tournament.renamed:
        cards = _renamed(cards, tournament.renamed, source)
    if tournament.namesakes:
        cards = _namesakes(cards, tournament.namesakes, source)
    numbers = source.sample(range(1_000, 10_000), len(cards))
    named = [replace(card, player_id=str(number)) for card, number in zip(cards, numbers, strict=True)]
    return tuple(sorted(named, key=lambda card: card.player_id))


# --- drawn from the seed -------------------------------------------------------------------------------------------


def _drawn(tournament: scenario.Tournament, source: Random) -> list[Card]:
    names = _names(tournament.players, source)
    skills = [source.gauss(0.0, _SKILL_DEVIATION) for _ in names]
    weekend = [tuple(_round(skill, source) for _ in range(ROUNDS)) for skill in skills]
    cards = [
        Card(player_id="", name=name, holes=holes, status="active") for name, holes in zip(names, weekend, strict=True)
    ]
    quitters = source.sample(range(len(cards)), min(tournament.withdrawals, len(cards) - 1))
    for index in quitters:
        cards[index] = _withdrawn(cards[index], source)
    if len(tournament.rounds) < ROUNDS:
        cards = [_called_off(card, len(tournament.rounds)) for card in cards]
    cards = _cut(cards, tournament.cut_after_round_2, after=CUT_AFTER)
    if tournament.second_cut is not None:
        cards = _cut(cards, tournament.second_cut, after=CUT_AFTER + 1)
    if tournament.alternates:
        cards = _with_alternates(cards, tournament.alternates, source)
    return _disqualified(cards, tournament.disqualified, source) if tournament.disqualified else cards


def _names(count: int, source: Random) -> list[str]:
    faker = Faker("en_US")
    faker.seed_instance(source.getrandbits(64))
    names: dict[str, None] = {}
    while len(names) < count:
        names[f"{faker.first_name()} {faker.last_name()}"] = None
    return list(names)


def _round(skill: float, source: Random) -> tuple[int, ...]:
    """18 holes of a player whose mean is ``skill`` strokes over par: the larger it is, the more bogeys and fewer
    birdies."""
    shift = (skill + source.gauss(0.0, _FORM_DEVIATION)) / (2 * HOLES)
    chances = dict(_MISHAPS)
    moved = max(-chances[1], min(chances[-1], shift))
    weights = [chances[-2], chances[-1] - moved, chances[0], chances[1] + moved, chances[2]]
    against_par = source.choices([strokes for strokes, _ in _MISHAPS], weights, k=HOLES)
    return tuple(max(1, par + strokes) for par, strokes in zip(PARS, against_par, strict=True))


def _withdrawn(card: Card, source: Random) -> Card:
    """Leaves the course after hole 6 or 12 of some round."""
    last_round, last_hole = source.randrange(ROUNDS), source.choice((6, 12))
    holes = [*card.holes[:last_round], card.holes[last_round][:last_hole]]
    return replace(card, holes=(*holes, *((),) * (ROUNDS - len(holes))), status="withdrawn")


def _cut(cards: Sequence[Card], places: int, *, after: int) -> list[Card]:
    """Players with more strokes than the one on the cut line after so many rounds are cut; withdrawn players do not
    count."""
    by_then = [sum(map(sum, card.holes[:after])) for card in cards]
    standing = sorted(
        strokes for card, strokes in zip(cards, by_then, strict=True) if len(card.holes[after - 1]) == HOLES
    )
    line = standing[min(places, len(standing)) - 1]
    return [
        _sent_home(card, after) if strokes > line and len(card.holes[after - 1]) == HOLES else card
        for card, strokes in zip(cards, by_then, strict=True)
    ]


def _called_off(card: Card, held: int) -> Card:
    """Without the rounds that were not held: who would have left the course in one of them has not."""
    left_before = any(len(played) < HOLES for played in card.holes[:held])
    status: Status = "withdrawn" if left_before else "active"
    return replace(card, holes=(*card.holes[:held], *((),) * (ROUNDS - held)), status=status)


def _with_alternates(cards: Sequence[Card], count: int, source: Random) -> list[Card]:
    """As many who would have played on withdraw before their first tee; what they would have played, others play."""
    names = _names(len(cards) + count, source)[len(cards) :]
    replaced = source.sample([index for index, card in enumerate(cards) if card.status == "active"], count)
    nothing = ((),) * ROUNDS
    gone = [replace(card, holes=nothing, status="withdrawn") if i in replaced else card for i, card in enumerate(cards)]
    come = [replace(cards[i], name=name, is_alternate=True) for i, name in zip(replaced, names, strict=True)]
    return [*gone, *come]


def _disqualified(cards: Sequence[Card], count: int, source: Random) -> list[Card]:
    """Out before the fourth round."""
    struck = source.sample([index for index, card in enumerate(cards) if card.status == "active"], count)
    return [
        replace(card, holes=(*card.holes[: ROUNDS - 1], ()), status="disqualified") if index in struck else card
        for index, card in enumerate(cards)
    ]


def _played_off(cards: Sequence[Card], holes: int, source: Random, *, held: int) -> list[Card]:
    """By the two with the fewest strokes."""
    finished = [index for index, card in enumerate(cards) if all(len(played) == HOLES for played in card.holes[:held])]
    best = sorted(finished, key=lambda index: sum(map(sum, cards[index].holes)))[:2]
    return [
        replace(card, playoff=_round(0.0, source)[:holes]) if index in best else card
        for index, card in enumerate(cards)
    ]


def _renamed(cards: Sequence[Card], count: int, source: Random) -> list[Card]:
    """Somebody marries, or the provider had a name wrong."""
    names = _names(len(cards) + count, source)[len(cards) :]
    chosen = dict(zip(source.sample(range(len(cards)), min(count, len(cards))), names, strict=False))
    return [replace(card, name_after_cut=chosen.get(index, "")) for index, card in enumerate(cards)]


def _namesakes(cards: Sequence[Card], pairs: int, source: Random) -> list[Card]:
    """The second of each pair has the first's name."""
    chosen = source.sample(range(len(cards)), 2 * min(pairs, len(cards) // 2))
    names = {second: cards[first].name for first, second in zip(chosen[::2], chosen[1::2], strict=True)}
    return [replace(card, name=names.get(index, card.name)) for index, card in enumerate(cards)]


def _sent_home(card: Card, after: int) -> Card:
    return replace(card, holes=(*card.holes[:after], *((),) * (ROUNDS - after)), status="cut")


# --- replayed from a CSV -------------------------------------------------------------------------------------------


def _replayed(result: PlayerResult, source: Random, *, held: int) -> Card:
    played = [_spread(strokes, source) for strokes in result.rounds if strokes is not None]
    if result.given_up is not None:
        strokes, holes = result.given_up
        played.append(_spread(strokes, source, holes=holes))
    rounds = (*played, *((),) * (ROUNDS - len(played)))
    return Card(player_id="", name=result.player, holes=rounds, status=outcome(result, held=held))


def _spread(strokes: int, source: Random, *, holes: int = HOLES) -> tuple[int, ...]:
    """Holes that add up to ``strokes``: par on each, then one stroke more (or less) on one hole after another."""
    played = list(PARS[:holes])
    difference = strokes - sum(played)
    step = 1 if difference > 0 else -1
    order: list[int] = []
    while difference:
        order = order or source.sample(range(holes), holes)
        hole = order.pop()
        if played[hole] + step >= 1:
            played[hole] += step
            difference -= step
    return tuple(played)
