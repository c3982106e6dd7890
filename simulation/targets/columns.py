"""Which columns of a table an observation query passes on as they are, by reading its SELECT list."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SELECT = re.compile(r"\A\s*SELECT\s+(?P<rest>.*)\Z", re.S | re.I)
_FROM = re.compile(r'FROM\s+(?:\w+\.)?"?(?P<table>\w+)"?(?:\s+(?:AS\s+)?"?(?P<alias>\w+)"?)?', re.I)
_PLAIN = re.compile(r'\A(?:"?(?P<qualifier>\w+)"?\.)?"?(?P<source>\w+)"?(?:\s+AS\s+"?(?P<name>\w+)"?)?\Z', re.I)
_CONSTANTS = frozenset({"null", "true", "false", "current_timestamp"})


def plain_columns(query: str) -> dict[str, str]:
    """Name in the result → column of the query's first table, without what is computed or comes from another table.

    A word after the table (WHERE, LEFT) passes for its alias, which nothing is qualified by. A query that
    begins with anything but SELECT passes on nothing.
    """
    match = _SELECT.match(re.sub(r"--[^\n]*", "", query))
    if match is None:
        return {}
    items, tail = _select_list(match["rest"])
    source = _FROM.match(tail)
    if source is None:
        return {}
    own = {None, source["table"].lower(), (source["alias"] or source["table"]).lower()}
    plain = (_PLAIN.match(item.strip()) for item in items)
    return {
        found["name"] or found["source"]: found["source"]
        for found in plain
        if found is not None
        and (found["qualifier"] and found["qualifier"].lower()) in own
        and found["source"].lower() not in _CONSTANTS
        and not found["source"].isdigit()
    }


def _select_list(text: str) -> tuple[list[str], str]:
    """The items between SELECT and its FROM, and everything from that FROM on."""
    items, start, depth = [], 0, 0
    for position, word in _words(text):
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif depth == 0 and word == ",":
            items.append(text[start:position])
            start = position + 1
        elif depth == 0 and word.upper() == "FROM":
            return [*items, text[start:position]], text[position:]
    return [*items, text[start:]], ""


def _words(text: str) -> Iterator[tuple[int, str]]:
    """Words, brackets and commas outside of quotes."""
    for match in re.finditer(r"'(?:[^']|'')*'|\w+|[(),]", text):
        if not match[0].startswith("'"):
            yield match.start(), match[0]
