"""What a target tells people, operators and its monitoring, and the rules by which that is so: answers and metrics.

The scope of a statement, with whose names its paths begin: ``now``, the instant at which it was made; of an answer
``request``, the request that it answers; each name in ``looks``, in their order; of a metric ``label``, the labels of a
series, ``group``, the rows of ``each`` that have these labels, and ``item``, the first of them.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulation.contract.paths import Argument
from simulation.contract.queries import Rows
from simulation.contract.rules import Rule
from simulation.documents.strict import refusal


class _Statement(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    what: str = ""
    looks: dict[str, Argument] = {}
    not_judged: Annotated[str, Field(min_length=10)] | None = None
    """Why nobody outside can know it; counted as not judged."""


class Answer(_Statement):
    """What the platform answers to a request: ``to`` is ``METHOD /path/{name}``, with ``query`` if it must have these.

    ``status``: with which answers this is about, else all 2xx. Of several that fit, the first counts. ``body`` is the
    rule for the answer's JSON document, ``text`` the one for an answer that is no JSON.
    """

    to: str
    query: dict[str, str] = {}
    status: tuple[int, ...] = ()
    body: Rule | None = None

    @model_validator(mode="after")
    def _judged_or_not(self) -> Self:
        if (self.body is None) == (self.not_judged is None):
            raise refusal(
                f"the answer to {self.to!r} has {'no rule' if self.body is None else 'a rule, and is not judged'}",
                remedy="write its rule below `body:`, or in `not_judged:` why there is none",
            )
        return self


class Metric(_Statement):
    """A metric: all its series and the value of each.

    ``labels``: label → the values that always have a series, alone or with those of the others; ``each``: the rows of
    which each has a series, ``by`` where a row has the values of its labels. ``value`` is the rule for a series' value,
    else the number of rows in ``group``. ``tolerance``: by how much it may differ. ``memory_seconds``: it counts, in
    memory, what happened in so many seconds, so that it may be less after a restart within that time.
    ``at_most``: nobody outside knows more than a bound, and it may be anything from 0 to that.
    """

    labels: dict[str, tuple[str, ...]] = {}
    each: Rows | None = None
    by: dict[str, Argument] = {}
    value: Rule | None = None
    tolerance: Annotated[float, Field(ge=0)] = 0
    memory_seconds: Annotated[int, Field(ge=1)] | None = None
    at_most: bool = False

    @model_validator(mode="after")
    def _has_series(self) -> Self:
        if self.each is not None and self.labels.keys() - self.by.keys():
            raise refusal(
                f"rows have no value for the labels {sorted(self.labels.keys() - self.by.keys())}",
                remedy="write below `by:` where a row has it",
            )
        if self.each is None and self.value is None and self.not_judged is None:
            raise refusal("nothing says what the metric's value is", remedy="write `value:`, `each:` or `not_judged:`")
        return self
