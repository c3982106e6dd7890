"""``simulate target init``: what it writes is whole and can be read, and it never writes over anything."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from simulation.cli.target_init import target_init
from simulation.errors import UsageError
from simulation.targets import protocol
from simulation.targets.new_folder import FILES, write_target_folder
from simulation.targets.process.loader import read_target
from simulation.targets.process.target_file import JobPurpose, load_target_file
from simulation.targets.queries import RELATIONS, load_queries
from simulation.world.ports import People

_COMPUTED_BY_THE_OBSERVER = {"payload_sha256": "payload"}


def _documented_columns() -> dict[str, set[str]]:
    """The columns of each canonical relation, as the protocol's docstring lists them."""
    text = inspect.getdoc(protocol) or ""
    found: dict[str, set[str]] = {}
    for relation, columns in re.findall(r"^- ``(\w+)``: (.+?)(?=^- ``|\Z)", text, re.S | re.M):
        names = re.sub(r"\([^()]*\)", "", columns)
        words = [name.strip().split()[0] for name in names.split(",") if name.strip()]
        found[relation] = {_COMPUTED_BY_THE_OBSERVER.get(word, word) for word in words}
    return found


def test_the_template_of_target_toml_is_accepted_as_it_stands(tmp_path: Path) -> None:
    write_target_folder(tmp_path / "mine")
    target = load_target_file(tmp_path / "mine")
    assert target.name == "my-backend"
    assert {job.does for job in target.job} == set(JobPurpose.__args__)  # type: ignore[attr-defined]


def test_the_template_of_a_shop_is_read_as_it_stands_and_knows_no_contest(tmp_path: Path) -> None:
    folder = tmp_path / "shop"

    answer = CliRunner().invoke(target_init, [str(folder), "--profile", "payments"])

    assert answer.exit_code == 0, answer.output
    assert f"simulate run shop_6d --target {folder}" in answer.output
    choice = read_target(folder)
    assert choice.file.profile == "payments"
    assert "contests" in choice.contract.works.without
    assert not choice.relations.keys() & choice.contract.works.absent.keys()
    assert "contest_id" not in "".join((folder / name).read_text(encoding="utf-8") for name in FILES)


def test_a_shop_is_proposed_from_no_schema(tmp_path: Path) -> None:
    schema = tmp_path / "schema.sql"
    schema.write_text("CREATE TABLE orders (id bigint PRIMARY KEY);", encoding="utf-8")

    answer = CliRunner().invoke(target_init, [str(tmp_path / "shop"), "--profile", "payments", "--schema", str(schema)])

    assert answer.exit_code == 2
    assert "proposed from no schema" in answer.output


def test_contests_are_left_out_by_the_profile_and_by_no_contract(tmp_path: Path) -> None:
    write_target_folder(tmp_path / "mine")
    (tmp_path / "mine" / "contract.yaml").write_text("business: {without: {contests: we sell things}}\n")

    with pytest.raises(UsageError, match='write `profile = "payments"` at the top'):
        read_target(tmp_path / "mine")


def test_the_template_has_a_query_for_every_relation_with_every_documented_column(tmp_path: Path) -> None:
    write_target_folder(tmp_path / "mine")
    queries = load_queries(tmp_path / "mine" / "observe.sql")
    columns = {relation: set(re.findall(r" AS (\w+)", query)) for relation, query in queries.items()}
    assert tuple(queries) == RELATIONS
    assert columns == _documented_columns()


def test_the_template_of_people_has_the_methods_of_the_protocol(tmp_path: Path) -> None:
    file = write_target_folder(tmp_path / "mine")[FILES.index("people.py")]
    spec = importlib.util.spec_from_file_location("template_people", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    people = module.People(httpx.Client())
    methods = [name for name in vars(People) if not name.startswith("_")]
    assert methods
    for name in methods:
        wanted, found = inspect.signature(getattr(People, name)), inspect.signature(getattr(people, name))
        assert list(found.parameters) == [parameter for parameter in wanted.parameters if parameter != "self"]


def test_a_folder_with_something_in_it_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"not empty: notes\.txt"):
        write_target_folder(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_a_place_where_no_folder_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_target_folder(tmp_path / "file" / "below")


def test_the_command_names_what_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    answer = CliRunner().invoke(target_init, [str(tmp_path / "mine")], standalone_mode=False)
    assert answer.return_value == 0
    assert all(str(tmp_path / "mine" / name) in answer.output for name in FILES)
    assert f"simulate target check {tmp_path / 'mine'}" in answer.output
