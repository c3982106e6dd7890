"""What a run is about. Bad scenario files are refused with ``file:line``, value and remedy before anything starts.

Times are ISO 8601 or ``day N HH:MM`` (days count from 0 at ``start``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from simulation.currency import USD, CurrencyCode, currency_of
from simulation.documents.refusal import suggest
from simulation.documents.strict import Instant, Mistake, ScenarioModel, absolute, refusal, refusals
from simulation.prometheus_version import DEFAULT_VERSION
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import AnyFault
from simulation.scenario.orders import Orders, Profile

_KEY = r"^[a-z][a-z0-9_]{0,59}$"
_MOST_CENTS = 10**10
"""A hundred million: sums of many stay within what a database's and a program's integers hold."""
_DAY_SECONDS, _MONTH_SECONDS = 86_400, 30 * 86_400
LONGEST_NAME = 200
_MOST_PARTS = 500
"""Tournaments, contests or faults of a scenario."""
_Cents = Annotated[int, Field(ge=0, le=_MOST_CENTS)]


class StripeSettings(ScenarioModel):
    """The twin's behaviour where Stripe publishes no number (fixtures/spec/stripe.md)."""

    opening_balance_cents: _Cents = 0
    """Available money at Stripe when the run begins, in US dollars."""
    opening_balances: dict[CurrencyCode, Annotated[int, Field(ge=1, le=_MOST_CENTS)]] = Field(default={})
    """The same by currency, of others than US dollars: `jpy: 100000`."""
    fee_basis_points: int = Field(default=290, ge=0, le=10_000)
    """Stripe's share of a charge, in hundredths of a percent."""
    fee_fixed_cents: _Cents = 30
    """What Stripe takes of each charge in US dollars besides."""
    dispute_fee_cents: _Cents = 1_500
    """Stripe's dispute fee in the United States, for a payment in US dollars."""
    pending_days: int = Field(default=2, ge=0, le=366)
    """From a charge to when its money is available for prizes."""
    webhook_latency_seconds: int = Field(default=2, ge=0, le=_DAY_SECONDS)
    """From an event at Stripe to its first delivery."""
    webhook_retry_seconds: tuple[Annotated[int, Field(ge=1, le=_MONTH_SECONDS)], ...] = Field(
        default=(60, 300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200), max_length=100
    )
    """Waits between attempts; deliveries stop three days after the first."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As in a history of before there was such a thing."""
        return {name: value for name, value in handler(self).items() if name != "opening_balances" or value}

    @field_validator("opening_balances")
    @classmethod
    def _of_others(cls, balances: dict[CurrencyCode, int]) -> dict[CurrencyCode, int]:
        if USD in balances:
            raise refusal(
                f"opening_balances has {USD}: {balances[USD]}",
                remedy=f"write opening_balance_cents: {balances[USD]}",
                path=(USD,),
            )
        return balances

    @property
    def opening_by_currency(self) -> Mapping[str, int]:
        """Available money when the run begins, US dollars first."""
        return {USD: self.opening_balance_cents, **dict(sorted(self.opening_balances.items()))}

    def fee_fixed(self, currency: str) -> int:
        """What Stripe takes of each charge in a currency besides its share."""
        return self.fee_fixed_cents if currency == USD else currency_of(currency).fee_fixed

    def dispute_fee(self, currency: str) -> int:
        """Stripe's fee for the dispute of a payment in a currency."""
        return self.dispute_fee_cents if currency == USD else currency_of(currency).dispute_fee


class OperatorTask(ScenarioModel):
    """An operational task: planned work that no alert asks for."""

    at: Instant
    """When the operator begins it."""
    runbook: str
    """Its name, without `.md`."""


class OperatorSettings(ScenarioModel):
    response_seconds: int = Field(default=300, ge=0, le=_MONTH_SECONDS)
    """From an alert firing to the operator opening its runbook."""
    seconds_per_command: int = Field(default=20, ge=0, le=_DAY_SECONDS)
    """From one command of a runbook to the next."""
    tasks: tuple[OperatorTask, ...] = Field(default=(), max_length=_MOST_PARTS)
    """Planned work that no alert asks for."""


class MonitorSettings(ScenarioModel):
    scrape_interval_seconds: int = Field(default=600, ge=60, le=_MONTH_SECONDS)
    """Between two readings of the metrics page."""
    sample_interval_seconds: int = Field(default=21_600, ge=300, le=_MONTH_SECONDS)
    """Between two looks at the dashboards and at what the database holds."""
    prometheus: str = Field(default=DEFAULT_VERSION, pattern=r"^[23]\.\d+$")
    """The version of Prometheus whose evaluation of rules is followed."""


ROUNDS = 4
_ROUND_HOURS = 6
_FINAL_BOARD_HOURS = 1

Rounds = tuple[int | None, int | None, int | None, int | None]


class PlayerResult(ScenarioModel):
    """One line of a results CSV: strokes of each round, None where none was played."""

    player: str = Field(min_length=1, max_length=LONGEST_NAME)
    rounds: Rounds
    given_up: tuple[int, int] | None = None
    """Strokes and holes of the round after these, in which the player left the course."""

    @property
    def begun(self) -> int:
        """How many rounds, one that was given up counted."""
        return sum(strokes is not None for strokes in self.rounds) + (self.given_up is not None)

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As in a history of before there was such a thing."""
        return {name: value for name, value in handler(self).items() if name != "given_up" or value is not None}


class Tournament(ScenarioModel):
    """A golf tournament: drawn from the seed, or replayed from ``results`` (a CSV ``player,round_1,…,round_4``)."""

    first_round: Instant
    """Date and time of the first tee of the four rounds, as it is planned when the field is published."""
    round_interval_hours: int = Field(default=24, ge=_ROUND_HOURS, le=168)
    """From one round's first tee to the next one's."""
    players: int = Field(default=24, ge=4, le=200)
    """Golfers in the field."""
    cut_after_round_2: int = Field(default=16, ge=1, le=200)
    """Players who make the cut (ties at the line stay in)."""
    withdrawals: int = Field(default=1, ge=0, le=200)
    """Players who give up on the way."""
    disqualified: int = Field(default=0, ge=0)
    """Players who finished three rounds and are disqualified before the fourth: what they played stays on the board."""
    alternates: int = Field(default=0, ge=0)
    """Players who are not in the field when it is published: each takes the place of one who withdraws before the first
    tee, and is on the board from the first score on."""
    suspended_round: Literal[1, 2, 3] | None = None
    """Round whose last six holes are played the next morning: until then play is suspended."""
    playoff_holes: int = Field(default=0, ge=0, le=9)
    """Holes that the two best players play for the title after the last round: on the final board, and in no score."""
    rounds_held: Literal[2, 3, 4] = 4
    """Rounds that are played before the weather ends the tournament: the others are called off, and the final board
    says so. A round that is called off costs everybody the same."""
    second_cut: int | None = Field(default=None, ge=1, le=200)
    """Players who play round 4 (ties at the line play it, too): the others made the cut and are sent home after round
    3."""
    renamed: int = Field(default=0, ge=0, le=200)
    """Players who have another name on the board from the cut on."""
    namesakes: int = Field(default=0, ge=0, le=100)
    """Pairs of players who have one name: only their ids tell them apart."""
    moved_days: int = Field(default=0, ge=0, le=14)
    """Days by which the provider moves the tournament back: it is told when the first round should have begun."""
    cancelled: bool = False
    """The provider cancels the tournament when the first round should have begun: nobody plays, and its contests are
    called off."""
    results: Path | None = None
    """Path of the CSV, from the scenario file's folder."""
    played: tuple[PlayerResult, ...] = Field(default=(), max_length=_MOST_PARTS)
    """What ``results`` says; the loader fills it in, so that a stored scenario needs no second file."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What few tournaments have is left out where it is not there: a history keeps the digest that it had."""
        told = handler(self)
        return {name: value for name, value in told.items() if name not in _RARE or value != _RARE[name]}

    @property
    def rounds(self) -> range:
        """Numbers of the rounds that are held, from 1. Of a replayed one: of those that somebody began; two at least,
        by which a tournament counts."""
        held: int = self.rounds_held
        if self.played:
            held = max(2, *(result.begun for result in self.played))
        return range(1, held + 1)

    def tee(self, round_number: int) -> datetime:
        """First tee of round 1 to 4; everybody is in six hours later."""
        hours = self.round_interval_hours * (round_number - 1)
        return self.first_round + timedelta(days=self.moved_days, hours=hours)

    def begins(self, *, as_told: datetime) -> datetime:
        """The first tee as the provider tells it at a moment."""
        return self.first_round if as_told < self.first_round else self.tee(1)

    def round_ends_at(self, round_number: int) -> datetime:
        return self.tee(round_number) + timedelta(hours=_ROUND_HOURS)

    @property
    def last_round_ends_at(self) -> datetime:
        return self.round_ends_at(ROUNDS)

    @property
    def final_board_at(self) -> datetime:
        """When the provider gives the terminal signal: an hour after the last round's end."""
        return self.last_round_ends_at + timedelta(hours=_FINAL_BOARD_HOURS)


_RARE: Mapping[str, Any] = {
    "disqualified": 0,
    "alternates": 0,
    "suspended_round": None,
    "playoff_holes": 0,
    "rounds_held": ROUNDS,
    "second_cut": None,
    "renamed": 0,
    "namesakes": 0,
    "moved_days": 0,
    "cancelled": False,
}


class Contest(ScenarioModel):
    key: str = Field(pattern=_KEY)
    """By which faults name it."""
    name: str = Field(max_length=LONGEST_NAME)
    """As people see it."""
    tournament: str
    """Key of the tournament that it is played on."""
    currency: CurrencyCode = USD
    """In which entrants pay and win, by its ISO 4217 code. All amounts of the contest are in its smallest unit: whole
    yen, thousandths of a Kuwaiti dinar."""
    entry_fee_cents: _Cents
    """What each entrant pays; 0 for a contest that costs nothing."""
    payout_percent: dict[int, int | float]
    """Share of the pool by place, from place 1 on, with four decimals at most; 100 at most in all."""
    guaranteed_pool_cents: _Cents = 0
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


class Scenario(ScenarioModel):
    name: str = Field(pattern=r"^[a-z0-9_]{1,100}$")
    """By which it is run and its folder of reports is called."""
    description: str = Field(max_length=2_000)
    """What it is for."""
    start: Annotated[Instant, BeforeValidator(absolute)]
    """Day 0: the founder's absence begins. An ISO 8601 time with its zone."""
    days: int = Field(ge=1, le=366)
    """How long the absence lasts."""
    converge_within_hours: int = Field(default=12, ge=1, le=366 * 24)
    """How long everything may take to come to rest after the last thing that happens."""
    stripe: StripeSettings = StripeSettings()
    """See below."""
    operator: OperatorSettings = OperatorSettings()
    """See below."""
    monitor: MonitorSettings = MonitorSettings()
    """See below."""
    profile: Profile = "contests"
    """What the business does. `payments`: people order and pay; there are `orders`, and no contest or tournament."""
    orders: tuple[Orders, ...] = Field(default=(), max_length=_MOST_PARTS)
    """Of the profile `payments` one or more; see below."""
    tournaments: dict[Annotated[str, Field(pattern=_KEY)], Tournament] = Field(max_length=_MOST_PARTS)
    """By their key, which contests and faults name; see below."""
    contests: tuple[Contest, ...] = Field(min_length=1, max_length=_MOST_PARTS)
    """One or more; see below."""
    faults: tuple[AnyFault, ...] = Field(default=(), max_length=_MOST_PARTS)
    """What goes wrong; see below."""

    def to_yaml(self) -> str:
        """The scenario as a file that loads equal: what was run, with overrides and replayed results in it."""
        return yaml.safe_dump(self.model_dump(mode="json", exclude_none=True), sort_keys=False)

    @property
    def end(self) -> datetime:
        """Last instant of the simulated window."""
        return self.start + timedelta(days=self.days)

    def with_fault(self, fault: Fault) -> Scenario:
        """The scenario with one more fault, and the tasks that it needs."""
        tasks = (OperatorTask(at=at, runbook=runbook) for at, runbook in fault.tasks().items())
        operator = self.operator.model_copy(update={"tasks": (*self.operator.tasks, *tasks)})
        return self.model_copy(update={"faults": (*self.faults, fault), "operator": operator})

    @model_validator(mode="before")
    @classmethod
    def _orders_for_contests(cls, data: Any) -> Any:
        """Orders stand where contests do: what faults, payers and the jury count is the same of both."""
        if not isinstance(data, Mapping) or data.get("profile", "contests") != "payments":
            if isinstance(data, Mapping) and data.get("orders"):
                remedy = "write `profile: payments`, without contests and tournaments"
                raise refusal("orders are of the profile payments", remedy=remedy, path=("orders",))
            return data
        strange = [name for name in ("contests", "tournaments") if data.get(name)]
        if strange:
            remedy = f"take {strange[0]} out, or `profile: payments`"
            raise refusal("the profile payments has none: people buy", remedy=remedy, path=(strange[0],))
        if not data.get("orders"):
            remedy = "write `orders:` and one or more below it"
            raise refusal("the profile payments needs orders", remedy=remedy, path=("orders",))
        return {**data, "tournaments": {}, "contests": (_AS_CONTEST,), "faults": _of_orders(data.get("faults", ()))}

    @model_validator(mode="after")
    def _terms_of_orders(self) -> Scenario:
        if self.contests == (_AS_CONTEST,):
            object.__setattr__(self, "contests", tuple(_terms(orders) for orders in self.orders))
        return self

    @model_serializer(mode="wrap")
    def _in_words_of_the_profile(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A document as it was before there were profiles, or one without contests."""
        told = handler(self)
        if self.profile == "contests":
            return {name: value for name, value in told.items() if name not in ("profile", "orders")}
        faults = [_renamed(fault, "contest", "orders") for fault in told["faults"]]
        return {name: value for name, value in told.items() if name not in ("contests", "tournaments")} | {
            "faults": faults
        }

    @model_validator(mode="after")
    def _keys_and_references(self) -> Scenario:
        if mistakes := [*self._keys_that_stand_twice(), *self._dead_references()]:
            raise refusals(mistakes)
        return self

    def _keys_that_stand_twice(self) -> Iterator[Mistake]:
        contests, faults = [contest.key for contest in self.contests], [fault.id for fault in self.faults]
        sold = "contests" if self.profile == "contests" else "orders"
        for section, name, keys in ((sold, "key", contests), ("faults", "id", faults)):
            seen: set[str] = set()
            for index, key in enumerate(keys):
                if key in seen:
                    yield Mistake((section, index, name), f"{name} {key!r} stands twice", "rename one")
                seen.add(key)

    def _dead_references(self) -> Iterator[Mistake]:
        contests = sorted(contest.key for contest in self.contests)
        tournaments = sorted(self.tournaments)
        of_orders = self.profile == "payments"
        for index, contest in enumerate(self.contests if not of_orders else ()):
            yield from _unknown(contest.tournament, tournaments, ("contests", index, "tournament"))
        for index, fault in enumerate(self.faults):
            if of_orders and not fault.of_orders:
                yield Mistake(
                    ("faults", index, "kind"),
                    f"fault {fault.id} is a {fault.kind}: {_NONE_OF_IT}",
                    "take it out, or name a kind that strikes payments, refunds, disputes, webhooks or programs "
                    "(`simulate faults`)",
                )
                continue
            its = "orders" if of_orders else "contest"
            yield from _unknown(getattr(fault, "contest", None), contests, ("faults", index, its))
            yield from _unknown(getattr(fault, "tournament", None), tournaments, ("faults", index, "tournament"))


def _unknown(value: str | None, known: Sequence[str], path: tuple[str | int, ...]) -> Iterator[Mistake]:
    if value is not None and value not in known:
        yield Mistake(path, f"no {path[-1]} is called {value!r}", suggest(value, known))


_NONE_OF_IT = "it is aimed at contests, scores or payouts, and the profile payments has none of these"
_AS_CONTEST = Contest.model_validate(
    {
        "key": "orders",
        "name": "",
        "tournament": "",
        "entry_fee_cents": 0,
        "payout_percent": {},
        "entrants": 1,
        "created": "2026-03-01T00:00:00Z",
        "lock": "2026-03-01T01:00:00Z",
        "start": "2026-03-01T01:00:00Z",
        "end": "2026-03-01T02:00:00Z",
    }
)
"""Stands for the orders until they are read."""


def _terms(orders: Orders) -> Contest:
    """Orders in the words of whatever counts payments: a contest that is never played."""
    return Contest.model_construct(
        key=orders.key,
        name=orders.name,
        tournament="",
        entry_fee_cents=orders.amount_cents,
        payout_percent={},
        entrants=orders.buyers,
        max_entries=orders.buyers,
        roster_size=0,
        created=orders.opens,
        lock=orders.closes,
        start=orders.closes,
        end=orders.closes,
        double_payers=orders.double_payers,
        non_payers=orders.non_payers,
    )


def _of_orders(faults: Any) -> Any:
    if not isinstance(faults, list | tuple):
        return faults
    return [_renamed(fault, "orders", "contest") for fault in faults]


def _renamed(part: Any, old: str, new: str) -> Any:
    """With another name for one key, in its place."""
    if not isinstance(part, Mapping) or old not in part or part.get(new) is not None:
        return part
    return {new if key == old else key: value for key, value in part.items()}
