"""What nobody writes on purpose, or on purpose only: refused with place and remedy, at once and in few words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulation.documents.plain import DEEPEST
from simulation.documents.text import MOST_BYTES, read_text
from simulation.documents.toml import read_toml
from simulation.documents.yaml import read_yaml
from simulation.errors import UsageError

MOST_SECONDS = 5
LONGEST_MESSAGE = 10_000


def refusal(file: Path, read: Callable[[Path], Any]) -> UsageError:
    began = time.process_time()
    with pytest.raises(UsageError) as caught:
        read(file)
    assert time.process_time() - began < MOST_SECONDS
    assert len(str(caught.value)) < LONGEST_MESSAGE
    assert str(caught.value).replace("\n", "").isprintable()
    assert caught.value.remedy
    return caught.value


def bomb(levels: int) -> str:
    """Each line repeats the one before nine times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("days: !!bool x", 1, "the tag !!bool"),
        ("a: 1\nb: !!python/object:os.system x", 2, "the tag !!python/object:os.system"),
        ("a: !mine x", 1, "the tag !mine"),
        ("a: 1\nname: &a [*a]", 2, "the alias *a"),
        ("name: *nobody", 1, "the alias *nobody"),
        ("a: {<<: {b: 1}}", 1, "the merge key <<"),
        (bomb(10), 5, "more than 50,000 values"),
        ("name: " + "[" * 3000 + "]" * 3000, 1, f"more than {DEEPEST} levels"),
        ("- " * 3000, 1, f"more than {DEEPEST} levels"),
        ("{a: " * 3000, 1, f"more than {DEEPEST} levels"),
        ("a: b\n? [x, y]\n: c", 2, "is no key"),
        ("a: 1\na: 2", 2, "stands twice"),
        ('"\\ud800": 1', 1, ""),
        ('a: "\\0"', 1, "the control character U+0000"),
        ('x: 1\na: [b, "\\e[31m"]', 2, "the control character U+001B"),
        ('"\\a": 1', 1, "the key"),
        ("a: 0x" + "f" * 30, 1, "not the number that it seems"),
        ("a: " + "9" * 5000, 1, "a number of 5,000 characters"),
        ("a: " + "1:" * 2000 + "1", 1, "a number of 4,001 characters"),
        ("b: 1\na: 2026-02-30", 2, "'2026-02-30' is not a valid date or number"),
        ("a: 1\n---\nb: 1", 2, "a second document"),
        ("a: [1, 2", 1, "is not YAML"),
        ("%YAML 99999999999999999999.1\n---\na: 1", 1, "is not YAML"),
        ("a: 1\nb: " + "x" * MOST_BYTES, None, "longer than"),
        ("\n".join(f"- {n}" for n in range(60_000)), 50_000, "more than 50,000 values"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_yaml_beyond_what_files_need_is_refused_at_its_line(
    tmp_path: Path, text: str, line: int | None, problem: str
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text, encoding="utf-8")
    error = refusal(file, read_yaml)
    assert error.place == (str(file) if line is None else f"{file}:{line}")
    assert problem in error.problem


def test_an_alias_repeats_what_stands_at_its_anchor(tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("a: &list [1, {b: 2}]\nc: *list\n", encoding="utf-8")
    assert read_yaml(file).value == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = " + "9" * 5000, "a line of"),
        ("a = [\n" + "9" * 1900 + ",\n" * 3 + "]", "is not TOML"),
        ("a = 0x" + "f" * 40, "too large"),
        ("a = [" + "[\n" * 3000 + "]" * 10, ""),
        ("x" + ".y" * 900 + " = 1", f"more than {DEEPEST} levels"),
        ("x" + ".y" * 200_000 + " = 1", "a line of"),
        ("[" + " " * 500_000, "a line of"),
        ('a = "\\u0000"', "the control character U+0000"),
        ("a = 1\na = 2", "is not TOML"),
        ("a = 2026-02-30", "is not TOML"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_toml_beyond_what_files_need_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "file.toml"
    file.write_text(text, encoding="utf-8")
    error = refusal(file, read_toml)
    assert error.place.startswith(str(file))
    assert problem in error.problem


@pytest.mark.parametrize("read", [read_yaml, read_toml], ids=["yaml", "toml"])
@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        ("a: ü".encode("utf-16"), 1, "is UTF-16"),
        ("a: ü".encode("utf-32"), 1, "is UTF-32"),
        ("x: 1\ny: ü".encode("latin-1"), 2, "0xfc"),
        (b"x: 1\ny: \x00", 2, "column 4 has the control character U+0000"),
        (b"x: \x1b]0;title\x07", 1, "U+001B"),
        (b"x: \xed\xa0\x80", 1, "is not UTF-8"),
        (b"x: \xf4\x90\x80\x80", 1, "is not UTF-8"),
    ],
)
def test_another_encoding_or_a_control_character_is_named_with_its_line(
    tmp_path: Path, read: Callable[[Path], Any], data: bytes, line: int, problem: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    error = refusal(file, read)
    assert error.place == f"{file}:{line}"
    assert problem in error.problem


def test_a_byte_order_mark_and_line_endings_of_windows_are_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_yaml(file).value == {"a": 1, "b": 2}
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    assert read_toml(file).value == {"a": 1, "b": 2}
    assert read_toml(file).line_of(("b",)) == 2


def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for endless in (pipe, Path("/dev/zero"), tmp_path):
        refusal(endless, lambda file: read_text(file, kind="a file"))
    refusal(tmp_path / "no\0name", lambda file: read_text(file, kind="a file"))
    refusal(tmp_path / ("n" * 5000), lambda file: read_text(file, kind="a file"))


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    said = UsageError(place="x", problem="begins" + "." * 100_000 + "ends", remedy="y").problem
    assert said.startswith("begins")
    assert said.endswith("ends")
    assert len(said) < 5_000
