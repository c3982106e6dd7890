"""Files that people write, read as text: of a size that can be told at a glance, in UTF-8, without control characters.

A byte order mark, as Windows' editors write it, and every kind of line ending are taken off.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path

from simulation.errors import UsageError

MOST_BYTES = 1 << 20
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
"""Characters that no text has: control characters but tab, line feed, return and next line; halves of surrogate
pairs."""
_SAVE_AS_UTF8 = "save it as UTF-8"
_OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_text(file: Path, *, kind: str, most_bytes: int = MOST_BYTES) -> str:
    """The text of a file, with ``\\n`` at the end of each line.

    :param kind: what the file should be, for the remedy: ``a YAML file``.
    :raises UsageError: there is no such file, it is no regular file, it is longer than ``most_bytes``, or its bytes are
        no text; with the line where there is one.
    """
    return decoded(read_bytes(file, kind=kind, most_bytes=most_bytes), file=file)


def read_bytes(file: Path, *, kind: str, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a file. A pipe or a device, which may have no end, is not opened. Raises :class:`UsageError`."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(
                    place=str(file), problem="is no regular file", remedy=f"name {kind}; what comes by a pipe: save it"
                )
            data = opened.read(most_bytes + 1)
    except (OSError, ValueError) as error:  # also a name with a NUL
        said = getattr(error, "strerror", None) or str(error)
        raise UsageError(place=str(file), problem=f"cannot be read: {said}", remedy=f"name {kind}") from error
    if len(data) > most_bytes:
        raise UsageError(
            place=str(file),
            problem=f"is longer than {most_bytes:,} bytes",
            remedy=f"is this {kind}? If it is, keep it below that",
        )
    return data


def decoded(data: bytes, *, file: Path) -> str:
    """Bytes as text with ``\\n`` at the end of each line.

    :param file: where they come from, for messages.
    :raises UsageError: they are in another encoding than UTF-8, or hold a control character; with its line.
    """
    for mark, encoding in _OTHER_MARKS.items():
        if data.startswith(mark):
            raise UsageError(place=f"{file}:1", problem=f"is {encoding}, not UTF-8", remedy=_SAVE_AS_UTF8)
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            place=f"{file}:{line}",
            problem=f"is not UTF-8: the byte 0x{data[error.start]:02x} is no character there",
            remedy=_SAVE_AS_UTF8,
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise UsageError(
            place=f"{file}:{line}", problem=f"column {column} has {control_named(found[0])}", remedy="remove it"
        )
    return text


def control_named(character: str) -> str:
    """What a message says of a character of :data:`CONTROL`."""
    code = ord(character)
    return f"half a surrogate pair, U+{code:04X}" if code >= 0xD800 else f"the control character U+{code:04X}"
