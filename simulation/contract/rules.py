"""The rules a contract may state for a value: what it must be, and how that is known from outside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, JsonValue, Tag

from simulation.contract.paths import Argument, BaseRule, Path, Template
from simulation.contract.queries import Depending, Found, Happened, Rows


class Given(BaseRule):
    """The value that a witness saw outside the platform. ``given`` is the path to it."""

    given: Path


class Derived(BaseRule):
    """The result of a function of :mod:`simulation.contract.functions` for the values at the paths ``of``."""

    derived: str
    of: tuple[Argument, ...] = ()


class Text(BaseRule):
    """Exactly the text that the template gives."""

    text: Template


class Counted(BaseRule):
    """How many rows of a table, as they are after the transaction, have these values."""

    count: str
    where: dict[str, Argument]


class Summed(BaseRule):
    """The sum of ``table.column`` over the rows that have these values, as they are after the transaction."""

    sum: str
    where: dict[str, Argument]


class Instant(BaseRule):
    """A time: ``commit`` is when the transaction committed (from the write-ahead log), anything else a path to a time.

    ``plus_seconds`` is added to it; ``within_seconds`` is how much later the value may be, for a time that no witness
    sees itself but that lies between two that are seen.
    """

    instant: Path
    plus_seconds: int = 0
    within_seconds: Annotated[int, Field(ge=0)] = 0


class Identity(BaseRule):
    """An identity that the platform generates: it cannot be predicted from outside, but must be unique as stated.

    ``unique``: no two rows of the table have the same. ``ascending``: unique, and greater in later transactions, though
    not than in those that were open at the same time. ``shared``: all rows of the table that one transaction writes and
    that have equal values in the columns ``by`` have the same, and no other row has it.
    """

    identity: Literal["unique", "ascending", "shared"]
    by: tuple[str, ...] = ()


class Reference(BaseRule):
    """The key (``table.column``) of a row of another table; which row: ``same`` pairs columns of this row with columns
    of that one that must have equal values."""

    refers: str
    same: dict[str, str] = Field(default_factory=dict)


class State(BaseRule):
    """The column changes to this state; before the write it must have been one of ``after``."""

    state: JsonValue
    after: tuple[JsonValue, ...]


class Constant(BaseRule):
    """Always this value."""

    constant: JsonValue


class OneOf(BaseRule):
    """One of these values; which one cannot be known from outside, or is decided by another rule."""

    one_of: Annotated[tuple[JsonValue, ...], Field(min_length=2)]


class Among(BaseRule):
    """One of several values, where a witness knows several that are right."""

    among: Argument


class Words(BaseRule):
    """A text, such as a reason, that must contain each of these words, in any order and case."""

    words: Annotated[tuple[Template, ...], Field(min_length=1)]


class Hashed(BaseRule):
    """A document whose sha256 (of its canonical JSON) equals the one at a path, or one of a list there."""

    sha256: Path


class Asked(BaseRule):
    """The id of a request to one of these routes (``METHOD /path/{name}``), answered at or after the commit."""

    asked: Annotated[tuple[str, ...], Field(min_length=1)]


class Caller(BaseRule):
    """The token subject of the request whose id is at the path ``caller``; ``otherwise`` if there is no token or no
    such request."""

    caller: Path
    otherwise: JsonValue


class Composed(BaseRule):
    """A text with parts (``job:settlement:{started}``), each with its own rule. A part contains no braces."""

    composed: str
    parts: dict[str, Rule]


class Document(BaseRule):
    """A JSON object with exactly these keys, each with a rule of its own."""

    document: dict[str, Rule]


class Listing(BaseRule):
    """A JSON array with one item for each element of ``list``, in that order; ``called``: the name that the element has
    in the rule ``each`` of an item, and in ``only``, which must be true of an element that has an item."""

    list: Argument
    called: str
    only: Argument | None = None
    each: Rule


class Keyed(BaseRule):
    """A JSON object with one key for each element of ``object``; ``key`` is the path to that key."""

    object: Argument
    called: str
    key: Path
    each: Rule


class Mapped(BaseRule):
    """The platform's own word for the value at a path, looked up in ``to``."""

    mapped: Path
    to: Annotated[dict[str, JsonValue], Field(min_length=1)]


class Unchanged(BaseRule):
    """The value that the column had before this write."""

    unchanged: Literal[True]


class AnyOf(BaseRule):
    """At least one of these rules holds."""

    any_of: Annotated[tuple[Rule, ...], Field(min_length=2)]


class Free(BaseRule):
    """The value cannot be known from outside; the text says why. Counted as not judged."""

    free: Annotated[str, Field(min_length=10)]


_KINDS: dict[str, type[BaseRule]] = {
    "rows": Rows,  # first, since it has keys that are kinds of their own elsewhere
    "given": Given,
    "derived": Derived,
    "text": Text,
    "count": Counted,
    "sum": Summed,
    "instant": Instant,
    "identity": Identity,
    "refers": Reference,
    "state": State,
    "constant": Constant,
    "one_of": OneOf,
    "among": Among,
    "words": Words,
    "document": Document,
    "list": Listing,
    "object": Keyed,
    "mapped": Mapped,
    "sha256": Hashed,
    "asked": Asked,
    "caller": Caller,
    "composed": Composed,
    "unchanged": Unchanged,
    "any_of": AnyOf,
    "found": Found,
    "happened": Happened,
    "when": Depending,
    "free": Free,
}


EXACT: tuple[type[BaseRule], ...] = (
    Given, Derived, Text, Counted, Summed, Constant, Document, Listing, Keyed, Mapped, Caller, Unchanged,
    Found, Happened, Depending, Rows,
)  # fmt: skip
"""Rules from which exactly one value follows."""


def kinds() -> tuple[str, ...]:
    """The YAML keys that identify the kinds of rules."""
    return tuple(_KINDS)


def kind_name(rule: type[BaseRule]) -> str:
    """The YAML key of a kind of rule."""
    return next(kind for kind, model in _KINDS.items() if model is rule)


def kind_of(rule: BaseRule) -> str:
    """The YAML key of this rule's kind."""
    return kind_name(type(rule))


def _kind(value: Any) -> str | None:
    keys = (
        value.keys()
        if isinstance(value, dict)
        else type(value).model_fields.keys()
        if isinstance(value, BaseModel)
        else ()
    )
    found = _KINDS.keys() & keys  # a rule has one; thousands are looked at while a contract is read
    return next((kind for kind in _KINDS if kind in found), None) if len(found) > 1 else next(iter(found), None)


class _Context(dict[str, Any]):
    """A dict that can be hashed, as a type must be that is part of a union."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


Rule = Annotated[
    Annotated[Given, Tag("given")]
    | Annotated[Derived, Tag("derived")]
    | Annotated[Text, Tag("text")]
    | Annotated[Counted, Tag("count")]
    | Annotated[Summed, Tag("sum")]
    | Annotated[Instant, Tag("instant")]
    | Annotated[Identity, Tag("identity")]
    | Annotated[Reference, Tag("refers")]
    | Annotated[State, Tag("state")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[OneOf, Tag("one_of")]
    | Annotated[Among, Tag("among")]
    | Annotated[Words, Tag("words")]
    | Annotated[Document, Tag("document")]
    | Annotated[Listing, Tag("list")]
    | Annotated[Keyed, Tag("object")]
    | Annotated[Mapped, Tag("mapped")]
    | Annotated[Hashed, Tag("sha256")]
    | Annotated[Asked, Tag("asked")]
    | Annotated[Caller, Tag("caller")]
    | Annotated[Composed, Tag("composed")]
    | Annotated[Unchanged, Tag("unchanged")]
    | Annotated[AnyOf, Tag("any_of")]
    | Annotated[Found, Tag("found")]
    | Annotated[Happened, Tag("happened")]
    | Annotated[Depending, Tag("when")]
    | Annotated[Rows, Tag("rows")]
    | Annotated[Free, Tag("free")],
    Discriminator(
        _kind,
        custom_error_type="refused",
        custom_error_message="{problem}",
        custom_error_context=_Context(
            problem="is no rule", remedy=f"write {{given: request.body.email}}, or another of {', '.join(_KINDS)}"
        ),
    ),
]

_DEFINED = {"Rule": Rule}
for _model in _KINDS.values():
    _model.model_rebuild(_types_namespace=_DEFINED)
