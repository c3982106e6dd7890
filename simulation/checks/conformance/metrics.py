"""The platform's metrics at every scrape, compared with what its contract says that they count."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from simulation.checks.conformance.moments import Moments
from simulation.checks.conformance.scope import MISSING, shown
from simulation.checks.conformance.statements import Misstatement, Statements, looked, looks_of
from simulation.checks.conformance.values import argument, rows_of, value_of
from simulation.checks.conformance.world import World
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.missed_runs import began_anew
from simulation.contract.statements import Metric
from simulation.events import MetricChange, RunEnded, Transaction

_UP = "up"
_LATE = timedelta(seconds=120)
"""A scrape that a slow request delays is made so much later than it is due, at most; only changes have their own
instant."""
Labels = tuple[tuple[str, str], ...]


def metrics(case: Case) -> Statements:
    """Judge all metrics. Call it through :meth:`Case.remembered`."""
    return metrics_of(case, tuple(case.contract.metrics), case.wal.transactions, known=None)


def metrics_of(
    case: Case,
    names: Collection[str],
    transactions: Sequence[Transaction],
    *,
    known: Collection[str] | None,
    since: datetime | None = None,
) -> Statements:
    """:func:`metrics` for some metrics only.

    :param known: the tables that their declarations name; None: all. :param since: scrapes before it are left out.
    """
    found, world = Statements(), World(case)
    moments = Moments(transactions, world.keys, known)
    scrapes = case.remembered(_all_scrapes)
    for name in sorted({name for scrape in scrapes for name in scrape.values} - case.contract.metrics.keys() - {_UP}):
        found.not_judged[f"metric {name}: no rule is about it"] += 1
    watched, anew = [], case.remembered(began_anew)
    for name in names:
        declared = case.contract.metrics[name]
        if declared.not_judged is not None:
            found.not_judged[f"metric {name}: {declared.not_judged}"] += 1
        else:
            watched.append(_Watched(name, declared, anew))
    timely = [one for one in watched if one.timely]
    last: Mapping[str, Mapping[Labels, float]] | None = None
    wrong: list[_Watched] = []
    passed: frozenset[str] = frozenset()  # what changed while the scrape before was tried at later states
    for scrape in scrapes if since is None else (one for one in scrapes if one.until >= since):
        touched, passed = moments.come_to(scrape.at) | passed, frozenset()
        same = not touched and scrape.values is last and not wrong
        wrong = [
            one for one in (timely if same else watched) if scrape.up and one.is_wrong(scrape, touched, world, moments)
        ]
        last = scrape.values
        for more in moments.states(scrape.until) if wrong else ():
            passed |= more
            for not_yet in world.orders(scrape.at):
                wrong = [one for one in wrong if one.is_wrong(scrape, more, world, moments, not_yet=not_yet)]
            if not wrong:
                break
        for one in wrong:
            found.wrong += one.complaints(scrape)
        found.judged["metrics"] += len(watched) if scrape.up else 0
    return found


@dataclass(frozen=True, kw_only=True)
class _Scrape:
    """One scrape: metric → labels → value. ``until``: the latest instant at which it can have been made."""

    at: datetime
    until: datetime
    change: MetricChange | None
    values: Mapping[str, Mapping[Labels, float]]

    @property
    def up(self) -> bool:
        return self.values.get(_UP, {}).get((), 0.0) == 1.0


def _all_scrapes(case: Case) -> Sequence[_Scrape]:
    return list(_scrapes(case))


def _scrapes(case: Case) -> Iterator[_Scrape]:
    """Every scrape of the run, also those that changed nothing."""
    changes = {change.scrape: change for change in case.events(MetricChange)}
    if not changes:
        return
    interval = timedelta(seconds=case.scenario.monitor.scrape_interval_seconds)
    number = min(changes)
    first = changes[number].at - number * interval
    ends = case.events(RunEnded)
    end = ends[0].at if ends else changes[max(changes)].at
    values: dict[str, Mapping[Labels, float]] = {}
    while first + number * interval <= end or number in changes:
        change, due = changes.get(number), first + number * interval
        if change is not None:
            values = _changed(values, change)
        at = due if change is None else change.at
        yield _Scrape(at=at, until=at + _LATE if change is None else at, change=change, values=values)
        number += 1


def _changed(values: Mapping[str, Mapping[Labels, float]], change: MetricChange) -> dict[str, Mapping[Labels, float]]:
    fresh: dict[str, dict[Labels, float]] = {}
    for series, value in change.changes.items():
        name, labels = _parsed(series)
        of = fresh.setdefault(name, dict(values.get(name, {})))
        if value is None:
            of.pop(labels, None)
        else:
            of[labels] = value
    return {**values, **fresh}


_KNOWN: dict[str, tuple[str, Labels]] = {}
_PLAIN = re.compile(r"[A-Za-z_:]\w*")


def _parsed(series: str) -> tuple[str, Labels]:
    """A series' name and labels, by the reference parser of prometheus_client."""
    if _PLAIN.fullmatch(series):
        return series, ()
    if series not in _KNOWN:
        (family,) = text_string_to_metric_families(f"{series} 0\n")
        (sample,) = family.samples
        _KNOWN[series] = sample.name, tuple(sorted(sample.labels.items()))
    return _KNOWN[series]


class _Watched:
    """One declared metric, with what it must be, computed again only when something of it may have changed."""

    def __init__(self, name: str, declared: Metric, anew: Sequence[datetime]) -> None:
        """:param anew: when the platform began anew."""
        self._name, self._declared, self._anew = name, declared, anew
        self._looks = looks_of(declared.looks)
        self._each = None if declared.each is None else rows_of(declared.each)
        self._by = {label: argument(where) for label, where in declared.by.items()}
        self._value = None if declared.value is None else value_of(declared.value, name)
        text = declared.model_dump_json()
        self._words = frozenset(re.findall(r"\w+", text))
        self.timely = not self._words.isdisjoint({"now", "within", "happened"}) or '"past":{"' in text
        self._expected: Mapping[Labels, Any] | None = None
        self._reported: Mapping[Labels, float] | None = None
        self._was_wrong = False
        self._said: set[Labels] = set()

    def is_wrong(
        self, scrape: _Scrape, touched: frozenset[str], world: World, moments: Moments, *, not_yet: int = 0
    ) -> bool:
        """Whether the scrape says something else than the rows as they are now.

        :param not_yet: see :meth:`World.scope`.
        """
        reported = scrape.values.get(self._name, {})
        stale = self._expected is None or self.timely or not touched.isdisjoint(self._words)
        if stale:
            self._expected = self._computed(world.scope(moments, scrape.at, not_yet=not_yet))
        if stale or reported is not self._reported:
            self._reported = reported
            self._was_wrong = any(True for _ in self._differences(scrape))
        return self._was_wrong

    def _computed(self, scope: dict[str, Any]) -> Mapping[Labels, Any]:
        scope = looked(self._looks, scope)
        groups = {labels: list[Any]() for labels in self._always()}
        rows = () if self._each is None else self._each(scope)
        for row in () if rows is MISSING else rows:
            one = {**scope, "item": row}
            labels = tuple(sorted((label, str(where(one))) for label, where in self._by.items()))
            groups.setdefault(labels, []).append(row)
        return {labels: self._of(labels, group, scope) for labels, group in groups.items()}

    def _always(self) -> Iterator[Labels]:
        labels = self._declared.labels
        if labels or self._each is None or not self._by:
            yield from (tuple(sorted(zip(labels, values, strict=True))) for values in product(*labels.values()))

    def _of(self, labels: Labels, group: list[Any], scope: dict[str, Any]) -> Any:
        if self._value is None:
            return len(group)
        item = {"item": group[0]} if group else {}
        return self._value({**scope, "label": dict(labels), "group": group, **item})

    def _differences(self, scrape: _Scrape) -> Iterator[tuple[Labels, Any, Any]]:
        assert self._expected is not None
        reported, may_be_less = scrape.values.get(self._name, {}), self._may_be_less(scrape.at)
        for labels in (*self._expected, *(labels for labels in reported if labels not in self._expected)):
            wanted, value = self._expected.get(labels, MISSING), reported.get(labels)
            less = may_be_less and value is not None and isinstance(wanted, (int, float)) and 0 <= value <= wanted
            if not (less or _near(value, wanted, self._declared.tolerance)):
                yield labels, wanted, value

    def _may_be_less(self, now: datetime) -> bool:
        if self._declared.at_most:
            return True
        seconds = self._declared.memory_seconds
        return seconds is not None and any(now - timedelta(seconds=seconds) - _LATE <= at <= now for at in self._anew)

    def complaints(self, scrape: _Scrape) -> Iterator[Misstatement]:
        """What is wrong at this scrape and was not at the one before."""
        wrong = {labels: (wanted, value) for labels, wanted, value in self._differences(scrape)}
        new, self._said = wrong.keys() - self._said, set(wrong)
        for labels in sorted(new):
            wanted, value = wrong[labels]
            said = ",".join(f'{label}="{text}"' for label, text in labels)
            yield Misstatement(
                kind="metrics",
                declared=self._name,
                about=self._name + (f"{{{said}}}" if said else ""),
                expected="no such series" if wanted is MISSING else shown(wanted),
                actual="no such series" if value is None else f"{value:g}",
                at=scrape.at,
                event=scrape.change,
            )


def _near(value: float | None, wanted: Any, tolerance: float) -> bool:
    if value is None or wanted is MISSING or wanted is None:
        return value is None and (wanted is MISSING or wanted is None)
    return isinstance(wanted, (int, float)) and abs(value - wanted) <= tolerance
