"""What a backend sends is read as plain JSON or refused, and shown so that a terminal does nothing but show it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from simulation.events import Sample
from simulation.history import line_of
from simulation.untrusted import NotPlain, last_lines, plain_json, plain_object, plain_or_digest, printable

_PLAIN: list[tuple[str, JsonValue]] = [
    ('{"a": [1, 2.5, true, null, "\\u00e9\\ud83d\\ude00"]}', {"a": [1, 2.5, True, None, "é😀"]}),
    ("[" * 99 + "]" * 99, None),
    ('"\\u0000\\u2028\\u001b"', "\0\u2028\x1b"),
    ("9" * 4000, int("9" * 4000)),
]


@pytest.mark.parametrize(("text", "document"), _PLAIN, ids=["usual", "deep", "odd characters", "large number"])
def test_a_plain_document_is_read_and_can_stand_in_a_history(text: str, document: JsonValue) -> None:
    read = plain_json(text)
    if document is not None:
        assert read == document
    event = Sample(endpoint="/", subject="x", reported=read, observed=None)
    assert Sample.model_validate_json(line_of(event)) == event


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"\xff\xfe{", "no JSON"),
        ("", "no JSON"),
        ("<html>", "no JSON"),
        ('{"a": "\\ud800"}', "half a surrogate pair"),
        ('{"\\udfff": 1}', "half a surrogate pair"),
        ("[" * 101 + "]" * 101, "nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ('{"a":' * 3000 + "1" + "}" * 3000, "nested too deeply"),
        ("[NaN]", "NaN is no JSON"),
        ("-Infinity", "-Infinity is no JSON"),
        ("1e400", "too large"),
        ("9" * 5000, "no JSON"),
    ],
    ids=lambda text: repr(text)[:20],
)
def test_anything_else_is_refused(text: str | bytes, why: str) -> None:
    with pytest.raises(NotPlain, match=why):
        plain_json(text)
    digest = plain_or_digest(text)
    assert isinstance(digest, dict)
    assert why in str(digest["not_plain"])


def test_a_list_is_no_object() -> None:
    with pytest.raises(NotPlain, match="no JSON object but list"):
        plain_object(b"[1]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc é 😀", "a\tb\nc é 😀"),
        ("\x1b]0;pwn\x07", "\\x1b]0;pwn\\x07"),
        ("\x9b31m\r\x00\x7f", "\\x9b31m\\r\\x00\\x7f"),
        ("\u202eabc\u2028\ud800", "\\u202eabc\\u2028\\ud800"),
    ],
)
def test_what_a_terminal_would_act_on_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_of_a_long_file_only_the_end_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"x" * 1_000_000 + b"\nlast\xff but one\n\n\x1b[31mlast\n")
    assert last_lines(file, 2) == ["last� but one", "\\x1b[31mlast"]
    assert len(last_lines(file, 3)[0]) < 65_536
