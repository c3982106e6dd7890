"""Functions of templates: Go's own, and those that Prometheus adds.

https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus

import promql_parser

from simulation.world.monitoring.promql.patterns import replacer_everywhere, searcher
from simulation.world.monitoring.templates.go_text import go_print, go_printf, go_text
from simulation.world.monitoring.templates.grammar import TemplateError

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_LARGE_BINARY = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def truth(value: Any) -> bool:
    """What ``if`` takes for true: all but zero, nothing and what is empty."""
    return bool(value)


def number(value: Any) -> float:
    """A number, or the text of one."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TemplateError(f"can't convert {value!r} to float") from error


def humanize(value: Any) -> str:
    """With a decimal prefix: ``1.235k``."""
    amount = number(value)
    if not amount or not math.isfinite(amount):
        return _four_digits(amount)
    if abs(amount) >= 1:
        return _scaled(amount, _LARGE, 1000.0)
    return _small(amount)


def humanize1024(value: Any) -> str:
    """With a binary prefix: ``1.5Gi``."""
    amount = number(value)
    if abs(amount) <= 1 or not math.isfinite(amount):
        return _four_digits(amount)
    return _scaled(amount, _LARGE_BINARY, 1024.0)


def humanize_duration(value: Any) -> str:
    """Seconds as ``1d 2h 3m 4s``."""
    seconds = number(value)
    if not math.isfinite(seconds):
        return _four_digits(seconds)
    if not seconds:
        return f"{_four_digits(seconds)}s"
    if abs(seconds) < 1:
        return f"{_small(seconds)}s"
    sign, whole = "-" if seconds < 0 else "", int(abs(seconds))
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    while parts and not parts[0][0]:
        parts.pop(0)
    if len(parts) == 1:
        return f"{sign}{_four_digits(abs(seconds))}s"
    return sign + " ".join(f"{amount}{unit}" for amount, unit in parts)


def humanize_percentage(value: Any) -> str:
    """A ratio in percent."""
    return f"{_four_digits(number(value) * 100)}%"


def humanize_timestamp(value: Any) -> str:
    """Unix seconds as Go prints a time in UTC."""
    seconds = number(value)
    if not math.isfinite(seconds):
        return _four_digits(seconds)
    at = _EPOCH + timedelta(milliseconds=math.floor(seconds * 1000))
    fraction = f"{at:%f}".rstrip("0")
    return f"{at:%Y-%m-%d %H:%M:%S}{'.' + fraction if fraction else ''} +0000 UTC"


def _scaled(amount: float, prefixes: Sequence[str], base: float) -> str:
    prefix = ""
    for one in prefixes:
        if abs(amount) < base:
            break
        prefix, amount = one, amount / base
    return _four_digits(amount) + prefix


def _small(amount: float) -> str:
    prefix = ""
    for one in _SMALL:
        if abs(amount) >= 1:
            break
        prefix, amount = one, amount * 1000
    return _four_digits(amount) + prefix


def _four_digits(amount: float) -> str:
    return go_printf("%.4g", amount)


def title(text: Any) -> str:
    """The first letter of each word in upper case."""
    return re.sub(r"(?<![\w'])\w", lambda found: found[0].upper(), str(text))


def first(samples: Sequence[Any]) -> Any:
    if not samples:
        raise TemplateError("first() called on vector with no elements")
    return samples[0]


def sample_label(name: str, sample: Mapping[str, Any]) -> str:
    return str(sample["Labels"].get(name, ""))


def index(value: Any, *keys: Any) -> Any:
    """``index x 1 "a"`` is ``x[1]["a"]``."""
    for key in keys:
        try:
            value = value.get(key, "") if isinstance(value, Mapping) else value[key]
        except (LookupError, TypeError) as error:
            raise TemplateError(f"error calling index: {key!r} is not in {go_text(value)}") from error
    return value


def equal(value: Any, *others: Any) -> bool:
    """Whether ``value`` is one of ``others``, which must be of its kind."""
    for other in others:
        if isinstance(value, str) is not isinstance(other, str) or type(value) is not type(other):
            raise TemplateError("incompatible types for comparison")
    return value in others


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        equal(left, right)
        return test(left, right)

    return compare


def both(*values: Any) -> Any:
    """``and``: the first that is false, or the last."""
    return next((value for value in values if not truth(value)), values[-1])


def either(*values: Any) -> Any:
    """``or``: the first that is true, or the last."""
    return next((value for value in values if truth(value)), values[-1])


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value)


def _sorted_by_label(name: str, samples: Sequence[Any]) -> list[Any]:
    return sorted(samples, key=lambda sample: sample_label(name, sample))


def _stripped_port(address: str) -> str:
    found = re.fullmatch(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:]*)):\w*", address)
    return address if found is None else found["six"] if found["six"] is not None else found["host"]


def _stripped_domain(address: str) -> str:
    host, separator, port = address.rpartition(":") if re.search(r":\w*$", address) else (address, "", "")
    if re.fullmatch(r"[\d.]+|\[.*\]", host):
        return address
    return host.partition(".")[0] + separator + port


def _graph_link(expression: str, *, tab: int) -> str:
    return f"/graph?g0.expr={quote_plus(expression)}&g0.tab={tab}"


def _duration(text: str) -> float:
    try:
        return promql_parser.parse_duration(text).total_seconds()
    except ValueError as error:
        raise TemplateError(f"error calling parseDuration: {error}") from error


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": both,
    "or": either,
    "not": lambda value: not truth(value),
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "lt": _compared(lambda left, right: left < right),
    "le": _compared(lambda left, right: left <= right),
    "gt": _compared(lambda left, right: left > right),
    "ge": _compared(lambda left, right: left >= right),
    "len": _length,
    "index": index,
    "slice": lambda value, *bounds: value[slice(*(bounds if len(bounds) > 1 else (*bounds, None)))],
    "print": go_print,
    "printf": go_printf,
    "println": lambda *values: " ".join(map(go_text, values)) + "\n",
    "html": lambda value: html.escape(go_text(value)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "js": lambda value: json.dumps(go_text(value))[1:-1].replace("<", "\\u003C").replace(">", "\\u003E"),
    "urlquery": lambda value: quote_plus(go_text(value)),
    "first": first,
    "label": sample_label,
    "value": lambda sample: sample["Value"],
    "strvalue": lambda sample: sample_label("__value__", sample),
    "args": lambda *values: {f"arg{number}": value for number, value in enumerate(values)},
    "reReplaceAll": lambda pattern, replacement, text: replacer_everywhere(pattern, replacement)(text),
    "safeHtml": lambda text: text,
    "match": lambda pattern, text: searcher(pattern)(text),
    "title": title,
    "toUpper": lambda text: str(text).upper(),
    "toLower": lambda text: str(text).lower(),
    "graphLink": lambda expression: _graph_link(expression, tab=0),
    "tableLink": lambda expression: _graph_link(expression, tab=1),
    "sortByLabel": _sorted_by_label,
    "stripPort": _stripped_port,
    "stripDomain": _stripped_domain,
    "humanize": humanize,
    "humanize1024": humanize1024,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
    "humanizeTimestamp": humanize_timestamp,
    "toTime": humanize_timestamp,
    "toDuration": lambda value: humanize_duration(value),
    "parseDuration": _duration,
    "urlQueryEscape": lambda text: quote(str(text)),
    "pathPrefix": lambda: "",
    "externalURL": lambda: "",
}
"""All but ``query``, which needs the series of the moment."""
