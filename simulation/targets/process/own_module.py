"""A Python file of a target folder, imported as a module of its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from simulation.errors import UsageError


def load_module(file: Path) -> ModuleType:
    """The file, executed under a name that no other module has.

    :raises UsageError: it cannot be imported, with the line.
    """
    spec = importlib.util.spec_from_file_location(f"target_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        line = getattr(error, "lineno", None) or line_in(file, error)
        raise UsageError(
            place=f"{file}:{line}", problem=f"cannot be imported: {error!r}", remedy="correct it"
        ) from error
    return module


def line_in(file: Path, error: BaseException) -> int:
    """The last line of the file that the error came by; 1 if it came by none."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
