"""The people of a run: invented, seeded, and shared between contests so that some play in several."""

from __future__ import annotations

from dataclasses import dataclass

from faker import Faker

from simulation.chance import chance
from simulation.scenario.contest import Contest

_SHARE_OF_NEWCOMERS = 0.6
"""How many people are invented for each entry of all contests; people who play in several contests make up the rest."""
_CONTESTS_PER_ORGANIZER = 2


@dataclass(frozen=True, kw_only=True)
class Person:
    key: str
    """``p017`` for players, ``o01`` for organizers; unique in a run."""
    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Population:
    """Everybody who may appear in a run."""

    players: tuple[Person, ...]
    organizers: tuple[Person, ...]


def populate(contests: tuple[Contest, ...], *, seed: int) -> Population:
    """Enough people for every contest, drawn from the seed."""
    faker = Faker("en_US")
    faker.seed_instance(chance(seed, "people").getrandbits(64))
    entries = sum(contest.entrants for contest in contests)
    largest = max(contest.entrants for contest in contests)
    players = max(largest, round(entries * _SHARE_OF_NEWCOMERS))
    organizers = -(-len(contests) // _CONTESTS_PER_ORGANIZER)
    return Population(
        players=tuple(_person(faker, f"p{number:03d}") for number in range(1, players + 1)),
        organizers=tuple(_person(faker, f"o{number:02d}") for number in range(1, organizers + 1)),
    )


def _person(faker: Faker, key: str) -> Person:
    """The person's key is part of their address, since invented names may repeat and addresses must not."""
    first, last = faker.first_name(), faker.last_name()
    return Person(key=key, name=f"{first} {last}", email=f"{first}.{last}.{key}@example.com".lower())
