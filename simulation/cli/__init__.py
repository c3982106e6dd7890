"""The command line: one module a command, with its options and what it does.

Here is the entry point: what a command returns, or what stopped it, becomes the exit code. This module imports nothing
but the standard library and :mod:`simulation.errors`, so that a missing package is answered like every other fault of
the machine; :mod:`simulation.cli.commands` lists the commands and imports the one that is called.
"""

from __future__ import annotations

import errno
import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

from simulation.errors import SimulationError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_DISK_FULL = "53100"
"""PostgreSQL's code for it."""
_BROKE = 255
_OF_A_SIGNAL = 128
"""What a shell adds to a signal's number."""


class Terminated(SystemExit):
    """SIGTERM or SIGHUP came: everything that was started is to be stopped."""


def main() -> NoReturn:
    """Run the command that ``sys.argv`` names and exit with its code.

    Ctrl-C and kill unwind, so that nothing is left running.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, terminate)
    sys.exit(_code())


def terminate(number: int, _frame: FrameType | None) -> NoReturn:
    """Handler of a signal that ends the program."""
    raise Terminated(_OF_A_SIGNAL + number)


def _code() -> int:
    try:
        from simulation.cli.commands import carry_out  # not above: click may be missing

        return carry_out(sys.argv[1:])
    except Terminated as stopped:
        _say("terminated; everything that was started is stopped")
        return int(str(stopped.code))
    except KeyboardInterrupt:
        _say("interrupted; everything that was started is stopped")
        return _OF_A_SIGNAL + signal.SIGINT
    except SimulationError as error:
        _say(f"✗ {error}")
        return error.exit_code
    except BaseException as error:
        return _broke(error)


def _broke(error: BaseException) -> int:
    """A full disk is said in a sentence; of an error that nobody foresaw, all is shown to whoever mends the harness."""
    said = _no_room(error) or _not_installed(error)
    if said is not None:
        _say(f"✗ {said}")
    else:
        traceback.print_exception(error)
        _say("the harness itself broke; this says nothing about the platform")
    return _BROKE


def _no_room(error: BaseException | None) -> str | None:
    """What to do when the error, or what it came from, is a disk without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return (
                f"the run cannot be written: {error.strerror}\n"
                "  remedy: free some disk space, or name a folder that has room: --out DIR"
            )
        if getattr(error, "sqlstate", None) == _DISK_FULL:
            return (
                f"PostgreSQL has no room left: {error}\n"
                "  remedy: free some disk space or memory, or set TMPDIR to a folder that has room"
            )
        error = error.__cause__ or error.__context__
    return None


def _not_installed(error: BaseException) -> str | None:
    """What to do when a package is missing that is not the project's own."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("simulation"):
        return f"the package {error.name} is not installed\n  remedy: run 'make setup'"
    return None


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - before click and Rich are known to be here
