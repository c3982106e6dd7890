"""PostgreSQL's wire protocol (3.0 and 3.2), as far as a gateway needs it: frames, statements and their ends.

Source: PostgreSQL's documentation, chapter "Frontend/Backend Protocol". A frame is a byte that names its type, and four
bytes with the length of the rest, themselves included; only the first one of a client has no type. Nothing here reads
or writes a socket. Of SQL no more is understood than what kind of statement it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct

_NUMBER = Struct("!I")
_TYPE_AND_LENGTH = 5
_LARGEST_STARTUP_BYTES = 10_000
"""PostgreSQL's own bound."""
_LARGEST_FRAME_BYTES = 0x3FFFFFFF
CANCEL, TLS, GSSAPI = 80877102, 80877103, 80877104
"""What a client's first frame asks for in place of a protocol version."""
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_OPENS = re.compile(r"(BEGIN|START\s+TRANSACTION)\b", re.IGNORECASE)
_COMMITS = re.compile(r"(COMMIT|END)\b(?!\s+PREPARED)", re.IGNORECASE)
_ROLLS_BACK = re.compile(r"(ROLLBACK|ABORT)\b(?!\s+(TRANSACTION\s+|WORK\s+)?TO\b|\s+PREPARED)", re.IGNORECASE)
_CALL_OF_A_FUNCTION = "-- a function, called by its number"


class NotTheProtocol(Exception):
    """What came is no frame. The server would end the connection, too."""


class Splitter:
    """Splits what comes from one end into whole frames, wherever its bytes were cut.

    :param startup: it is a client's end, whose first frame has no type; so has any that follows a request for
        encryption, since that one is answered and the client begins anew.
    """

    def __init__(self, *, startup: bool = False) -> None:
        self._startup = startup
        self._rest = bytearray()
        self._wanted = 0
        """Bytes without which there is no whole frame."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now.

        :raises NotTheProtocol: there can be none.
        """
        self._rest += data
        if len(self._rest) < self._wanted:
            return []
        whole, position = bytes(self._rest), 0
        frames = []
        while True:
            size = self._size_at(whole, position)
            if len(whole) - position < size:
                break
            frames.append(whole[position : position + size])
            position += size
            self._startup = self._startup and request_of(frames[-1]) in (TLS, GSSAPI)
        self._wanted = size
        self._rest = bytearray(whole[position:])
        return frames

    def _size_at(self, data: bytes, position: int) -> int:
        """Bytes of the frame that begins there, or of what tells how many it has."""
        head = 0 if self._startup else 1
        if len(data) - position < head + _NUMBER.size:
            return _TYPE_AND_LENGTH if head else _NUMBER.size
        length: int = _NUMBER.unpack_from(data, position + head)[0]
        least, most = (_NUMBER.size, _LARGEST_FRAME_BYTES) if head else (2 * _NUMBER.size, _LARGEST_STARTUP_BYTES)
        if not least <= length <= most:
            raise NotTheProtocol
        return head + length


def request_of(startup: bytes) -> int:
    """What a client's first frame asks for: a protocol version, or :data:`CANCEL`, :data:`TLS`, :data:`GSSAPI`."""
    number: int = _NUMBER.unpack_from(startup, _NUMBER.size)[0]
    return number


def frame(kind: bytes, body: bytes) -> bytes:
    """A frame of a type."""
    return kind + _NUMBER.pack(_NUMBER.size + len(body)) + body


def query(sql: str) -> bytes:
    """A client's simple query."""
    return frame(b"Q", sql.encode() + b"\0")


TERMINATE = frame(b"X", b"")


def cancel_request(key_data: bytes) -> bytes:
    """A client's first frame that has the server cancel a statement.

    :param key_data: body of the server's BackendKeyData.
    """
    return _NUMBER.pack(2 * _NUMBER.size + len(key_data)) + _NUMBER.pack(CANCEL) + key_data


def refusal(severity: str, sqlstate: str, message: str) -> bytes:
    """A server's ErrorResponse."""
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": message}
    return frame(b"E", b"".join(f"{name}{text}\0".encode() for name, text in fields.items()) + b"\0")


def error_fields(error: bytes) -> Mapping[str, str]:
    """Fields of an ErrorResponse by the letters that name them."""
    parts = error[_TYPE_AND_LENGTH:].split(b"\0")
    return {part[:1].decode("latin-1"): part[1:].decode(errors="replace") for part in parts if part}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Something that a client has the server carry out; its values are not in it unless the client wrote them there."""

    sql: str

    @property
    def plain(self) -> str:
        """Without the comments before it."""
        return self.sql[_comment_end(self.sql) :]

    @property
    def opens(self) -> bool:
        """Whether it is a BEGIN."""
        return _OPENS.match(self.plain) is not None

    @property
    def commits(self) -> bool:
        """Whether it is a COMMIT."""
        return _COMMITS.match(self.plain) is not None

    @property
    def rolls_back(self) -> bool:
        """Whether it is a ROLLBACK of the whole transaction."""
        return _ROLLS_BACK.match(self.plain) is not None


def _comment_end(sql: str) -> int:
    found = _COMMENTS.match(sql)
    return found.end() if found else 0


@dataclass(kw_only=True)
class Statements:
    """Tells which of a client's frames have a statement carried out, and which one: it remembers what was prepared."""

    _prepared: dict[bytes, str] = field(default_factory=dict)
    _portals: dict[bytes, str] = field(default_factory=dict)

    def of(self, sent: bytes) -> Statement | None:
        """The statement that a frame has carried out: a simple query's, or an Execute's."""
        kind, body = sent[:1], sent[_TYPE_AND_LENGTH:]
        if kind == b"Q":
            return Statement(sql=_text(body.partition(b"\0")[0]))
        if kind == b"F":
            return Statement(sql=_CALL_OF_A_FUNCTION)
        if kind == b"E":
            return Statement(sql=self._portals.get(body.partition(b"\0")[0], ""))
        if kind in (b"P", b"B"):
            name, _, rest = body.partition(b"\0")
            second = rest.partition(b"\0")[0]
            if kind == b"P":
                self._prepared[name] = _text(second)
            else:
                self._portals[name] = self._prepared.get(second, "")
        elif kind == b"C":
            known = self._prepared if body[:1] == b"S" else self._portals
            known.pop(body[1:].partition(b"\0")[0], None)
        return None


def _text(sql: bytes) -> str:
    return sql.decode(errors="replace")
