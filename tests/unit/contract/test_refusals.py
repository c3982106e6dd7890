"""Contract files that cannot be meant are refused with file, line, what is wrong and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.contract.document import NO_CONTRACT
from simulation.contract.file import load_contract
from simulation.contract.rules import EXACT, kind_name
from simulation.errors import UsageError
from simulation.paths import STAGING_TARGET_FOLDER

GOOD = """\
tables:
  users:
    complete: true
    inserted:
      id: {identity: unique}
    updated:
      email: {given: request.body.email}
    writes:
      - name: sign-up
        op: insert
        for_each: {request: "POST /api/users/{kind}"}
        match: {id: request.answer.id}
        columns:
          email: {given: request.body.email}
      - name: another address
        op: update
        when: {email: x}
        for_each: {request: "POST /api/users/{id}/email"}
        match: {id: request.path.id}
  prizes:
    key: [number]
    writes:
      - name: made
        op: insert
        joins: {winner: {table: users, where: {id: row.user_id}}}
        for_each: {fact: settlement}
        match: {contest: settlement.contest_id}
        columns:
          name: {given: winner.email}
          sum: {sum: prizes.cents, where: {contest: row.contest}}
          places: {list: settlement.entrants, called: entrant, each: {given: entrant.rank}}
"""
EMAIL = "          email: "
SIGN_UP = '{request: "POST /api/users/{kind}"}'


RULES = [
    ("{givn: request.body.email}", "columns.email: is no rule", "given, derived, text"),
    ("request.body.email", "columns.email: is no rule", "{given: request.body.email}"),
    ("{given: request.body.email, minus: 1}", "columns.email.minus: unknown key", "known: given"),
    ("{given: request.body.email, free: x}", "means nothing to a given", "remove it"),
    ("{document: {a: {b: {c: 1}}}}", "columns.email.document.a: is no rule", "given"),
    ("{free: no}", "columns.email.free", "write a text"),
    ("{free: a secret}", "should have at least 10 characters", "an example of every rule"),
    ("{one_of: [x]}", "at least 2 items", "an example of every rule"),
    ("{any_of: [{constant: x}]}", "at least 2 items", "an example of every rule"),
    ("{mapped: request.body.email, to: {}}", "at least 1 item", "an example of every rule"),
    ("{state: x}", "a state needs after", "add `after:`"),
    ("{unchanged: true}", "an insert has no row before it", "begins with"),
    ("{identity: unique, by: [id]}", "by means nothing to an identity that is unique", "shared"),
    ("{document: {a: {identity: unique}}}", "identity is about a whole column", "of the column"),
    ("{document: {a: {state: x, after: [y]}}}", "state is about a whole column", "of the column"),
    ("{any_of: [{constant: x}, {unchanged: true}]}", "has no row before it", "begins with"),
    ("{composed: 'a:{x}', parts: {}}", "{x} has no rule", "add `x:` below `parts:`"),
    ("{composed: 'a', parts: {x: {constant: 1}}}", "{x} is not in the text", "remove it"),
    ("{composed: '{x}{x}', parts: {x: {constant: 1}}}", "{x} stands twice", "differently"),
    ("{asked: [/api/users]}", "'/api/users' is no route", "METHOD /path"),
    ("{list: request.body, called: x, each: {words: [x]}}", "words does not say one value", "given"),
    ("{object: request.body, called: x, key: y.id, each: {given: x.a}}", "begins with 'y'", "x"),
    ("{given: the request}", "'the request' is no path", "names joined by dots"),
    ("{given: reqest.body.email}", "begins with 'reqest', which is not there", "'request'"),
    ("{given: request.bodi.email}", "a request has no 'bodi'", "'body'"),
    ("{given: request.path.knd}", "the route POST /api/users/{kind} has no 'knd'", "'kind'"),
    ("{given: request.id.length}", "nothing stands below a value", "end the path before 'length'"),
    ("{given: row.idd}", "a row of users has no 'idd'", "'id'"),
    ("{given: old.email}", "begins with 'old', which is not there", "row"),
    ("{given: with.prises.id}", "the contract has no 'prises'", "'prizes'"),
    ("{given: with.users.idd}", "a row of users has no 'idd'", "'id'"),
    ("{given: all.users.first.id}", "'first' is no place in a list", "write a number"),
    ("{instant: transaction.on}", "a TransactionScope has no 'on'", "at"),
    ("{text: 'user:{rwo.id}'}", "begins with 'rwo'", "'row'"),
    ("{text: 'user:{row id}'}", "'row id' is no path", "names joined by dots"),
    ("{words: [x, '{rwo.id}']}", "begins with 'rwo'", "'row'"),
    ("{any_of: [{constant: 1}, {given: rwo.id}]}", "begins with 'rwo'", "'row'"),
    ("{derived: lowr, of: [row.id]}", "there is no function 'lowr'", "'lower'"),
    ("{derived: lower, of: [row.id, row.id]}", "lower does not take 2 values", "it takes text"),
    ("{derived: plus, of: [{konstant: 3}]}", "columns.email.of.0: is no rule", "{given: request.body.email}"),
    ("{count: usrs, where: {id: row.id}}", "table 'usrs' is not in the contract", "'users'"),
    ("{count: users, where: {idd: row.id}}", "there is no column 'idd'", "'id'"),
    ("{sum: users, where: {id: row.id}}", "'users' is no column", "write table.column"),
    ("{sum: users.idd, where: {}}", "there is no column 'idd'", "'id'"),
    ("{refers: usrs.id}", "table 'usrs' is not in the contract", "'users'"),
    ("{refers: users.idd}", "there is no column 'idd'", "'id'"),
    ("{refers: users.id, same: {emial: id}}", "there is no column 'emial'", "'email'"),
    ("{refers: users.id, same: {email: idd}}", "there is no column 'idd'", "'id'"),
    ("{identity: shared, by: [emial]}", "there is no column 'emial'", "'email'"),
]
"""A rule in the place of an inserted column's, what is said of it, and the remedy."""

OTHERS = [
    # keys and forms
    ("    complete: true", "    compleet: true", "tables.users.compleet: unknown key", "'complete'"),
    ("        op: insert\n        for", "        oop: insert\n        for", "oop: unknown key", "'op'"),
    ("        op: update", "        op: upsert", "'upsert' is none of the known values", "insert, update, delete"),
    ("    key: [number]", "    key: number", "tables.prizes.key", "write a list"),
    # paths of shared rules, joined rows and listed things
    ("      email: {given: request.body.e", "      email: {given: x.e", "begins with 'x'", "row"),
    ("      id: {identity: unique}", "      id: {given: request.bdy}", "a request has no 'bdy'", "'body'"),
    ("{given: winner.email}", "{given: winner.emial}", "a row of users has no 'emial'", "'email'"),
    ("{given: entrant.rank}", "{given: entrant.rnk}", "EntrantResult has no 'rnk'", "'rank'"),
    ("list: settlement.entrants", "list: settlement.entrant", "Settlement has no 'entrant'", "'entrants'"),
    # the facts of a write
    (SIGN_UP, "{request: POST /a, fact: prize}", "names 2 kinds of facts", "exactly one"),
    (SIGN_UP, "{where: {a: 1}}", "names 0 kinds of facts", "exactly one"),
    (SIGN_UP, "{fact: prise}", "there is no fact 'prise'", "'prize'"),
    (SIGN_UP, "{request: /api/users}", "'/api/users' is no route", "METHOD /path"),
    (SIGN_UP, "{request: POST /a, outcome: ok}", "only a call has outcome", "remove it"),
    (SIGN_UP, "{event: '*', status: [200]}", "only a request has status", "remove it"),
    (SIGN_UP, "{request: POST /a, distinct: key}", "a request has no 'key'", "idempotency_key"),
    (SIGN_UP, "{request: POST /a, where: {state: x}}", "a request has no 'state'", "'status'"),
    ("{id: request.answer.id}", "{}", "for_each needs `match:`", "match: {id: request.id}"),
    ("{id: request.answer.id}", "{id: row.email}", "'row.email' is not in the fact", "request."),
    ("{id: request.answer.id}", "{id: request.anser}", "a request has no 'anser'", "'answer'"),
    ("{id: request.answer.id}", "{idd: request.id}", "there is no column 'idd'", "'id'"),
    ("{contest: settlement", "{winner.idd: settlement", "a row of users has no 'idd'", "'id'"),
    (f"        for_each: {SIGN_UP}\n", "", "match means nothing without for_each", "name the facts"),
    (f"for_each: {SIGN_UP}", "every: false", "every means nothing without for_each", "name the facts"),
    # writes and tables
    ("when: {email: x}", "when: {emial: x}", "there is no column 'emial'", "'email'"),
    ("when: {email: x}", "before: {emial: x}", "there is no column 'emial'", "'email'"),
    ("when: {email: x}", "columns: {emial: {constant: x}}", "there is no column 'emial'", "'email'"),
    ("when: {email: x}", "touching: {prises: true}", "'prises' is not in the contract", "'prizes'"),
    ("op: insert", "op: insert\n        before: {email: x}", "an insert has no row before it", "remove `before:`"),
    ("{table: users", "{table: usrs", "table 'usrs' is not in the contract", "'users'"),
    ("where: {id: row", "where: {idd: row", "there is no column 'idd'", "'id'"),
    ("where: {id: row.user_id}", "where: {id: rwo.user_id}", "begins with 'rwo'", "'row'"),
    ("where: {id: row.user_id}", "where: {}", "joins.winner.where: {} is not accepted", "an example"),
    ("joins: {winner: {", "joins: {settlement: {", "'settlement' is taken", "other than"),
    ("complete: true", "complete: true\n    key: [idd]", "there is no column 'idd'", "'id'"),
    ("      - name: made", "      - {name: x, op: insert}\n      - name: made", "never reached", "put that one last"),
    (
        "      - name: sign-up",
        "      - {name: first, op: insert, when: {id: x}}\n      - name: sign-up",
        "no rule for email, and users is complete",
        "write a rule for each column",
    ),
]
"""What is exchanged in GOOD for what, what is said of it, and the remedy."""


def written(folder: Path, text: str, name: str = "contract.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        load_contract(folder)
    return caught.value


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_a_good_contract_is_loaded(tmp_path: Path) -> None:
    written(tmp_path, GOOD)

    contract = load_contract(tmp_path)

    assert [write.name for write in contract.tables["users"].writes] == ["sign-up", "another address"]
    assert contract.tables["prizes"].key == ("number",)


@pytest.mark.parametrize(("rule", "problem", "remedy"), RULES)
def test_a_rule_that_cannot_be_meant_is_refused(tmp_path: Path, rule: str, problem: str, remedy: str) -> None:
    text = GOOD.replace(EMAIL + "{given: request.body.email}", EMAIL + rule)
    file = written(tmp_path, text)

    refused = refusal(tmp_path)

    assert refused.place == f"{file}:{line_of(text, EMAIL)}"
    assert problem in refused.problem
    assert remedy in refused.remedy


@pytest.mark.parametrize(("old", "new", "problem", "remedy"), OTHERS)
def test_a_contract_that_cannot_be_meant_is_refused(
    tmp_path: Path, old: str, new: str, problem: str, remedy: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    file = written(tmp_path, text)

    refused = refusal(tmp_path)

    changed = {number for number, line in enumerate(text.splitlines(), start=1) if line not in GOOD.splitlines()}
    where, _, line = refused.place.rpartition(":")
    assert where == str(file)
    assert not changed or int(line) in {number + below for number in changed for below in (-1, 0, 1)}
    assert problem in refused.problem
    assert remedy in refused.remedy


@pytest.mark.parametrize("text", ["", "- users", "users", "tables: [users]", "tables:"])
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)

    refused = refusal(tmp_path)

    assert refused.place == f"{file}:1"
    assert "tables" in refused.remedy or "key: value" in refused.remedy


def test_a_target_without_a_contract_declares_nothing(tmp_path: Path) -> None:
    assert load_contract(tmp_path) == NO_CONTRACT


def test_files_of_a_folder_are_one_contract(tmp_path: Path) -> None:
    written(tmp_path, "tables: {users: {what: People, writes: [{name: a, op: insert}]}}", "contract/1.yaml")
    written(tmp_path, "tables: {users: {writes: [{name: b, op: update}]}, prizes: {}}", "contract/2.yaml")

    contract = load_contract(tmp_path)

    assert contract.tables["users"].what == "People"
    assert [write.name for write in contract.tables["users"].writes] == ["a", "b"]
    assert set(contract.tables) == {"users", "prizes"}


def test_a_file_may_speak_of_the_tables_of_another(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "contract/1.yaml")
    rules = "{columns: {n: {count: users, where: {email: row.a}}}, name: a, op: insert}"
    written(tmp_path, f"tables: {{orders: {{writes: [{rules}]}}}}", "contract/2.yaml")
    assert set(load_contract(tmp_path).tables) == {"users", "prizes", "orders"}

    file = written(tmp_path, f"tables: {{orders: {{writes: [{rules.replace('email', 'mail')}]}}}}", "contract/2.yaml")

    refused = refusal(tmp_path)
    assert refused.place == f"{file}:1"
    assert "there is no column 'mail'" in refused.problem


def test_a_table_described_twice_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "tables: {users: {what: People}}", "contract/1.yaml")
    second = written(tmp_path, "tables:\n  users: {complete: true}", "contract/2.yaml")

    refused = refusal(tmp_path)

    assert refused.place == f"{second}:2"
    assert "users is described in 1.yaml already" in refused.problem
    assert "only `writes:`" in refused.remedy


def test_a_file_beside_a_folder_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    written(tmp_path, GOOD, "contract/1.yaml")

    refused = refusal(tmp_path)

    assert (refused.place, refused.remedy) == (str(file), "keep one of the two")


@pytest.mark.parametrize("name", ["contract.yml", "contract/users.yml"])
def test_a_file_that_would_be_passed_over_is_refused(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, GOOD, name)

    refused = refusal(tmp_path)

    assert refused.place == str(file)
    assert refused.remedy == f"call it {file.stem}.yaml"


def test_a_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "contract").mkdir()
    assert "has no .yaml file" in refusal(tmp_path).problem


def test_shared_rules_of_no_write_are_refused(tmp_path: Path) -> None:
    text = GOOD.replace("op: update", "op: delete")
    file = written(tmp_path, text)

    refused = refusal(tmp_path)

    assert refused.place == f"{file}:{line_of(text, 'updated:')}"
    assert "no write of users is an update" in refused.problem
    assert "`op: update`" in refused.remedy


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace("winner.email", "winner.mail").replace("entrant.rank", "entrant.place"))
    assert [each.problem.split()[-1] for each in refusal(tmp_path).each] == ["'mail'", "'place'"]


def test_the_contract_of_the_staging_platform_has_no_mistake() -> None:
    contract = load_contract(STAGING_TARGET_FOLDER)
    assert all(table.complete for table in contract.tables.values() if table.writes)


def test_rules_of_exactly_one_value_are_those_that_the_jury_can_compute() -> None:
    assert {kind_name(kind) for kind in EXACT} == {
        "given", "derived", "text", "count", "sum", "constant", "document", "list", "object", "mapped", "caller",
        "unchanged", "found", "happened", "when", "rows",
    }  # fmt: skip


ANSWER = """\
tables:
  prizes: {what: Somebody won them}
answers:
  - to: "GET /prizes/{id}"
    looks: {found: {rows: prizes, where: {id: request.path.id}}}
    body: {given: found.0.cents}
metrics:
  owed: {each: {rows: prizes}}
"""
MISSTATED = [
    ("{given: found.0.cents}", "{given: fund.0.cents}", "'fund'", "'found'"),
    ("{given: found.0.cents}", "{identity: unique}", "identity is about a whole column", "of the column"),
    ("{given: found.0.cents}", "{refers: prizes.id}", "refers is about a write", "`now`"),
    ("{given: found.0.cents}", "{instant: commit}", "instant is about a write", "`now`"),
    ("rows: prizes, where", "rows: prises, where", "table 'prises' is not in the contract", "'prizes'"),
    ("request.path.id", "request.path.key", "the route GET /prizes/{id} has no 'key'", "known: id"),
    ("{given: found.0.cents}", "{happened: refunds}", "there is no fact 'refunds'", "refund_made"),
    ("{given: found.0.cents}", "{when: found, then: fond, otherwise: {constant: 0}}", "'fond'", "'found'"),
    ("{given: found.0.cents}", "{found: prizes, where: {id: now}}", "'prizes' is no column", "table.column"),
    ("    body: {given: found.0.cents}\n", "", "has no rule", "`body:`"),
    ("looks: {found:", "looks: {now:", "'now' is taken", "other than"),
    ("{each: {rows: prizes}}", "{labels: {a: [b]}}", "nothing says what the metric's value is", "`value:`"),
    ("{each: {rows: prizes}}", "{each: {rows: prizes}, labels: {a: [b]}}", "no value for the labels ['a']", "`by:`"),
    ("{each: {rows: prizes}}", "{value: {given: label.a}}", "the metric has no 'a'", "known: "),
]


@pytest.mark.parametrize(("right", "wrong", "problem", "remedy"), MISSTATED)
def test_a_statement_that_cannot_be_meant_is_refused(
    tmp_path: Path, right: str, wrong: str, problem: str, remedy: str
) -> None:
    assert right in ANSWER
    written(tmp_path, ANSWER.replace(right, wrong))
    refused = refusal(tmp_path)
    assert problem in refused.problem
    assert remedy in refused.remedy


def test_a_value_from_the_platform_s_own_answer_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace(EMAIL + "{given: request.body.email}", EMAIL + "{given: request.answer.email}")
    file = written(tmp_path, text)
    refused = refusal(tmp_path)
    assert refused.place == f"{file}:{line_of(text, EMAIL)}"
    assert "'request.answer.email' is the platform's own word" in refused.problem
    written(tmp_path, text.replace("request.answer.email", "request.answer.user_id"))
    load_contract(tmp_path)
