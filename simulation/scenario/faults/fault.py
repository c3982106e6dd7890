"""What every kind of fault has and declares.

A kind is one class: its fields are what a scenario says of such a fault, its docstring is what it does, and its class
attributes and methods say the rest: title, origin, rules, plan, draw. The kinds stand in the families beside this file;
:mod:`simulation.scenario.faults.registry` knows them all. One that acts at its own time is carried out by a function of
the same family in ``simulation/world/faults``.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, get_args

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from simulation.documents.strict import Instant, ScenarioModel
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.rule import BrokenRule

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.faults.needs import Need
    from simulation.scenario.model import Scenario

Nth = Annotated[int, Field(ge=1, description="Which one of the contest, in the order in which Stripe first sees them")]
Times = Annotated[int, Field(ge=1, description="How often it strikes the same victim")]
At = Annotated[Instant, Field(description="When it begins: an ISO 8601 time, or day N HH:MM")]
Minutes = Annotated[int, Field(ge=1, description="How long it lasts")]
Status = Annotated[int, Field(ge=400, le=599, description="The HTTP status that is answered")]


@dataclass(frozen=True, kw_only=True)
class Within:
    """Metadata of a number's field: the range in which the fault is sure to be met, and what becomes of it outside."""

    least: int | None = None
    most: int | None = None
    otherwise: str

    def __contains__(self, value: int) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        return f"{self.least} or more" if self.most is None else f"{self.most} or fewer"

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """So that the range of the field is told as any other's."""
        told = handler(schema)
        bounds = {"minimum": self.least, "maximum": self.most}
        return {**told, **{name: bound for name, bound in bounds.items() if bound is not None}}


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """Why it cannot be said beforehand how a fault ends, or why no runbook that comes along recovers it."""

    field: str
    """Which field has the value that is beyond."""
    problem: str
    """Goes on after ``fault x, minutes 5: ``."""
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a fault may strike. Times are simulated, aware UTC."""

    starts_at: datetime
    ends_at: datetime | None = None
    """It strikes nobody from then on; None: until it has struck often enough."""
    last_chance: datetime | None = None
    """When it has struck at the latest, where that is after its start and its window has no end."""
    delay_seconds: int = 0
    """From the strike to its effect."""


class Fault(ScenarioModel, ABC):
    """Base of all kinds."""

    title: ClassVar[str]
    """What happens, as a headline of the report. Travels in the history's ``FaultScheduled``."""
    origin: ClassVar[str]
    """Where in real life it comes from."""
    recovery: ClassVar[str]
    """How a good platform, with its operator, recovers."""
    expects: ClassVar[Expectation] = SELF_HEALS
    """Of a platform that keeps the rules of ``fixtures/spec/platform.md``; a scenario states its own."""
    acts: ClassVar[bool] = False
    """It strikes by itself, at its own time; others wait for a call, a delivery or a step that they strike."""
    needs: ClassVar[Sequence[Need]] = ()
    """What its target must have."""
    drawn: ClassVar[int] = 0
    """A swarm draws lower numbers first. A new kind takes one above all others, so that old seeds draw what they drew
    and it comes on top."""
    aim: ClassVar[tuple[str, str] | None] = None
    """What it strikes, for the history, when that is neither a contest nor a tournament: ``("service", "stripe")``."""
    usual_status: ClassVar[int | None] = None
    """What is answered where the scenario names no status; None: nothing is."""

    also_calls_for: ClassVar[tuple[str, ...]] = ()
    """Runbooks that it may call for besides, as a scenario may expect."""
    adds_to: ClassVar[str | None] = None
    """The runbook whose alert counts what it does: alone it stays below the limit, several together may pass it."""

    ground: ClassVar[str | None] = None
    """The scenario below ``scenarios/sweep`` that has what it needs, where several kinds share one."""

    of_orders: ClassVar[bool] = False
    """It can strike where people buy and nobody plays, too: a scenario of the profile ``payments``."""

    # What rules of other kinds ask about it.
    closes_account: ClassVar[bool] = False
    """From its strike on every transfer to the winner's account is refused, whatever contest it comes from."""
    withdraws_entrant: ClassVar[bool] = False
    """One who else had paid takes no part: gets the fee back, or never pays it."""
    calls_off: ClassVar[bool] = False
    """Its contest is not played: there is no field, no settlement and no prize."""
    disturbs_payment: ClassVar[bool] = False
    """A payment that else were sure may come late or never."""
    turns_people_away: ClassVar[bool] = False
    """While it is on, a platform may be unable to do what people ask of it. The jury asks, too."""
    unannounced: ClassVar[bool] = False
    """Stripe delivers no event of what it does."""
    silences_webhooks: ClassVar[bool] = False
    """While it is on, a payment may stay unknown for another reason than its webhook."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$", description="Its name in the report")
    kind: str
    expect: Expectation = Field(description="How it must end: self_heals: true, runbook: <name>, terminal: <reason>")

    @abstractmethod
    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Why it may strike nobody, or stand in another one's way; ``earlier`` stand before it in the scenario."""

    @abstractmethod
    def window(self, scenario: Scenario, seed: int) -> Window:
        """When it may strike in a run of the scenario."""

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """How it ends, as its fields are, on a platform that keeps the rules of ``fixtures/spec/platform.md``, with the
        alerts and runbooks that come along; what else is wrong in the scenario at the same time is left out."""
        return self.expects

    def unproven(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """That it does not end as the scenario expects, or in a way that is known beforehand.

        Holds for such a platform only: another one may have other deadlines.
        """
        ending = self.ending(scenario)
        if isinstance(ending, Beyond):
            value = getattr(self, ending.field)
            problem = f"fault {self.id}, {ending.field} {value}: {ending.problem}"
            yield BrokenRule(path=(ending.field,), problem=problem, remedy=ending.remedy)
        elif not any(self.expect.is_part_of(one) for one in self._endings(ending)):
            yield BrokenRule(
                path=("expect",),
                problem=f"fault {self.id} is expected to end so: {self.expect}; as it stands here it ends so: {ending}",
                remedy=f"expect: {ending.as_written()}",
            )

    def _endings(self, ending: Expectation) -> Iterator[Expectation]:
        yield ending
        yield from (ending.model_copy(update={"runbook": runbook}) for runbook in self.also_calls_for)

    @classmethod
    @abstractmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """One as a swarm has it, or None where the scenario has no victim left for it."""

    def tasks(self) -> Mapping[datetime, str]:
        """Runbooks of tasks, by their time, that a scenario needs for a fault that was drawn."""
        return {}

    @classmethod
    def keys(cls, planned: PlannedFault) -> dict[str, str]:
        """What it is aimed at, as the history has it."""
        if planned.tournament is not None:
            return {"tournament": planned.tournament}
        if planned.contest is not None:
            return {"contest": planned.contest, "nth": str(planned.nth)}
        return {} if cls.aim is None else {cls.aim[0]: cls.aim[1]}

    # --- for every kind alike ------------------------------------------------------------------------------------

    @classmethod
    def name(cls) -> str:
        """What a scenario writes after ``kind:``."""
        return str(get_args(cls.model_fields["kind"].annotation)[0])

    @classmethod
    def what(cls) -> str:
        """What it does, in a sentence."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def takes(cls) -> list[str]:
        """Its own fields, those that it needs first."""
        own = [name for name in cls.model_fields if name not in Fault.model_fields]
        return sorted(own, key=lambda name: not cls.model_fields[name].is_required())

    @classmethod
    def _drawn(cls, **fields: Any) -> Self:
        """A swarm draws one of a kind at most."""
        name = cls.name()
        return cls.model_validate({"id": f"swarm-{name.replace('_', '-')}", "kind": name, **fields})

    def out_of_range(self) -> Iterator[BrokenRule]:
        """Numbers with which it may strike nobody."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            for within in field.metadata:
                if isinstance(within, Within) and value is not None and value not in within:
                    yield BrokenRule(
                        path=(name,),
                        problem=f"fault {self.id}, {name} {value}: it {within.otherwise}",
                        remedy=str(within),
                    )

    def planned(self, scenario: Scenario, seed: int) -> PlannedFault:
        """What it is in a run of the scenario with this seed. Fields that both have are as the scenario says."""
        window = self.window(scenario, seed)
        over = window.ends_at or max(window.starts_at, window.last_chance or window.starts_at)
        same = {name: getattr(self, name) for name in type(self).model_fields if name in PlannedFault.model_fields}
        status = same.pop("status", None) or self.usual_status
        return PlannedFault(
            fault_id=self.id,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            over_by=over + timedelta(seconds=window.delay_seconds),
            delay_seconds=window.delay_seconds,
            status=status,
            **same,
        )

    @model_validator(mode="before")
    @classmethod
    def _without_empty_columns(cls, data: Any) -> Any:
        """What a stored document has in the columns of other kinds, and says nothing, is left out."""
        if not isinstance(data, Mapping):
            return data
        return {
            key: value
            for key, value in data.items()
            if key in cls.model_fields or key not in _COLUMNS or value != _COLUMNS[key]
        }

    @model_serializer(mode="wrap")
    def _with_every_column(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """See :data:`_COLUMNS`."""
        own = handler(self)
        head = {name: own[name] for name in Fault.model_fields}
        row = {**head, **_COLUMNS, **own}
        return {name: value for name, value in row.items() if value is not None} if info.exclude_none else row


def runbooks_of(kind: type[Fault]) -> tuple[str, ...]:
    """The runbook that a kind calls for, if it calls for one."""
    return () if kind.expects.runbook is None else (kind.expects.runbook,)


_COLUMNS: Mapping[str, Any] = {
    "contest": None,
    "nth": 1,
    "times": 1,
    "tournament": None,
    "at": None,
    "minutes": None,
    "delay_hours": None,
    "status": None,
}
"""Columns that the document of a scenario has for a fault of any kind, each with what it says of a kind without such a
field. Runs that were stored before each kind had fields of its own have them, and are still read; what is written
stays the same, and with it the digest of a history."""


class ContestFault(Fault):
    """One that strikes something of a contest."""

    contest: str = Field(description="Key of the contest that is struck")

    @property
    def hours_after(self) -> int:
        """Hours from the payment that it is about to what it does, where the scenario says so."""
        return int(getattr(self, "delay_hours", 0))

    def its_contest(self, scenario: Scenario) -> Contest:
        """The contest with the key; the scenario's model sees to it that there is one."""
        return next(contest for contest in scenario.contests if contest.key == self.contest)

    def only_one(self, earlier: Sequence[Fault], *, does: str) -> Iterator[BrokenRule]:
        """Of its kind a contest can have one.

        :param does: what an earlier one does to the contest, for the error: ``holds the row of``.
        """
        for rival in earlier:
            if isinstance(rival, type(self)) and rival.contest == self.contest:
                yield BrokenRule(
                    path=("contest",),
                    problem=f"fault {rival.id} {does} {self.contest} already",
                    remedy="name another contest",
                )


class VictimFault(ContestFault):
    """One that strikes the n-th transfer, payment or payer of a contest."""

    victim: ClassVar[str]
    """What is struck and counted: ``transfer``."""

    nth: Nth = 1

    def beyond_the_last(self, victims: int) -> Iterator[BrokenRule]:
        """``victims``: how many the contest is sure to have."""
        if self.nth > victims:
            yield BrokenRule(
                path=("nth" if victims else "contest",),
                problem=f"fault {self.id} waits for {self.victim} {self.nth} of {self.contest}, which is sure to have "
                f"{victims}",
                remedy=f"lower nth to {victims} or less" if victims else "name a contest that is sure to have one",
            )

    def aims_at_the_victim_of(self, rival: Fault) -> Iterator[BrokenRule]:
        """The broken rule, if both strike the same one."""
        if isinstance(rival, VictimFault) and (rival.victim, rival.contest, rival.nth) == (
            self.victim,
            self.contest,
            self.nth,
        ):
            yield BrokenRule(
                path=("nth",),
                problem=f"fault {self.id} aims at the victim of {rival.id}: {self.victim} {self.nth} of {self.contest}",
                remedy="choose another nth",
            )
