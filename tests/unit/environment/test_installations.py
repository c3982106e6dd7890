"""Which of the machine's PostgreSQL servers a target gets, and what is said where none fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.environment import engine as docker_presence
from simulation.environment import installations
from simulation.environment.choice import environment_of_processes
from simulation.environment.installations import Needs, installation_for, of_this_machine, that_comes_along
from simulation.errors import EnvironmentFault, UsageError

_CRYPTO = Needs(extensions={"pgcrypto": "schema.sql:3"})


def _install(root: Path, version: int, *extensions: str, decoder: bool = True) -> None:
    """A server as Debian's packages lay it out, in miniature."""
    folder = root / "usr" / "lib" / "postgresql" / str(version)
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    for file in ("bin/postgres", "bin/initdb", *(["lib/test_decoding.so"] if decoder else [])):
        (folder / file).touch()
    share = root / "usr" / "share" / "postgresql" / str(version) / "extension"
    share.mkdir(parents=True)
    for name in extensions:
        (share / f"{name}.control").touch()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's root folder without a server; and no container engine."""
    monkeypatch.setattr(installations, "of_this_machine", lambda: of_this_machine(tmp_path))
    monkeypatch.setattr(docker_presence, "what_is_missing", lambda: "no Docker engine answers")
    return tmp_path


def test_the_server_that_comes_along_is_taken_for_what_it_has(machine: Path) -> None:
    _install(machine, 15, "pgcrypto", "citext")
    asked = dict.fromkeys(("citext", "pg_trgm", "btree_gist", "hstore"), "schema.sql:1")
    assert installation_for(Needs(extensions=asked)) == that_comes_along()


def test_the_newest_of_the_machine_that_has_it_is_taken(machine: Path) -> None:
    _install(machine, 14, "pgcrypto")
    _install(machine, 15, "pgcrypto")
    _install(machine, 16, "pgcrypto")
    _install(machine, 17)
    _install(machine, 19, "pgcrypto", decoder=False)
    assert installation_for(_CRYPTO).version == 16
    assert installation_for(Needs(version=15)).version == 15
    chosen = environment_of_processes("auto", _CRYPTO)
    assert chosen.name == "embedded"
    assert "PostgreSQL 16 of this machine" in chosen.reason
    assert chosen.reason.endswith("has pgcrypto (schema.sql:3)")


def test_where_none_has_it_what_each_lacks_is_said_and_what_to_install(machine: Path) -> None:
    _install(machine, 15, "citext")
    with pytest.raises(EnvironmentFault) as fault:
        environment_of_processes("auto", _CRYPTO)
    assert "pgcrypto (schema.sql:3)" in fault.value.problem
    assert "PostgreSQL 18 that comes along lacks pgcrypto" in fault.value.problem
    assert "lacks pgcrypto" in fault.value.problem.rpartition(";")[2]
    assert "apt-get install postgresql" in fault.value.remedy
    with pytest.raises(EnvironmentFault, match=r"PostgreSQL 17: .* lacks the version(.|\n)*postgresql-17"):
        installation_for(Needs(version=17))


def test_a_container_is_taken_where_only_it_has_the_extension(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not of_this_machine(machine)
    monkeypatch.setattr(docker_presence, "what_is_missing", lambda: None)
    assert environment_of_processes("auto", _CRYPTO).name == "containers"
    with pytest.raises(EnvironmentFault):
        environment_of_processes("auto", Needs(version=16))
    with pytest.raises(UsageError, match="the image has PostgreSQL 18, and the target asks for PostgreSQL 16"):
        environment_of_processes("containers", Needs(version=16))
