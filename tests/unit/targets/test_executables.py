"""A program that cannot live in simulated time is known by its file, before it is started."""

from __future__ import annotations

import sys
from pathlib import Path
from struct import pack

import pytest

from simulation.environment.clock_library.choice import ClockLibrary
from simulation.targets.process import executables
from simulation.targets.process.executables import bar_of, is_static_go, untried, what_bars

_GO = b"\xff Go buildinf:\x08\x02" + b".shstrtab\x00.go.buildinfo\x00"


def _program(folder: Path, *, loader: bytes | None, holds: bytes = b"") -> Path:
    """The beginning of an ELF file: header, one segment, what that names."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    loads, text = (3, loader) if loader is not None else (1, b"")
    segment = pack("<IIQQQQQQ", loads, 4, 120, 0, 0, len(text), len(text), 1)
    file = folder / "program"
    file.write_bytes(header + segment + text + holds)
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("loader", "holds", "said"),
    [
        (b"/lib64/ld-linux-x86-64.so.2\0", b"", None),
        (b"/lib64/ld-linux-x86-64.so.2\0", b"\xff Go buildinf:", None),  # one that looks for Go in others
        (None, b"", "is linked statically"),
        (b"/lib/ld-musl-x86_64.so.1\0", b"", "musl, of Alpine"),
        (None, _GO, None),
        (b"/lib64/ld-linux-x86-64.so.2\0", _GO, None),
    ],
)
def test_what_bars_a_program_is_read_from_its_file(
    tmp_path: Path, loader: bytes | None, holds: bytes, said: str | None
) -> None:
    bar = bar_of(_program(tmp_path, loader=loader, holds=holds))
    assert (bar is None) if said is None else (bar is not None and said in bar.problem)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x7fELF", b"\x7fELF\x02\x01", b"#!/bin/sh\n", bytes(range(128, 192))],
    ids=["empty", "cut off after its sign", "cut off in its head", "a script of the shell", "no text"],
)
def test_what_is_no_program_of_this_kind_is_left_to_its_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert bar_of(tmp_path / "file") is None


def test_a_script_is_followed_to_its_interpreter(tmp_path: Path) -> None:
    program = _program(tmp_path, loader=None)
    for name, line in (("one", f"#!{program} -x"), ("two", "#!/usr/bin/env -S program --flag"), ("three", "#!./two")):
        (tmp_path / name).write_text(f"{line}\n")
        (tmp_path / name).chmod(0o755)
        bar = what_bars(f"./{name}", directory=tmp_path, path=str(tmp_path))
        assert bar is not None
        assert "linked statically" in bar.problem


def test_the_python_of_this_test_is_let_through_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert what_bars(sys.executable, directory=tmp_path, path="") is None
    bar = what_bars("no-such-program", directory=tmp_path, path="/usr/bin")
    assert bar is not None
    assert "there is no program no-such-program" in bar.problem


def test_a_runtime_whose_sleeps_only_our_library_ends_needs_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = _program(tmp_path, loader=b"/lib64/ld-linux-x86-64.so.2\0").rename(tmp_path / "java")
    go = _program(tmp_path, loader=b"/lib64/ld-linux-x86-64.so.2\0", holds=_GO)
    assert what_bars(str(java), directory=tmp_path, path="") is None
    assert what_bars(str(go), directory=tmp_path, path="") is None
    libfaketime = ClockLibrary(path=tmp_path, reason="no C compiler")
    monkeypatch.setattr(executables, "clock_library", lambda: libfaketime)
    bar = what_bars(str(java), directory=tmp_path, path="")
    assert bar is not None
    assert "timers and sleeps of java would never end" in bar.problem
    assert "gcc" in bar.remedy
    bar = what_bars(str(go), directory=tmp_path, path="")
    assert bar is not None
    assert "is written in Go, which asks the kernel's own page for the time" in bar.problem
    assert "gcc" in bar.remedy


def test_a_program_in_go_that_loads_no_library_is_known_and_refused_where_it_can_be_given_no_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked = _program(tmp_path, loader=b"/lib64/ld-linux-x86-64.so.2\0", holds=_GO).rename(tmp_path / "linked")
    other = _program(tmp_path, loader=None).rename(tmp_path / "other")
    static = _program(tmp_path, loader=None, holds=_GO)
    assert [is_static_go(str(one), directory=tmp_path, path="") for one in (linked, other, static)] == [
        False, False, True,
    ]  # fmt: skip
    assert not is_static_go("no-such-program", directory=tmp_path, path="")
    monkeypatch.setattr(executables, "what_bars_the_image", lambda: "this is a riscv64 machine")
    bar = what_bars(str(static), directory=tmp_path, path="")
    assert bar is not None
    assert "is written in Go and linked statically, and this is a riscv64 machine" in bar.problem
    assert "CGO_ENABLED=1" in bar.remedy


def test_a_runtime_that_nobody_tried_is_named() -> None:
    assert (untried("/usr/bin/dotnet"), untried("node")) == (".NET", None)
