# ruff: noqa: E501 - tables of odd values
"""Malformed files by their grammar: a good one with odd values, keys and structures in it, or in another encoding."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

NUMBERS = (
    "-1", "0", "1", "1.5", "1e400", "-1e400", ".nan", ".inf", "9" * 19, "9" * 40, "9" * 400, "9" * 5000,
    "0x" + "f" * 30, "0b1", "0o7", "1_000", "1:2:3", "+1", "1e5", "٣", "９", "1" + "_1" * 50, "9223372036854775808",
)  # fmt: skip
TIMES = (
    "0000-00-00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "2026-02-30",
    "0001-01-01T00:00:00+14:00", "10000-01-01", "2026-03-01", "2026-03-01T00:00:00", "2026-03-01T25:00:00Z",
    "day 0 00:00", "day 9999 23:59", "day 99999 00:00", "day -1 00:00", "day 3 24:00", "2026-W01-1",
)  # fmt: skip
TEXTS = (
    "", " ", "x" * 5000, "é", "名", "😀", "\u2028", "\x85", "\u202e", "\ufeff", "\ufffe", "null", "~", "true", "no",
    "/", "..", "../../etc/passwd", "$(id)", "{{ x }}", "%s", "a\\b", "'", '"', "`", "<script>", "-", "--help",
)  # fmt: skip
YAML = (
    "!!bool x", "!!python/object:os.system x", "!x y", "&a [*a]", "*a", "*missing", "{<<: {a: 1}}", "[]", "{}", "[[]]",
    "{a: {b: {c: 1}}}", "? x", "- -", "|\n  x", ">-", "'", '"', '"\\ud800"', '"\\0"', '"\\U00110000"', "@", "%", "[", "{",
    "[" * 60 + "]" * 60, "{a: " * 60 + "}" * 60, "[" * 5000, "- " * 500, "[1, [2, {3: 4}]]", "{1: 2, 1.5: 3}", "!!set {a}",
    "{[a]: b}", "{? {a: b} : c}", "=", "<<", "[" + "a," * 3000 + "]", "{" + ",".join(f"k{n}: 1" for n in range(500)) + "}",
)  # fmt: skip
TOML = (
    "'''", '"""', "[[", "]]", "[a.b.c]", "a.b.c = 1", "inf", "nan", "2026-02-30", "{a = 1}", "[1, 'a']", "0xzz", '"\\u0000"',
    '"\\ud800"', "x" + ".y" * 600 + " = 1", "[" * 600 + "]" * 600, "{a=" * 300 + "1" + "}" * 300, "= 1", "'k' = 2",
)  # fmt: skip
SQL = (
    "(" * 2000,
    "SELECT 1",
    ";",
    "--",
    "/*",
    "$$",
    "$a$",
    "'",
    "-- name: users",
    "-- name: x",
    "UNION SELECT 1",
    "WITH a AS (",
)
MARKDOWN = (
    "```", "```console", "$ true", "> more", "? 256", "? -1", "...", "[..]", "[X]", "# h", "## Recovery", "### 1. Do", "### 99. Do",
    "- If", "* " * 200, "> " * 500, "[" * 2000, "(" * 2000, "![a](b)", "<!--", "---", "***", "|a|b|", "`" * 999, "\\", "$ " + "(" * 500,
    "$ echo $'\\x00'", "$ cat <<E", "$ a | b | c", "[a](" + "x" * 5000 + ")", "[a](" + "../" * 900 + "x.md)", "*" * 3000, "_a" * 2000,
)  # fmt: skip
PYTHON = (
    "raise SystemExit(0)",
    "import nowhere",
    "1/0",
    "(" * 300,
    "class People: pass",
    "return",
    "\tx",
    "def f(",
    "'",
)
JSON = (
    "{", "}", "[", "]", ",", ":", "null", "NaN", "Infinity", '"\\ud800"', '"\\u0000"', "1e999", "[" * 300 + "]" * 300, "[" * 9999,
    '{"a":' * 300, "-0", "01", '"', "{}", "[]", "9" * 4400,
)  # fmt: skip
PROMQL = (
    "(" * 500 + "1" + ")" * 500,
    "-" * 3000 + "1",
    "up[99999999999y]",
    "rate(x[5m])",
    "a{b=~'('}",
    "{" * 900,
    "1 +" * 900 + " 1",
    "a" * 9000,
)
ODD = (*NUMBERS, *TIMES, *TEXTS, *YAML, *TOML, *SQL, *MARKDOWN, *PYTHON, *JSON, *PROMQL)
BYTES = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xef\xbb\xbf",
    b"\x1b[31m",
    b"\r",
    b"\x0c",
    b"\x9b",
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7", "utf-8-sig")
_WORD = re.compile(r"[^\s:=,{}\[\]()\"']+")
_MARK = "replaced-by-the-fuzzer"


@st.composite
def malformed(draw: Draw, example: str, *, structured: bool) -> bytes:
    """A file made of an example by one to three changes.

    :param structured: the example is YAML or JSON, whose values and keys are changed where they stand in the tree.
    """
    text = example
    for _ in range(draw(st.integers(1, 3))):
        change = draw(st.sampled_from(_IN_TREES if structured else _IN_TEXTS))
        text = change(draw, text)
    return draw(st.sampled_from(_AS_BYTES))(draw, text)


def _odd_line(draw: Draw, text: str) -> str:
    lines = text.split("\n")
    lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(ODD)))
    return "\n".join(lines)


def _without_line(draw: Draw, text: str) -> str:
    lines = text.split("\n")
    first = draw(st.integers(0, len(lines) - 1))
    return "\n".join(lines[:first] + lines[first + draw(st.integers(1, 3)) :])


def _repeated_lines(draw: Draw, text: str) -> str:
    lines = text.split("\n")
    first = draw(st.integers(0, len(lines) - 1))
    part = lines[first : first + draw(st.integers(1, 8))]
    return "\n".join([*lines[:first], *part * draw(st.sampled_from((2, 3, 50))), *lines[first:]])


def _swapped_lines(draw: Draw, text: str) -> str:
    lines = text.split("\n")
    one, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _other_word(draw: Draw, text: str) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return draw(st.sampled_from(ODD))
    found = words[draw(st.integers(0, len(words) - 1))]
    return text[: found.start()] + draw(st.sampled_from(ODD)) + text[found.end() :]


def _torn(draw: Draw, text: str) -> str:
    return text[: draw(st.integers(0, len(text)))]


def _inserted(draw: Draw, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from(ODD) | st.text(max_size=20)) + text[at:]


def _indented(draw: Draw, text: str) -> str:
    lines = text.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    lines[at] = draw(st.sampled_from((" ", "  ", "\t", "- "))) + lines[at]
    return "\n".join(lines)


def _in_tree(draw: Draw, text: str) -> str:
    """One value or key of a YAML document is another; text that is none any more is changed as a text."""
    dump: Callable[[Any], str] = json.dumps
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        try:
            tree, dump = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), _as_yaml
        except (yaml.YAMLError, ValueError, RecursionError, TypeError, OverflowError, KeyError, AttributeError):
            return _other_word(draw, text)
    places = list(_places(tree))
    if not places:
        return _inserted(draw, text)
    holder, key = places[draw(st.integers(0, len(places) - 1))]
    what = draw(st.sampled_from(("value", "value", "value", "gone", "key", "twice", "many", "swap")))
    if what == "gone":
        del holder[key]
    elif what == "key" and isinstance(holder, dict):
        holder[draw(st.sampled_from(TEXTS + NUMBERS))] = holder.pop(key)
    elif what == "twice" and isinstance(holder, list):
        holder.append(holder[key])
    elif what == "many" and isinstance(holder, list):
        holder.extend([holder[key]] * 300)
    elif what == "swap":
        other, name = places[draw(st.integers(0, len(places) - 1))]
        holder[key] = other[name]
    else:
        holder[key] = _MARK
    try:
        dumped = dump(tree)
    except (RecursionError, ValueError, yaml.YAMLError):
        return text
    return dumped.replace(f'"{_MARK}"' if dump is json.dumps else _MARK, draw(st.sampled_from(ODD)))


def _as_yaml(tree: Any) -> str:
    return str(yaml.dump(tree, Dumper=_Plain, sort_keys=False, width=10_000))


class _Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes what stands twice twice: a text that a fuzzer made has no anchors of the dumper's."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _places(tree: Any, depth: int = 0) -> Any:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        yield tree, key
        if depth < 8:
            yield from _places(value, depth + 1)


def _plainly(draw: Draw, text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _encoded(draw: Draw, text: str) -> bytes:
    return text.encode(draw(st.sampled_from(ENCODINGS)), errors="replace")


def _with_bytes(draw: Draw, text: str) -> bytes:
    data = text.encode(errors="surrogatepass")
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.sampled_from(BYTES) | st.binary(max_size=8)) + data[at:]


def _of_windows(draw: Draw, text: str) -> bytes:
    return codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode(errors="surrogatepass")


_IN_TEXTS = (
    _odd_line, _without_line, _repeated_lines, _swapped_lines, _other_word, _other_word, _torn, _inserted, _indented
)  # fmt: skip
_IN_TREES = (*_IN_TEXTS, *(_in_tree,) * 9)
_AS_BYTES = (*(_plainly,) * 9, _encoded, _with_bytes, _of_windows)
