"""A file of one JSON document a line, to which a command appends as it goes, so that one that broke off can go on."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from simulation.errors import UsageError

_T = TypeVar("_T")


class LineFile(Generic[_T]):
    """What stands in the file, and what is added to it.

    A last line that was not written to its end is as if it were not there.

    :param command: of ``simulate``, that leaves such a file, for messages.
    :raises UsageError: a line that is whole is not of this kind.
    """

    def __init__(self, file: Path, kind: type[_T], *, command: str) -> None:
        self._file = file
        self._kind = TypeAdapter(kind)
        self._command = command
        self.kept = self._read()

    def add(self, one: _T) -> None:
        """It is on disk when this returns."""
        self.kept.append(one)
        with open(self._file, "ab") as appended:
            appended.write(self._kind.dump_json(one) + b"\n")

    def _read(self) -> list[_T]:
        if not self._file.exists():
            return []
        whole, _, rest = self._file.read_bytes().rpartition(b"\n")
        if rest:
            self._file.write_bytes(whole + b"\n" if whole else b"")
        return [self._one(line, number) for number, line in enumerate(whole.splitlines(), start=1)]

    def _one(self, line: bytes, number: int) -> _T:
        try:
            return self._kind.validate_json(line)
        except ValidationError as error:
            raise UsageError(
                place=f"{self._file}:{number}",
                problem=str(error.errors()[0]["msg"]),
                remedy=f"give a folder that {self._command} of this version has left, or begin anew without --resume",
            ) from error
