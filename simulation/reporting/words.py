"""How the report words money, counts, outcomes and fault kinds, in one place so that all formats agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulation.currency import money as money
from simulation.words import plural as plural


def listed(things: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}" if things else "none"


def sums(amounts: Iterable[tuple[str, int]]) -> str:
    """Amounts by currency, never added: ``$5.00``, ``¥2,503 and KWD 4.750``."""
    return listed([money(amount, currency) for currency, amount in amounts])


def ordinal(rank: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    suffix = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{suffix}"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How an outcome is shown: a word, a symbol and a tone (colour). Word and symbol suffice without the colour."""

    word: str
    symbol: str
    tone: str
    """``good``, ``bad``, ``doubt`` or ``plain``."""


_MARKS = {
    "pass": Mark(word="pass", symbol="✓", tone="good"),
    "fail": Mark(word="fail", symbol="✗", tone="bad"),
    "unknown": Mark(word="unknown", symbol="?", tone="doubt"),
    "broke_off": Mark(word="broke off", symbol="!", tone="doubt"),
    "lost": Mark(word="lost", symbol="!", tone="doubt"),
    "not_verified": Mark(word="not verified", symbol="–", tone="plain"),
}


def mark(outcome: str) -> Mark:
    """The mark of a verdict's or a criterion's outcome; an outcome that is not one of the four known gets ``doubt``."""
    return _MARKS.get(outcome, Mark(word=outcome, symbol="?", tone="doubt"))


HEADLINES = {
    "pass": "The platform lived through the absence by itself",
    "fail": "The platform did not live through the absence",
    "unknown": "It cannot be said whether the platform lived through the absence",
}


def fault_title(title: str, kind: str) -> str:
    """A fault's title. Older histories recorded no titles: they get the name of the fault's kind."""
    return title or kind.replace("_", " ").capitalize()
