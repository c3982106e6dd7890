"""``test_decoding`` lines, with the values that make a careless parser stumble."""

from __future__ import annotations

import pytest

from simulation.witness.wal import WalError, parse

BEGIN, COMMIT = "BEGIN 744", "COMMIT 744 (at 2026-03-01 00:05:00+00)"


def test_types_quotes_nulls_and_arrays() -> None:
    line = (
        "table public.ledger: INSERT: id[uuid]:'a1' amount_cents[bigint]:-500 note[text]:'it''s: a[b]:''c''' "
        "gone[text]:null flag[boolean]:true ids[uuid[]]:'{a,b}' doc[jsonb]:'{\"a\": [1, \"x y\"]}' "
        "at[timestamp with time zone]:'2026-03-01 00:05:00+00' tx[xid8]:'744' \"odd name\"[character varying]:'z'"
    )
    [transaction] = parse(enumerate([BEGIN, line, COMMIT]))
    [change] = transaction.changes
    assert transaction.server_xid == "744"
    assert (change.table, change.op) == ("ledger", "insert")
    assert change.new == {
        "id": "a1",
        "amount_cents": -500,
        "note": "it's: a[b]:'c'",
        "gone": None,
        "flag": True,
        "ids": "{a,b}",
        "doc": {"a": [1, "x y"]},
        "at": "2026-03-01T00:05:00+00:00",
        "tx": "xid8:744",
        "odd name": "z",
    }


def test_update_of_a_key_has_both_rows() -> None:
    line = "table public.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 big[text]:unchanged-toast-datum"
    [transaction] = parse(enumerate([BEGIN, line, COMMIT]))
    assert transaction.changes[0].key == {"id": 1}
    assert transaction.changes[0].new == {"id": 2}


def test_delete_has_its_key_and_truncate_its_table() -> None:
    lines = ["table public.t: DELETE: id[integer]:1", 'table "public"."T x": TRUNCATE: (no-flags)']
    [transaction] = parse(enumerate([BEGIN, *lines, COMMIT]))
    assert [(change.table, change.op, change.key) for change in transaction.changes] == [
        ("t", "delete", {"id": 1}),
        ("T x", "truncate", {}),
    ]


def test_a_large_document_stands_by_its_hash() -> None:
    document = '{"board": "' + "x" * 5000 + '"}'
    [transaction] = parse(enumerate([BEGIN, f"table public.t: INSERT: doc[jsonb]:'{document}'", COMMIT]))
    value = transaction.changes[0].new["doc"]
    assert isinstance(value, dict)
    assert value["characters"] == len(document)


def test_a_line_of_another_form_is_refused() -> None:
    with pytest.raises(WalError, match="not a line of test_decoding"):
        list(parse(enumerate([BEGIN, "message: transactional: 1", COMMIT])))


def columns(text: str) -> dict[str, object]:
    [transaction] = parse(enumerate([BEGIN, f"table public.t: INSERT: {text}", COMMIT]))
    return dict(transaction.changes[0].new)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at[timestamp with time zone]:'2026-03-01 00:05:00+00'", "2026-03-01T00:05:00+00:00"),
        ("at[timestamp with time zone]:'2026-03-01 00:05:00.5+00'", "2026-03-01T00:05:00.500000+00:00"),
        ("at[timestamp with time zone]:'2026-03-01 05:35:00+05:30'", "2026-03-01T00:05:00+00:00"),
        ("bits[bit(3)]:B'101'", "B'101'"),
        ("text[text]:'null'", "null"),
        ("text[text]:''", ""),
        ("text[text]:''''", "'"),
        ("text[text]:'two\nlines'", "two\nlines"),
        ("text[text]:'ends with a line\n'", "ends with a line\n"),
        ("text[text]:'unchanged-toast-datum'", "unchanged-toast-datum"),
        ("amount[numeric]:1.50", "1.50"),
    ],
)
def test_a_value_is_what_was_written_whatever_follows_it(column: str, value: str) -> None:
    name = column.partition("[")[0]
    assert columns(column) == {name: value}
    assert columns(f"{column} next[integer]:7") == {name: value, "next": 7}


@pytest.mark.parametrize(
    "text", ["id[integer]", "id[text]:'open", "a[text]:'x'b[text]:'y'", "id[integer]:1  b[text]:'y'"]
)
def test_a_row_that_breaks_off_or_runs_together_is_refused(text: str) -> None:
    with pytest.raises(WalError, match="not a column"):
        columns(text)
