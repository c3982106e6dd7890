"""A run as it lies on disk: read without trust, and held against itself.

The digest in ``verdict.json`` says which history was judged, and the history says what was run. Where the files of a
folder contradict each other, at least one was changed. That they agree proves nothing: whoever changes one can change
all (``simulation.sealing`` is against that).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from simulation.checks.run_record import UNKNOWN, FaultRecord, Release, RunRecord
from simulation.checks.verdict import Verdict
from simulation.documents.text import decoded
from simulation.documents.yaml import parse_yaml
from simulation.errors import UsageError
from simulation.events import FaultScheduled, RunStarted
from simulation.faults.plan import FaultPlan
from simulation.history import History
from simulation.run_directory import RunDirectory
from simulation.untrusted import printable

VERDICT = "verdict.json"
_REMEDY = (
    "files of this run were changed, or another version wrote them: take the run from where it is kept, or run again;"
    " to judge the history as it is now, copy history.jsonl alone into a folder"
)
_MOST_BYTES = 1 << 26
"""Of ``verdict.json``; one with many findings has some megabytes."""
_MOST_DIFFERENCES = 10


def stored_history(directory: RunDirectory) -> History:
    """The history in a run's folder.

    :raises UsageError: it is no run's folder, or the history is damaged.
    """
    try:
        with directory.reading(directory.history.name) as opened:
            return History.read(opened, name=str(directory.history))
    except FileNotFoundError as error:
        raise UsageError(
            place=str(directory.path), problem="there is no history.jsonl in it", remedy="name the folder of a run"
        ) from error
    except ValueError as error:
        raise UsageError(
            place=str(directory.history), problem=str(error), remedy="the file was changed or is damaged; run again"
        ) from error


def stored_verdict(directory: RunDirectory) -> Verdict | None:
    """The verdict that the folder has; None: the run broke off before it.

    :raises UsageError: the file is no verdict.
    """
    data = _bytes_of(directory, VERDICT)
    if data is None:
        return None
    try:
        return Verdict.from_json(data.decode())
    except ValueError as error:  # also pydantic's, and bytes that are no UTF-8
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise UsageError(
            place=str(directory.path / VERDICT), problem=f"is no verdict: {said}", remedy=_REMEDY
        ) from error


def refuse_contradictions(directory: RunDirectory, history: History, verdict: Verdict | None) -> None:
    """:raises UsageError: files of the folder contradict each other; says which, and how."""
    if (found := contradictions(directory, history, verdict)) is not None:
        raise found


def contradictions(directory: RunDirectory, history: History, verdict: Verdict | None) -> UsageError | None:
    """What files of the folder say differently, as the error that it is; None: they agree.

    :raises UsageError: one of them cannot be read.
    """
    found = list(_contradictions(directory, history, verdict))
    if not found:
        return None
    shown = found[:_MOST_DIFFERENCES]
    more = [f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
    return UsageError(place=str(directory.path), problem="\n  ".join([*shown, *more]), remedy=_REMEDY)


def other_words(before: Verdict | None, now: Verdict) -> Iterator[str]:
    """What a verdict on the same history says of the run otherwise than the one before, and whose code judged it."""
    if before is None or before.run is None or now.run is None:
        return
    made, judged = now.run.made_by, now.run.judged_by
    if UNKNOWN not in (made.commit, judged.commit) and made.commit != judged.commit:
        yield f"the run was made by version {made}; it is judged by version {judged}"
    faults = {fault.fault_id: fault for fault in before.run.faults}
    for fault in now.run.faults:
        told = faults.get(fault.fault_id)
        if told != fault:
            was = "nothing" if told is None else f"it ended {told.ended!r}, {_as_expected(told)}"
            judged_now = f"judged now: {fault.ended!r}, {_as_expected(fault)}"
            yield printable(f"verdict.json says of fault {fault.fault_id}: {was}; {judged_now}")
    if before.run.money != now.run.money:
        yield f"verdict.json has other sums of money: {before.run.money}; now: {now.run.money}"


def _as_expected(fault: FaultRecord) -> str:
    return "as expected" if fault.as_expected else "not as expected"


def _contradictions(directory: RunDirectory, history: History, verdict: Verdict | None) -> Iterator[str]:
    if verdict is not None and verdict.digest != history.digest():
        yield (
            f"verdict.json is about another history: its digest is {verdict.digest[:80]}, history.jsonl has"
            f" {history.digest()}"
        )
    started = history.started
    if verdict is not None and verdict.run is not None and started is not None:
        yield from (f"verdict.json: run.{said}" for said in _other_run(verdict.run, started))
    scenario = _yaml_of(directory, directory.scenario.name)
    if started is not None and scenario is not None:
        ours, lived = _without_nulls(scenario), _without_nulls(started.scenario_document)
        yield from (f"scenario.yaml: {said}" for said in _differences(ours, lived, ()))
    faults = _yaml_of(directory, directory.faults.name)
    if started is not None and faults is not None:
        yield from _other_faults(faults, history)


def _other_run(told: RunRecord, started: RunStarted) -> Iterator[str]:
    """How the run that a verdict is about differs from the one that the history began as."""
    lived = {
        "scenario": started.scenario,
        "seed": started.seed,
        "days": started.days,
        "target": started.target,
        "environment": started.environment,
        "made_by": Release(version=started.version, commit=started.commit, tree=started.tree),
    }
    for name, value in lived.items():
        if getattr(told, name) != value:
            yield f"{name} is {str(getattr(told, name))[:80]!r}, and {str(value)[:80]!r} in the history"


def _other_faults(stored: Any, history: History) -> Iterator[str]:
    """How ``faults.json`` differs from the faults that the history announces."""
    try:
        plan = FaultPlan.model_validate(stored).scheduled
    except ValidationError as error:
        yield f"faults.json is no schedule: {error.errors()[0]['msg']}"
        return
    told = {event.fault_id: _plain(event) for event in plan}
    lived = {event.fault_id: _plain(event) for event in history.of(FaultScheduled)}
    yield from (f"faults.json: {said}" for said in _differences(told, lived, ()))


def _plain(event: FaultScheduled) -> Mapping[str, Any]:
    return event.model_dump(mode="json", exclude={"seq", "at", "cause"})


def _differences(stored: Any, lived: Any, place: tuple[str, ...]) -> Iterator[str]:
    """Where a file and the history differ, in the order of the history."""
    where = ".".join(place) or "the whole"
    if isinstance(stored, dict) and isinstance(lived, dict):
        for key in dict.fromkeys((*lived, *stored)):
            if key not in stored or key not in lived:
                only = "the history" if key in lived else "the file"
                yield f"{'.'.join((*place, str(key)))} stands in {only} only"
            else:
                yield from _differences(stored[key], lived[key], (*place, str(key)))
    elif isinstance(stored, list) and isinstance(lived, list) and len(stored) == len(lived):
        for number, (one, other) in enumerate(zip(stored, lived, strict=True)):
            yield from _differences(one, other, (*place, str(number)))
    elif stored != lived:
        yield f"{where} is {str(stored)[:80]!r}, and {str(lived)[:80]!r} in the history"


def _without_nulls(document: Any) -> Any:
    """As ``scenario.yaml`` is written: without what is null; every key a text, as JSON has it."""
    if isinstance(document, dict):
        return {str(key): _without_nulls(value) for key, value in document.items() if value is not None}
    return [_without_nulls(item) for item in document] if isinstance(document, list | tuple) else document


def _yaml_of(directory: RunDirectory, name: str) -> Any | None:
    """A YAML or JSON document of the folder; None where the file is missing. Raises :class:`UsageError`."""
    data = _bytes_of(directory, name)
    if data is None:
        return None
    file = directory.path / name
    return parse_yaml(decoded(data, file=file), file=file).value


def _bytes_of(directory: RunDirectory, name: str) -> bytes | None:
    try:
        with directory.reading(name) as opened:
            data = opened.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(data) > _MOST_BYTES:
        raise UsageError(
            place=str(directory.path / name), problem=f"has more than {_MOST_BYTES:,} bytes", remedy=_REMEDY
        )
    return data
