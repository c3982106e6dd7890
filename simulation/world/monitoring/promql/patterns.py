"""Regular expressions as Prometheus has them: RE2's syntax, always for the whole text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import re2

from simulation.world.monitoring.promql.errors import UnsupportedExpression

_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_WITH_NEWLINES = re2.Options()
_WITH_NEWLINES.log_errors, _WITH_NEWLINES.dot_nl = False, True


def matcher(pattern: str, *, dot_matches_newline: bool) -> Callable[[str], bool]:
    """A test whether the whole of a text matches ``pattern``."""
    compiled = _compiled(pattern, dot_matches_newline=dot_matches_newline)
    return lambda text: compiled.fullmatch(text) is not None


def replacer(pattern: str, template: str, *, dot_matches_newline: bool) -> Callable[[str], str | None]:
    """``template`` with ``$1`` or ``${name}`` filled in from a text that matches; None for one that does not."""
    compiled = _compiled(pattern, dot_matches_newline=dot_matches_newline)

    def replace(text: str) -> str | None:
        match = compiled.fullmatch(text)
        return None if match is None else _expanded(template, match)

    return replace


def searcher(pattern: str) -> Callable[[str], bool]:
    """A test whether ``pattern`` is found anywhere in a text."""
    compiled = _compiled(pattern, dot_matches_newline=False)
    return lambda text: compiled.search(text) is not None


def replacer_everywhere(pattern: str, template: str) -> Callable[[str], str]:
    """Every match of ``pattern`` in a text, replaced by ``template`` with ``$1`` or ``${name}`` filled in."""
    compiled = _compiled(pattern, dot_matches_newline=False)

    def replace(text: str) -> str:
        made, position = "", 0
        for match in compiled.finditer(text):
            made += text[position : match.start()] + _expanded(template, match)
            position = match.end()
        return made + text[position:]

    return replace


def _expanded(template: str, match: Any) -> str:
    groups: dict[str, str | None] = {"0": match.group(0), **match.groupdict()}
    groups.update({str(number): text for number, text in enumerate(match.groups(), start=1)})
    return _REFERENCE.sub(lambda found: found[1] or groups.get(found[2] or found[3]) or "", template)


def _compiled(pattern: str, *, dot_matches_newline: bool) -> re2._Regexp:
    try:
        return re2.compile(pattern, _WITH_NEWLINES if dot_matches_newline else _OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise UnsupportedExpression(f"{pattern!r} is no regular expression of Prometheus (RE2): {reason}") from error
