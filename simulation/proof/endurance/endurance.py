"""What many lives tell about autonomy: for how long nobody is needed, and which kinds of faults call somebody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from simulation.proof.campaign.calls import Call, Who
from simulation.proof.campaign.result import JUDGED, Result
from simulation.proof.endurance.survival import Curve, Lasted, curve_of

MARKS = (14, 30, 90)
"""Days of which the shares are told: the specification's two absences, and a quarter of a year."""
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault. ``lives``: in which it struck; ``called``, ``engineers``: in which it called an operator, an
    engineer. ``curve``: of the days from its first strike to the first call, whoever was called. ``median_days``: to
    the first call, of those lives that had one."""

    name: str
    lives: int
    called: int
    engineers: int
    curve: Curve
    median_days: float | None

    @property
    def share(self) -> float:
        """Of the lives in which it struck, those in which somebody was called."""
        return self.curve.ended / self.lives


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What called the first person of a life: the kind of fault (empty: none had struck), and by what."""

    kind: str
    what: str
    lives: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """Lives of one scenario with one way of drawing faults. ``alone``: nobody was needed; ``operated``: nobody but an
    operator with the runbooks. ``unjudged``: lives without a verdict, which say nothing."""

    name: str
    alone: Curve
    operated: Curve
    endings: Sequence[Ending]
    kinds: Sequence[Kind]
    median_faults: float
    unjudged: int

    @property
    def marks(self) -> tuple[int, ...]:
        """Those days that its lives had."""
        return tuple(day for day in MARKS if day <= self.alone.horizon)


def groups_of(results: Iterable[Result]) -> tuple[Group, ...]:
    """One for each scenario and draw of which a life was judged, in the order in which they come first."""
    judged: dict[str, list[Result]] = {}
    unjudged: Counter[str] = Counter()
    for result in results:
        if result.outcome in JUDGED:
            judged.setdefault(result.case.group, []).append(result)
        else:
            unjudged[result.case.group] += 1
    return tuple(_group(name, lives, unjudged[name]) for name, lives in judged.items())


def _group(name: str, lives: Sequence[Result], unjudged: int) -> Group:
    horizon = max(life.sim_seconds for life in lives) / _DAY_SECONDS
    return Group(
        name=name,
        alone=curve_of([_lasted(life, "operator", "engineer") for life in lives], horizon=horizon),
        operated=curve_of([_lasted(life, "engineer") for life in lives], horizon=horizon),
        endings=_endings(lives),
        kinds=_kinds(lives),
        median_faults=median(len(life.calls.struck) for life in lives),
        unjudged=unjudged,
    )


def _lasted(life: Result, *who: Who) -> Lasted:
    call = life.calls.earliest(*who)
    seconds = life.sim_seconds if call is None else call.sim_seconds
    return Lasted(days=seconds / _DAY_SECONDS, called=call is not None)


def _endings(lives: Sequence[Result]) -> tuple[Ending, ...]:
    """Those that ended most lives' autonomy first."""
    first = Counter(
        (call.kind, call.what) for life in lives if (call := life.calls.earliest("operator", "engineer")) is not None
    )
    ranked = sorted(first.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Ending(kind=kind, what=what, lives=number) for (kind, what), number in ranked)


def _kinds(lives: Sequence[Result]) -> tuple[Kind, ...]:
    """Those that call somebody most often first."""
    struck: dict[str, list[Result]] = defaultdict(list)
    for life in lives:
        for kind in life.calls.struck:
            struck[kind].append(life)
    kinds = [_kind(name, those) for name, those in struck.items()]
    return tuple(sorted(kinds, key=lambda kind: (-kind.share, -kind.lives, kind.name)))


def _kind(name: str, lives: Sequence[Result]) -> Kind:
    spans: list[Lasted] = []
    longest = max(life.sim_seconds - life.calls.struck[name] for life in lives)
    for life in lives:
        call = _first_for(life, name)
        left = life.sim_seconds - life.calls.struck[name]
        seconds = left if call is None or call.since_strike is None else call.since_strike
        spans.append(Lasted(days=seconds / _DAY_SECONDS, called=call is not None))
    called = [span.days for span in spans if span.called]
    return Kind(
        name=name,
        lives=len(lives),
        called=sum(_first_for(life, name, "operator") is not None for life in lives),
        engineers=sum(_first_for(life, name, "engineer") is not None for life in lives),
        curve=curve_of(spans, horizon=longest / _DAY_SECONDS),
        median_days=median(called) if called else None,
    )


def _first_for(life: Result, kind: str, *who: Who) -> Call | None:
    calls = [call for call in life.calls.first if call.kind == kind and (not who or call.who in who)]
    return min(calls, key=lambda call: call.sim_seconds, default=None)
