"""A contest of a scenario: what it costs, pays and when, and who comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import isfinite
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from simulation.currency import USD, CurrencyCode
from simulation.documents.strict import Instant, Mistake, ScenarioModel, refusal, refusals
from simulation.scenario.bounds import KEY, LONGEST_NAME, Cents


class Contest(ScenarioModel):
    key: str = Field(pattern=KEY)
    """By which faults name it."""
    name: str = Field(max_length=LONGEST_NAME)
    """As people see it."""
    tournament: str
    """Key of the tournament that it is played on."""
    currency: CurrencyCode = USD
    """In which entrants pay and win, by its ISO 4217 code. All amounts of the contest are in its smallest unit: whole
    yen, thousandths of a Kuwaiti dinar."""
    entry_fee_cents: Cents
    """What each entrant pays; 0 for a contest that costs nothing."""
    payout_percent: dict[int, int | float]
    """Share of the pool by place, from place 1 on, with four decimals at most; 100 at most in all."""
    guaranteed_pool_cents: Cents = 0
    """The pool at least, whatever the entry fees come to: the platform adds what is missing. 0: no guarantee."""
    entrants: int = Field(ge=1, le=500)
    """People who join, those who never pay counted."""
    max_entries: int = Field(default=100, ge=1, le=100_000)
    """Entries that the contest has room for."""
    min_entries: int = Field(default=0, ge=0, le=100_000)
    """Entries without which it is cancelled at its lock, and every fee goes back; 0: any number is enough."""
    roster_size: int = Field(default=3, ge=1, le=10)
    """Golfers on each entrant's roster."""
    missed_round_strokes: int = Field(default=80, ge=1, le=1_000)
    """What counts for a round that a golfer did not play."""
    created: Instant
    """From when on people can join."""
    lock: Instant
    """From when on nobody can join; at the first tee at the latest."""
    start: Instant
    """When those who have paid are the field."""
    end: Instant
    """Not settled before; between first tee and final board."""
    late_joiners: int = Field(default=0, ge=0)
    """Join within the last hour before the lock."""
    late_payers: int = Field(default=0, ge=0)
    """Join in time, pay after the lock and before the start."""
    double_payers: int = Field(default=0, ge=0)
    """Pay twice, and get one of the two back."""
    non_payers: int = Field(default=0, ge=0)
    """Join and never pay."""
    same_rosters: int = Field(default=0, ge=0)
    """Choose the same golfers, so that they tie."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What few contests have is left out where it is not there: a history keeps the digest that it had."""
        told = handler(self)
        return {
            name: value
            for name, value in told.items()
            if (name not in _RARE_OF_CONTESTS or value) and (name, value) != ("currency", USD)
        }

    @field_validator("payout_percent", mode="before")
    @classmethod
    def _numbers(cls, percent: Any) -> Any:
        """Places are whole, and so are shares without decimals: who writes 60.0 or '60' may mean something else."""
        for place, share in percent.items() if isinstance(percent, Mapping) else ():
            for value, fits in ((place, _is_place(place)), (share, _is_share(share))):
                if not fits:
                    remedy = "write places as 1, 2, 3 … and shares as 50 or 12.5"
                    raise refusal(f"{value!r} is not accepted", remedy=remedy, path=(place,))
        return percent

    @field_validator("payout_percent")
    @classmethod
    def _places(cls, percent: dict[int, int | float]) -> dict[int, int | float]:
        total = sum(map(share_of, percent.values()), Fraction(0))
        if total > 100:
            raise refusal(
                f"payout_percent adds up to {float(total):g}, more than 100", remedy="lower a place's percentage"
            )
        if any(share_of(value) * _SMALLEST_SHARES % 1 for value in percent.values()):
            raise refusal(f"payout_percent {percent} has more than four decimals", remedy="round it to four")
        if sorted(percent) != list(range(1, len(percent) + 1)) or min(percent.values(), default=0) < 0:
            raise refusal(
                f"payout_percent {percent} has a hole or a negative share",
                remedy="name places 1, 2, 3 … with 0 or more",
            )
        return percent

    @model_validator(mode="after")
    def _fits_together(self) -> Contest:
        if mistakes := [*self._times_out_of_order(), *self._too_many()]:
            raise refusals(mistakes)
        return self

    def _times_out_of_order(self) -> Iterator[Mistake]:
        for earlier, later in (("created", "lock"), ("lock", "start"), ("start", "end")):
            first, second = getattr(self, earlier), getattr(self, later)
            if first > second or (first == second and (earlier, later) != ("lock", "start")):
                yield Mistake(
                    (later,),
                    f"{later} {second:%Y-%m-%d %H:%M} is not after {earlier} {first:%Y-%m-%d %H:%M}",
                    f"created < lock <= start < end must hold: move {later} or {earlier}",
                )

    def _too_many(self) -> Iterator[Mistake]:
        special = self.late_joiners + self.late_payers + self.double_payers + self.non_payers
        if special > self.entrants:
            yield Mistake(
                ("entrants",),
                f"{special} late, double or non payers and late joiners of {self.entrants} entrants",
                "raise entrants or name fewer",
            )
        if self.entrants > self.max_entries:
            yield Mistake(
                ("entrants",), f"entrants {self.entrants} exceeds max_entries {self.max_entries}", "raise max_entries"
            )
        if self.min_entries > self.max_entries:
            yield Mistake(
                ("min_entries",),
                f"min_entries {self.min_entries} exceeds max_entries {self.max_entries}: it could never be played",
                "lower min_entries, or raise max_entries",
            )
        if self.same_rosters > self.entrants:
            yield Mistake(
                ("same_rosters",),
                f"{self.same_rosters} choose the same golfers, of {self.entrants} entrants",
                "lower same_rosters, or raise entrants",
            )


_RARE_OF_CONTESTS = frozenset({"guaranteed_pool_cents", "min_entries", "same_rosters"})
_SMALLEST_SHARES = 10_000
"""In a percent: four decimals."""


def _is_place(value: Any) -> bool:
    return type(value) is int or (isinstance(value, str) and value.isdecimal())  # a key of JSON


def _is_share(value: Any) -> bool:
    return type(value) is int or (type(value) is float and isfinite(value) and value % 1 != 0)


def share_of(percent: float) -> Fraction:
    """A percentage as it is written, without the error of a binary fraction."""
    return Fraction(str(percent))
