"""The command line: one module a command, with its options and what it does.

Here is the entry point: what a command returns, or what stopped it, becomes the exit code. This module imports nothing
but the standard library and what needs no more, so that a missing package is answered like every other fault of
the machine; :mod:`simulation.cli.commands` lists the commands and imports the one that is called.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from simulation.cli.streams import Stream, replace_standard_streams
from simulation.environment.caller import leave_the_caller_behind, require_address_space
from simulation.environment.causes import fault_behind
from simulation.errors import SimulationError, UsageError

INSTALL = "run 'make setup'; for tests, mutants and other development: 'make tools'"
_BROKE = 255
_PLATFORM = "staging"
_OF_A_SIGNAL = 128
"""What a shell adds to a signal's number."""
_INTERRUPTED = _OF_A_SIGNAL + signal.SIGINT


class Terminated(SystemExit):
    """SIGTERM or SIGHUP came: everything that was started is to be stopped."""


def main() -> NoReturn:
    """Run the command that ``sys.argv`` names and exit with its code.

    Ctrl-C and kill unwind, so that nothing is left running. A verdict's codes come from a command alone: what no
    handler caught, Python would end with 1.
    """
    try:
        leave_the_caller_behind()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
                signal.signal(number, terminate)
        code = _carry_out(replace_standard_streams())
    except KeyboardInterrupt:
        os._exit(_INTERRUPTED)
    except BaseException:
        os._exit(_BROKE)
    gc.freeze()  # the interpreter would look through everything once more for garbage, only to end
    sys.exit(code)


def terminate(number: int, _frame: FrameType | None) -> NoReturn:
    """Handler of a signal that ends the program. Another one does not disturb the clearing up."""
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise Terminated(_OF_A_SIGNAL + number)


def _carry_out(output: Stream) -> int:
    """The command's code; 255 where standard output, which was asked for, could not be written."""
    code = _code()
    sys.stdout.flush()
    if output.failed is None:
        return code
    _say(
        f"✗ standard output cannot be written: {output.failed.strerror}\n"
        "  remedy: make room where it goes; what the command wrote into its folder stands"
    )
    return _BROKE


def _code() -> int:
    """The command's own code, or that of what stopped it; what refuses or breaks leaves no empty folder."""
    code = _carried_out()
    if code in (UsageError.exit_code, _BROKE) and "simulation.run_directory" in sys.modules:
        sys.modules["simulation.run_directory"].remove_unused()
    return code


def _carried_out() -> int:
    try:
        require_address_space()
        from simulation.cli.commands import carry_out  # not above: click may be missing

        return carry_out(sys.argv[1:])
    except Terminated as stopped:
        _say("terminated; everything that was started is stopped")
        return int(str(stopped.code))
    except KeyboardInterrupt:
        _say("interrupted; everything that was started is stopped")
        return _INTERRUPTED
    except SimulationError as error:
        _say("\n".join(f"✗ {message}" for message in error.messages))
        return error.exit_code
    except BaseException as error:
        return _broke(error)


def _broke(error: BaseException) -> int:
    """What the machine lacks is said in a sentence; what nobody foresaw is shown whole to whoever mends the harness."""
    said = fault_behind(error) or _not_installed(error)
    if said is not None:
        _say(f"✗ {said}")
    else:
        traceback.print_exception(error)
        place = _in_the_platform(error)
        if place is not None:
            _say(f"the platform broke at {place}, and does not stand: there is nothing to judge")
        else:
            _say("the harness itself broke; this says nothing about the platform")
    return _BROKE


def _in_the_platform(error: BaseException) -> str | None:
    """``file:line`` in the staging platform, where its code was the last of the project's that was carried out."""
    package = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if package in Path(frame.filename).parents]
    if not frames or package / _PLATFORM not in Path(frames[-1].filename).parents:
        return None
    return f"{frames[-1].filename}:{frames[-1].lineno}"


def _not_installed(error: BaseException) -> str | None:
    """What to do when a package is missing that is not the project's own."""
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("simulation"):
        return f"the package {error.name.partition('.')[0]} is not installed\n  remedy: {INSTALL}"
    return None


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - before click and Rich are known to be here
