"""Data folders of PostgreSQL are kept between runs, whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from simulation.environment import data_folder


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as initdb makes it, in miniature."""
    monkeypatch.setattr(data_folder, "KEPT", tmp_path / "build" / "postgres")
    data = tmp_path / "made"
    (data / "base" / "1").mkdir(parents=True, mode=0o700)
    (data / "PG_VERSION").write_text("18\n")
    (data / "base" / "1" / "112").write_bytes(bytes(8192))
    (data / "base" / "1" / "112").chmod(0o600)
    return data


def fresh(tmp_path: Path, name: str = "data") -> Path:
    (tmp_path / name).mkdir(mode=0o700)
    return tmp_path / name


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_kept_folder_comes_back_whole_with_its_password(tmp_path: Path, made: Path) -> None:
    data_folder.keep("abc", made, password="secret")
    into = fresh(tmp_path)
    assert data_folder.take("abc", into) == "secret"
    assert files_in(into) == files_in(made)
    assert (into / "base" / "1" / "112").stat().st_mode & 0o777 == 0o600


def test_what_was_made_of_something_else_is_not_taken(tmp_path: Path, made: Path) -> None:
    data_folder.keep("abc", made, password="secret")
    into = fresh(tmp_path)
    assert data_folder.take("abd", into) is None
    assert files_in(into) == {}


def test_another_server_or_other_options_have_another_digest(tmp_path: Path) -> None:
    for folder in ("bin", "share"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin" / "initdb").write_bytes(b"initdb 18.6")
    (tmp_path / "bin" / "postgres").write_bytes(b"postgres 18.6")
    (tmp_path / "share" / "postgres.bki").write_bytes(b"catalogue")
    options = ("--locale=C",)
    digest = data_folder.digest_of(tmp_path / "bin", tmp_path / "share", options)
    assert data_folder.digest_of(tmp_path / "bin", tmp_path / "share", options) == digest
    assert data_folder.digest_of(tmp_path / "bin", tmp_path / "share", ("--locale=POSIX",)) != digest
    (tmp_path / "share" / "postgres.bki").write_bytes(b"another catalogue")
    changed = data_folder.digest_of(tmp_path / "bin", tmp_path / "share", options)
    (tmp_path / "bin" / "initdb").write_bytes(b"initdb 18.7")
    assert len({digest, changed, data_folder.digest_of(tmp_path / "bin", tmp_path / "share", options)}) == 3


def test_two_that_keep_the_same_at_once_do_not_disturb_each_other(tmp_path: Path, made: Path) -> None:
    keepers = [threading.Thread(target=data_folder.keep, args=("abc", made), kwargs={"password": "x"}) for _ in "12345"]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join()
    assert [entry.name for entry in data_folder.KEPT.iterdir()] == ["abc"]
    into = fresh(tmp_path)
    assert data_folder.take("abc", into) == "x"
    assert files_in(into) == files_in(made)


def test_a_folder_that_is_being_removed_leaves_nothing_behind(tmp_path: Path, made: Path) -> None:
    data_folder.keep("abc", made, password="secret")
    (data_folder.KEPT / "abc" / "data" / "PG_VERSION").unlink()
    (data_folder.KEPT / "abc" / "password").unlink()
    into = fresh(tmp_path)
    (into / "half").mkdir()
    assert data_folder.take("abc", into) is None
    assert list(into.iterdir()) == []


def test_where_nothing_can_be_kept_the_run_goes_on(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(data_folder, "KEPT", tmp_path / "file" / "postgres")
    data_folder.keep("abc", made, password="secret")
    assert data_folder.take("abc", fresh(tmp_path)) is None


def test_only_its_owner_may_read_what_is_kept(made: Path) -> None:
    data_folder.keep("abc", made, password="secret")
    assert (data_folder.KEPT / "abc").stat().st_mode & 0o077 == 0


def test_the_newest_few_are_kept(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "_MOST_KEPT", 2)
    for age, digest in enumerate(("third", "second", "first")):
        data_folder.keep(digest, made, password="secret")
        os.utime(data_folder.KEPT / digest, (age, age))
    data_folder.keep("newest", made, password="secret")
    assert sorted(entry.name for entry in data_folder.KEPT.iterdir()) == ["first", "newest"]


def test_the_log_of_the_run_that_made_it_is_not_kept(tmp_path: Path, made: Path) -> None:
    (made / "log").mkdir()
    (made / "log" / "server.json").write_text("{}")
    data_folder.keep("abc", made, password="secret")
    into = fresh(tmp_path)
    data_folder.take("abc", into)
    assert sorted(entry.name for entry in into.iterdir()) == ["PG_VERSION", "base"]


def test_other_contents_have_another_digest() -> None:
    digests = {data_folder.digest_with("abc", contents) for contents in (("a", "b"), ("ab",), ("a", "c"), ())}
    assert len(digests) == 4
