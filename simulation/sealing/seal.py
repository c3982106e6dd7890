"""Seals a run's folder, and says what was changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from simulation.checks.verdict import Verdict, judge
from simulation.errors import EnvironmentFault, UsageError
from simulation.history import History
from simulation.reporting.record import with_record
from simulation.reporting.view import build_report
from simulation.run_directory import RunDirectory
from simulation.sealing.envelope import BadEnvelope, opened, signed
from simulation.sealing.folder import SEAL, Contents, contents_of
from simulation.sealing.keys import PrivateKey, PublicKey
from simulation.sealing.statement import BadStatement, Statement, statement_of
from simulation.stored_run import refuse_contradictions, stored_history, stored_verdict

_MOST_BYTES = 1 << 24
_CHECK_AGAIN = "judge it again: simulate check RUN_DIR"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Whether a folder is what was sealed."""

    statement: Statement | None
    """What was signed; None where there is no seal, or none of this key."""
    changes: tuple[str, ...]
    """A sentence for each change; empty: nothing was changed."""


def seal(directory: RunDirectory, key: PrivateKey) -> Statement:
    """Judge the run once more, and sign what its folder holds. A seal that is there is replaced.

    :raises UsageError: its files contradict each other or the verdict, or one is a link: that is not what a run leaves.
    :raises EnvironmentFault: the folder cannot be read, or the seal not written.
    """
    history, verdict = stored_history(directory), stored_verdict(directory)
    if verdict is None:
        raise UsageError(place=str(directory.path), problem="there is no verdict to seal", remedy=_CHECK_AGAIN)
    refuse_contradictions(directory, history, verdict)
    judged = judge(history)
    if _recorded(judged, history, verdict).to_json() != verdict.to_json():
        raise UsageError(
            place=str(directory.path),
            problem=f"verdict.json ({verdict.outcome[:40]!r}) is not what the history gives now ({judged.outcome!r})",
            remedy=_CHECK_AGAIN,
        )
    contents = _read(directory)
    for name, what in contents.others.items():
        raise UsageError(
            place=str(directory.path / name), problem=f"is {what}, which a seal cannot cover", remedy="remove it"
        )
    statement = statement_of(history, judged, contents.files)
    directory.write(SEAL, signed(statement.to_json(), key))
    return statement


def verify(directory: RunDirectory, key: PublicKey) -> Finding:
    """Hold the folder against its seal.

    :raises EnvironmentFault: the folder cannot be read.
    """
    try:
        with directory.reading(SEAL) as envelope:
            text = envelope.read(_MOST_BYTES + 1)
        statement = Statement.from_json(opened(text, key))
    except FileNotFoundError:
        return Finding(statement=None, changes=(f"there is no {SEAL}: the folder was never sealed, or is so no more",))
    except (BadEnvelope, BadStatement) as error:
        return Finding(statement=None, changes=(f"{SEAL}: {error}",))
    except UsageError as error:  # a link in its place
        return Finding(statement=None, changes=(f"{SEAL}: {error.problem}",))
    return Finding(statement=statement, changes=tuple(_changes(statement.files, _read(directory))))


def _read(directory: RunDirectory) -> Contents:
    try:
        return contents_of(directory)
    except OSError as error:
        raise EnvironmentFault(
            problem=f"{error.filename or directory.path} cannot be read: {error.strerror}", remedy="make it readable"
        ) from error


def _changes(sealed: Mapping[str, str], found: Contents) -> Iterator[str]:
    """Each difference, by name of file. A file under another name is named once."""
    gone = {name: sha256 for name, sha256 in sealed.items() if name not in found.files}
    came = {name: sha256 for name, sha256 in found.files.items() if name not in sealed}
    yield from (f"{name} is {what}" for name, what in found.others.items())
    yield from (f"{name} was changed" for name in sealed if found.files.get(name, sealed[name]) != sealed[name])
    for name, sha256 in gone.items():
        other = next((new for new, its in came.items() if its == sha256), None)
        if name in found.others:
            continue
        if other is None:
            yield f"{name} is missing"
        else:
            del came[other]
            yield f"{name} was renamed to {other}"
    yield from (f"{name} was added" for name in came)


def _recorded(judged: Verdict, history: History, stored: Verdict) -> Verdict:
    """What is judged now, with the part about the run as it is written, but for where the folder was and who judged."""
    if stored.run is None:
        return judged
    told = with_record(judged, build_report(history, judged))
    assert told.run is not None
    place = stored.run
    run = replace(told.run, judged_by=place.judged_by, folder=place.folder, check=place.check)
    return replace(told, run=run)
