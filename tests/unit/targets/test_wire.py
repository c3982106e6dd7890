"""Frames of PostgreSQL's protocol are found in what psycopg and a server really said, wherever its bytes are cut."""

from __future__ import annotations

import struct
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.targets.process.wire import (
    CANCEL,
    GSSAPI,
    TLS,
    NotTheProtocol,
    Splitter,
    Statement,
    Statements,
    cancel_request,
    error_fields,
    frame,
    query,
    refusal,
    request_of,
)

RECORDED = {
    ("simple", "client"): b64decode(
        "UQAAAApCRUdJTgBRAAAAIlNFTEVDVCAxIEFTIG9uZTsgU0VMRUNUICd0d28nAFEAAAAaU0VMRUNUICogRlJPTSBub3doZXJlAFEA"
        "AAANUk9MTEJBQ0sA"
    ),
    ("simple", "server"): b64decode(
        "QwAAAApCRUdJTgBaAAAABVRUAAAAHAABb25lAAAAAAAAAAAAABcABP////8AAEQAAAALAAEAAAABMUMAAAANU0VMRUNUIDEAVAAA"
        "ACEAAT9jb2x1bW4/AAAAAAAAAAAAABn///////8AAEQAAAANAAEAAAADdHdvQwAAAA1TRUxFQ1QgMQBaAAAABVRFAAAAalNFUlJP"
        "UgBWRVJST1IAQzQyUDAxAE1yZWxhdGlvbiAibm93aGVyZSIgZG9lcyBub3QgZXhpc3QAUDE1AEZwYXJzZV9yZWxhdGlvbi5jAEwx"
        "NDk4AFJwYXJzZXJPcGVuVGFibGUAAFoAAAAFRQ=="
    ),
    ("extended", "client"): b64decode(
        "UQAAAApCRUdJTgBQAAAAGgBTRUxFQ1QgJDE6OmludAAAAQAAABVCAAAAFgAAAAEAAQABAAAAAgAHAAEAAEQAAAAGUABFAAAACQAA"
        "AAAAUwAAAARRAAAAC0NPTU1JVABRAAAACkJFR0lOAFAAAAAhX3BnM18wAFNFTEVDVCAkMTo6dGV4dAAAAQAAAABTAAAABEIAAAAf"
        "AF9wZzNfMAAAAQAAAAEAAAAFc2V2ZW4AAQAARAAAAAZQAEUAAAAJAAAAAABTAAAABEIAAAAfAF9wZzNfMAAAAQAAAAEAAAAFc2V2"
        "ZW4AAQAARAAAAAZQAEUAAAAJAAAAAABTAAAABFEAAAALQ09NTUlUAA=="
    ),
    ("extended", "server"): b64decode(
        "QwAAAApCRUdJTgBaAAAABVQxAAAABDIAAAAEVAAAAB0AAWludDQAAAAAAAAAAAAAFwAE/////wAARAAAAAsAAQAAAAE3QwAAAA1T"
        "RUxFQ1QgMQBaAAAABVRDAAAAC0NPTU1JVABaAAAABUlDAAAACkJFR0lOAFoAAAAFVDEAAAAEWgAAAAVUMgAAAARUAAAAHQABdGV4"
        "dAAAAAAAAAAAAAAZ////////AABEAAAADwABAAAABXNldmVuQwAAAA1TRUxFQ1QgMQBaAAAABVQyAAAABFQAAAAdAAF0ZXh0AAAA"
        "AAAAAAAAABn///////8AAEQAAAAPAAEAAAAFc2V2ZW5DAAAADVNFTEVDVCAxAFoAAAAFVEMAAAALQ09NTUlUAFoAAAAFSQ=="
    ),
    ("pipeline", "client"): b64decode(
        "UAAAAA0AQkVHSU4AAABCAAAADgAAAAAAAAABAABEAAAABlAARQAAAAkAAAAAAFMAAAAEUAAAACMAQ1JFQVRFIFRFTVAgVEFCTEUg"
        "dCAobiBpbnQpAAAAQgAAAA4AAAAAAAAAAQAARAAAAAZQAEUAAAAJAAAAAABQAAAAJQBJTlNFUlQgSU5UTyB0IFZBTFVFUyAoJDEp"
        "AAABAAAAFUIAAAAWAAAAAQABAAEAAAACAAEAAQAARAAAAAZQAEUAAAAJAAAAAABQAAAAJQBJTlNFUlQgSU5UTyB0IFZBTFVFUyAo"
        "JDEpAAABAAAAFUIAAAAWAAAAAQABAAEAAAACAAIAAQAARAAAAAZQAEUAAAAJAAAAAABTAAAABEgAAAAEUQAAAAtDT01NSVQA"
    ),
    ("pipeline", "server"): b64decode(
        "MQAAAAQyAAAABG4AAAAEQwAAAApCRUdJTgBaAAAABVQxAAAABDIAAAAEbgAAAARDAAAAEUNSRUFURSBUQUJMRQAxAAAABDIAAAAE"
        "bgAAAARDAAAAD0lOU0VSVCAwIDEAMQAAAAQyAAAABG4AAAAEQwAAAA9JTlNFUlQgMCAxAFoAAAAFVEMAAAALQ09NTUlUAFoAAAAF"
        "SQ=="
    ),
    ("copy", "client"): b64decode(
        "UQAAAApCRUdJTgBRAAAAIENSRUFURSBURU1QIFRBQkxFIHQgKG4gaW50KQBRAAAAFkNPUFkgdCBGUk9NIFNURElOAGQAAAAOMAox"
        "CjIKMwo0CmMAAAAEUQAAABVDT1BZIHQgVE8gU1RET1VUAFEAAAALQ09NTUlUAA=="
    ),
    ("copy", "server"): b64decode(
        "QwAAAApCRUdJTgBaAAAABVRDAAAAEUNSRUFURSBUQUJMRQBaAAAABVRHAAAACQAAAQAAQwAAAAtDT1BZIDUAWgAAAAVUSAAAAAkA"
        "AAEAAGQAAAAGMApkAAAABjEKZAAAAAYyCmQAAAAGMwpkAAAABjQKYwAAAARDAAAAC0NPUFkgNQBaAAAABVRDAAAAC0NPTU1JVABa"
        "AAAABUk="
    ),
}
"""What psycopg 3 and PostgreSQL said to each other after the login: simple and extended queries, a pipeline, COPY."""
KINDS = {
    ("simple", "client"): "QQQQ",
    ("simple", "server"): "CZTDCTDCZEZ",
    ("extended", "client"): "QPBDESQQPSBDESBDESQ",
    ("extended", "server"): "CZ12TDCZCZCZ1Z2TDCZ2TDCZCZ",
    ("pipeline", "client"): "PBDESPBDEPBDEPBDESHQ",
    ("pipeline", "server"): "12nCZ12nC12nC12nCZCZ",
    ("copy", "client"): "QQQdcQQ",
    ("copy", "server"): "CZCZGCZHdddddcCZCZ",
}
STARTUP = struct.pack("!II", 23, 196608) + b"user\0platform\0\0"


def request(code: int) -> bytes:
    return struct.pack("!II", 8, code)


def split(data: bytes, cuts: list[int], *, startup: bool = False) -> list[bytes]:
    splitter, found, last = Splitter(startup=startup), list[bytes](), 0
    for cut in [*sorted(cuts), len(data)]:
        found += splitter.feed(data[last:cut])
        last = cut
    return found


@pytest.mark.parametrize("spoken", RECORDED)
def test_recorded_bytes_are_split_into_the_frames_that_were_sent(spoken: tuple[str, str]) -> None:
    frames = split(RECORDED[spoken], [])
    assert b"".join(frames) == RECORDED[spoken]
    assert b"".join(sent[:1] for sent in frames).decode() == KINDS[spoken]


@pytest.mark.parametrize("spoken", RECORDED)
def test_a_cut_at_any_byte_changes_nothing(spoken: tuple[str, str]) -> None:
    data = RECORDED[spoken]
    whole = split(data, [])
    assert all(split(data, [cut]) == whole for cut in range(1, len(data)))
    assert split(data, list(range(1, len(data)))) == whole


@given(
    st.lists(st.tuples(st.sampled_from("QPBEXSd"), st.binary(max_size=300)), max_size=8),
    st.lists(st.integers(0, 2000), max_size=12),
    st.integers(0, 2),
)
def test_any_frames_come_out_as_they_went_in(made: list[tuple[str, bytes]], cuts: list[int], tries: int) -> None:
    sent = [*[request(TLS)] * tries, STARTUP, *(frame(kind.encode(), body) for kind, body in made)]
    data = b"".join(sent)
    assert split(data, [min(cut, len(data)) for cut in cuts], startup=True) == sent


def test_a_client_that_is_refused_encryption_begins_anew() -> None:
    assert split(request(GSSAPI) + request(TLS) + STARTUP + query("SELECT 1"), [], startup=True) == [
        request(GSSAPI),
        request(TLS),
        STARTUP,
        query("SELECT 1"),
    ]
    assert request_of(request(TLS)) == TLS
    assert request_of(STARTUP) == 196608


def test_a_request_to_cancel_carries_the_servers_key() -> None:
    asked = cancel_request(b"\0\0\0\7secret")
    assert split(asked, [], startup=True) == [asked]
    assert request_of(asked) == CANCEL
    assert asked.endswith(b"\0\0\0\7secret")


@pytest.mark.parametrize(
    ("data", "startup"),
    [
        (b"Q\0\0\0\3", False),
        (b"\x16\x03\x01\x02\0\1\0\1", True),
        (b"Q\xff\xff\xff\xff", False),
        (b"\0\0\0\4", True),
        (b"GET / HTTP/1.1", True),
    ],
    ids=["shorter than its length", "TLS at once", "longer than any", "startup without a version", "HTTP"],
)
def test_what_is_no_frame_is_refused(data: bytes, startup: bool) -> None:
    with pytest.raises(NotTheProtocol):
        Splitter(startup=startup).feed(data)


def statements(data: bytes) -> list[str]:
    reader = Statements()
    return [found.sql for sent in split(data, []) if (found := reader.of(sent)) is not None]


def test_statements_are_found_in_simple_extended_and_pipelined_queries() -> None:
    assert statements(RECORDED["simple", "client"]) == [
        "BEGIN",
        "SELECT 1 AS one; SELECT 'two'",
        "SELECT * FROM nowhere",
        "ROLLBACK",
    ]
    assert statements(RECORDED["extended", "client"]) == [
        "BEGIN",
        "SELECT $1::int",
        "COMMIT",
        "BEGIN",
        "SELECT $1::text",
        "SELECT $1::text",
        "COMMIT",
    ]
    assert statements(RECORDED["pipeline", "client"]) == [
        "BEGIN",
        "CREATE TEMP TABLE t (n int)",
        "INSERT INTO t VALUES ($1)",
        "INSERT INTO t VALUES ($1)",
        "COMMIT",
    ]
    assert statements(RECORDED["copy", "client"]) == [
        "BEGIN",
        "CREATE TEMP TABLE t (n int)",
        "COPY t FROM STDIN",
        "COPY t TO STDOUT",
        "COMMIT",
    ]


def test_what_was_closed_is_forgotten() -> None:
    reader = Statements()
    bind, execute = frame(b"B", b"\0one\0\0\0\0\0\0\0"), frame(b"E", b"\0\0\0\0\0")
    reader.of(frame(b"P", b"one\0SELECT 1\0\0\0"))
    reader.of(bind)
    assert reader.of(execute) == Statement(sql="SELECT 1")
    reader.of(frame(b"C", b"Sone\0"))
    reader.of(bind)
    assert reader.of(execute) == Statement(sql="")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("BEGIN", "opens"),
        ("/* trace: 7 */ begin isolation level serializable", "opens"),
        ("start transaction", "opens"),
        ("-- for the ledger\n  COMMIT", "commits"),
        ("END", "commits"),
        ("COMMIT AND CHAIN", "commits"),
        ("ROLLBACK", "rolls_back"),
        ("abort", "rolls_back"),
        ("ROLLBACK TO SAVEPOINT a", ""),
        ("rollback work to a", ""),
        ("COMMIT PREPARED 'x'", ""),
        ("ENDLESS", ""),
        ("SELECT 'COMMIT'", ""),
        ("", ""),
    ],
)
def test_a_statement_tells_what_it_does_to_its_transaction(sql: str, kind: str) -> None:
    statement = Statement(sql=sql)
    assert [name for name in ("opens", "commits", "rolls_back") if getattr(statement, name)] == ([kind] if kind else [])


def test_a_refusal_of_ours_reads_as_the_servers() -> None:
    (theirs,) = (sent for sent in split(RECORDED["simple", "server"], []) if sent[:1] == b"E")
    assert error_fields(theirs)["C"] == "42P01"
    assert error_fields(refusal("FATAL", "53300", "no")) == {"S": "FATAL", "V": "FATAL", "C": "53300", "M": "no"}
