"""What a program under simulation sends or prints, read without trust: nothing in it may end the run or fool a reader.

A history holds plain JSON in UTF-8, and terminals show messages that quote a backend.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from pydantic import JsonValue  # every error imports this module, and pydantic takes long to load

_DEEPEST = 100
"""Levels of lists and objects in a document; pydantic reads 255, and adds some of its own."""
_LONGEST_ID = 200
_STRING, _BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL), re.compile(r"[][{}]")
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and line feed, separators and directions of text, lone surrogates."""


class NotPlain(ValueError):
    """A text is no JSON that a history can hold; the message says why."""


def plain_json(text: str | bytes) -> JsonValue:
    """A JSON document of finite numbers and well-formed text, at most 100 levels deep.

    :raises NotPlain: it is anything else.
    """
    try:
        text = text.decode() if isinstance(text, bytes) else text
        if _depth(text) > _DEEPEST:
            raise NotPlain("nested too deeply")
        document: JsonValue = json.loads(text, parse_constant=_not_a_number, parse_float=_finite)
        if _HALF_PAIR.search(text):  # a whole pair, or half of one
            json.dumps(document, ensure_ascii=False).encode()
    except NotPlain:
        raise
    except UnicodeEncodeError as error:
        raise NotPlain("a text with half a surrogate pair") from error
    except ValueError as error:  # also bytes that are no UTF-8, and whole numbers of thousands of digits
        raise NotPlain(f"no JSON: {error}") from error
    return document


def plain_or_digest(text: str | bytes) -> JsonValue:
    """A JSON document, or the hash of one that is not plain: what a history has of a database's JSON columns."""
    try:
        return plain_json(text)
    except NotPlain as error:
        data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
        return {"not_plain": str(error)[:200], "sha256": hashlib.sha256(data).hexdigest()}


def plain_object(text: str | bytes) -> dict[str, Any]:
    """A plain JSON object. Raises :class:`NotPlain` for any other text."""
    document = plain_json(text)
    if not isinstance(document, dict):
        raise NotPlain(f"no JSON object but {type(document).__name__}")
    return document


def identifier(value: object) -> str:
    """An id that a backend gave: up to 200 printable characters without a space, or a whole number.

    :raises NotPlain: it can be no id.
    """
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text.isprintable() or " " in text or not 0 < len(text) <= _LONGEST_ID:
        raise NotPlain(f"no id: {str(value)[:40]!r}")
    return text


def bounded(document: JsonValue, *, most_characters: int = 16_384) -> JsonValue:
    """A plain document, or the hash of a long one, which a history need not hold in full."""
    text = json.dumps(document, sort_keys=True)
    if len(text) <= most_characters:
        return document
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "characters": len(text)}


def printable(text: str) -> str:
    """The text with everything that a terminal would act on written as an escape (``\\x1b``)."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def last_lines(file: Path, count: int, *, most_bytes: int = 65_536) -> list[str]:
    """The last non-empty lines of a file of any size, made printable."""
    with open(file, "rb") as opened:
        opened.seek(max(0, os.fstat(opened.fileno()).st_size - most_bytes))
        lines = opened.read().decode(errors="replace").split("\n")
    return [printable(line) for line in lines if line.strip()][-count:]


def _depth(text: str) -> int:
    """How many brackets are open at most; meaningless for a text that is no JSON.

    Where there are not many brackets at all, their number: most texts need no closer look.
    """
    brackets = text.count("[") + text.count("{")
    if brackets <= _DEEPEST:
        return brackets
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise NotPlain(f"the number {number[:20]} is too large")
    return value


def _not_a_number(name: str) -> NoReturn:
    raise NotPlain(f"{name} is no JSON")
