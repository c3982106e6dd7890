"""The engine against a plain reading of the same contract, row by row, over runs that Hypothesis draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.unit.checks.conformance.seen import Seen, contract, delete, insert, update

IDS, CENTS, NAMES = ("a", "b", "c"), (1, 2), ("n1", "n2", "n3")
CONTRACT = contract("""
    tables:
      owners:
        writes:
          - {name: joined, op: insert, columns: {name: {one_of: [n1, n2]}}}
      orders:
        complete: true
        writes:
          - name: ordered
            op: insert
            joins: {owner: {table: owners, where: {id: row.id}}}
            for_each: {request: "POST /orders"}
            match: {id: request.answer.id}
            columns:
              id: {identity: unique}
              cents: {given: request.body.cents}
              owner: {any_of: [{given: owner.name}, {constant: null}]}
              alike: {count: orders, where: {cents: row.cents}}
              total: {sum: orders.cents, where: {}}
          - name: raised
            op: update
            for_each: {request: "POST /orders/{id}/cents"}
            match: {id: request.path.id}
            every: false
            columns:
              cents: {derived: plus, of: [old.cents, request.body.cents]}
              owner: {state: n1, after: [n2, null]}
""")

request = st.tuples(st.just("request"), st.sampled_from(IDS), st.sampled_from(CENTS))
raise_ = st.tuples(st.just("raise"), st.sampled_from(IDS), st.sampled_from(CENTS))
owner = st.tuples(st.just("owner"), st.sampled_from(IDS), st.sampled_from(NAMES))
numbers = st.integers(0, 4)
row = st.fixed_dictionaries(
    {
        "id": st.sampled_from(IDS),
        "cents": numbers,
        "owner": st.sampled_from((None, *NAMES)),
        "alike": numbers,
        "total": numbers,
    }
)
inserted = st.tuples(st.just("insert"), row)
changed = st.tuples(st.just("update"), row)
gone = st.tuples(st.just("delete"), st.sampled_from(IDS))
transaction = st.tuples(
    st.just("write"), st.lists(st.one_of(inserted, inserted, changed, gone), min_size=1, max_size=2)
)
runs = st.lists(st.one_of(request, raise_, owner, transaction, transaction), min_size=1, max_size=10)
Told = tuple[str, str, str, str, str]
"""Kind, table, column, row and write of a complaint."""


@dataclass
class Plain:
    """The contract above, read without indices, plans or joins: every question is asked of the whole list."""

    whole: bool

    def __post_init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.owners: list[dict[str, Any]] = []
        self.ids_so_far: list[str] = []
        self.told: Counter[Told] = Counter()

    def read(self, run: list[Any]) -> Counter[Told]:
        asked = [{"id": id, "cents": cents} for what, id, cents in _requests(run, "request")]
        raised = [{"id": id, "cents": cents} for what, id, cents in _requests(run, "raise")]
        for what, *rest in run:
            if what == "owner":
                self.join(*rest)
            if what == "write":
                self.commit(rest[0], asked, raised)
        for _ in asked if self.whole else ():
            self.told["rows", "orders", "", "", "ordered"] += 1
        return self.told

    def join(self, id: str, name: str) -> None:
        self.owners = [each for each in self.owners if each["id"] != id]
        self.owners.append({"id": id, "name": name})
        if name not in ("n1", "n2"):
            self.told["values", "owners", "name", id, "joined"] += 1

    def commit(self, changes: list[Any], asked: list[Any], raised: list[Any]) -> None:
        """All changes are made before any is looked at: a transaction is one thing."""
        rows = []
        for op, content in changes:
            id = content if op == "delete" else content["id"]
            old = next((each for each in self.orders if each["id"] == id), None)
            new = dict(old or {}) if op == "delete" else {**(old or {}), **content}
            self.orders = [each for each in self.orders if each["id"] != id]
            self.orders += [] if op == "delete" else [new]
            rows.append((op, old, new))
        for op, old, new in rows:
            if op == "insert":
                self.insert(new, asked)
            if op == "update":
                self.update(old, new, raised)

    def insert(self, row: dict[str, Any], asked: list[Any]) -> None:
        fact = next((each for each in asked if each["id"] == row["id"]), None)
        if fact is None:
            self.told["rows", "orders", "", row["id"], "ordered"] += 1
            return
        asked.remove(fact)
        owners = [each["name"] for each in self.owners if each["id"] == row["id"]]
        right = {
            "id": row["id"] not in self.ids_so_far,
            "cents": row["cents"] == fact["cents"],
            "owner": row["owner"] is None or row["owner"] in owners,
            "alike": row["alike"] == sum(each["cents"] == row["cents"] for each in self.orders),
            "total": row["total"] == sum(each["cents"] for each in self.orders),
        }
        self.ids_so_far.append(row["id"])
        self.tell(right, row, "ordered")

    def update(self, old: dict[str, Any] | None, row: dict[str, Any], raised: list[Any]) -> None:
        fact = next((each for each in raised if each["id"] == row["id"]), None)
        if old is None or fact is None:
            self.told["rows", "orders", "", row["id"], "raised"] += 1
            return
        raised.remove(fact)
        right = {
            "cents": row["cents"] == old["cents"] + fact["cents"],
            "owner": row["owner"] == "n1" and old["owner"] in ("n2", None),
            **{column: row[column] == old[column] for column in ("id", "alike", "total")},
        }
        self.tell(right, row, "raised")

    def tell(self, right: dict[str, bool], row: dict[str, Any], write: str) -> None:
        for column, good in right.items():
            kind = {("id", "ordered"): "identities", ("owner", "raised"): "states"}.get((column, write), "values")
            self.told[kind, "orders", column, row["id"], write] += not good


def _requests(run: list[Any], what: str) -> list[Any]:
    return [each for each in run if each[0] == what]


def seen(run: list[Any], *, whole: bool) -> Seen:
    """The run as the witnesses would have it."""
    result = Seen(whole=whole)
    for what, *rest in run:
        match what:
            case "request":
                result.request("POST /orders", body={"cents": rest[1]}, answer={"id": rest[0]})
            case "raise":
                result.request(f"POST /orders/{rest[0]}/cents", body={"cents": rest[1]})
            case "owner":
                result.write(insert("owners", id=rest[0], name=rest[1]))
            case "write":
                result.write(*(_change(op, content) for op, content in rest[0]))
    return result


def _change(op: str, content: Any) -> Any:
    if op == "delete":
        return delete("orders", id=content)
    return (insert if op == "insert" else update)("orders", **content)


@settings(max_examples=300)
@given(run=runs, whole=st.booleans())
def test_the_engine_complains_of_exactly_what_a_plain_reading_finds(run: list[Any], whole: bool) -> None:
    assume(any(each[0] in ("owner", "write") for each in run))
    expected = +Plain(whole=whole).read(run)

    found = Counter(
        (each.kind, each.table, each.column, each.row, each.write)
        for each in seen(run, whole=whole).complaints(CONTRACT)
    )

    event(f"{min(len(expected), 5)} kinds of complaints or more")
    assert found == expected
