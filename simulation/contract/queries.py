"""Rules that look into the platform's rows, and into what happened outside, as both are at one instant.

They are for statements (:mod:`simulation.contract.statements`), which speak of many rows at once.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from simulation.contract.paths import Argument, BaseRule, Path


class Rows(BaseRule):
    """The rows of a table that meet all conditions, as a list.

    ``where``: columns that must have these values; ``given``: the same, but only if the path exists, such as a filter
    in a request's query; ``one_of`` and ``none_of``: columns that must (not) have one of these values; ``present``:
    columns that are not null; ``past``: columns that lie more than so many seconds before ``now``; ``only``: a value
    that must be true, with each row under the name ``called``.

    ``order``: columns to sort by, descending with a ``-`` before them, and null last; without it rows come in the order
    in which they got the values of ``where``. ``limit``: at most so many.
    """

    rows: str
    where: dict[str, Argument] = Field(default_factory=dict)
    given: dict[str, Path] = Field(default_factory=dict)
    one_of: dict[str, tuple[JsonValue, ...]] = Field(default_factory=dict)
    none_of: dict[str, tuple[JsonValue, ...]] = Field(default_factory=dict)
    present: tuple[str, ...] = ()
    past: dict[str, int] = Field(default_factory=dict)
    called: str = "each"
    only: Argument | None = None
    order: tuple[str, ...] = ()
    limit: Annotated[int, Field(ge=1)] | None = None


class Found(BaseRule):
    """A column (``table.column``) of the first row with these values; null where there is no such row."""

    found: str
    where: Annotated[dict[str, Argument], Field(min_length=1)]


class Happened(BaseRule):
    """The derived facts of this name until ``now``, as a list; ``where``: values that a fact's fields must have;
    ``within``: only those of the last so many seconds."""

    happened: str
    where: dict[str, Argument] = Field(default_factory=dict)
    within: Annotated[int, Field(ge=1)] | None = None


class Depending(BaseRule):
    """The value of ``then`` if ``when`` is neither false, 0, empty nor null, else that of ``otherwise``."""

    when: Argument
    then: Argument
    otherwise: Argument
