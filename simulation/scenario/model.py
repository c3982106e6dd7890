"""What a run is about. Bad scenario files are refused with ``file:line``, value and remedy before anything starts.

Times are ISO 8601 or ``day N HH:MM`` (days count from 0 at ``start``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from simulation.documents.refusal import suggest
from simulation.documents.strict import Instant, Mistake, ScenarioModel, absolute, refusal, refusals
from simulation.scenario.bounds import KEY, MOST_PARTS
from simulation.scenario.contest import Contest
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import AnyFault
from simulation.scenario.orders import Orders, Profile
from simulation.scenario.settings import MonitorSettings, OperatorSettings, OperatorTask, StripeSettings
from simulation.scenario.tournament import Tournament


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
    orders: tuple[Orders, ...] = Field(default=(), max_length=MOST_PARTS)
    """Of the profile `payments` one or more; see below."""
    tournaments: dict[Annotated[str, Field(pattern=KEY)], Tournament] = Field(max_length=MOST_PARTS)
    """By their key, which contests and faults name; see below."""
    contests: tuple[Contest, ...] = Field(min_length=1, max_length=MOST_PARTS)
    """One or more; see below."""
    faults: tuple[AnyFault, ...] = Field(default=(), max_length=MOST_PARTS)
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
