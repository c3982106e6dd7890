"""Words that depend on a number."""

from __future__ import annotations


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 contest``, ``4 contests``, ``1,204 records``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
