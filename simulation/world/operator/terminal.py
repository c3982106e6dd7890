"""The operator at the shell: types a command, lets simulated time pass while it sleeps, reads the answer.

If a command ends the shell, the next one gets a new shell with the captured values.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from simulation.clock import Kernel
from simulation.world.network.loopback import LoopbackServer
from simulation.world.operator.credentials import Credentials, Tokens
from simulation.world.operator.shell import Broken, Finished, Shell, ShellSettings
from simulation.world.operator.tools import complaint_of_the_machine, require_programs, try_tools

_NO_EXIT_STATUS = -1


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``problem`` says why the command has no proper end (deadline, shell gone); ``exit_status`` is -1 then."""

    output: str
    exit_status: int
    problem: str | None
    request_ids: tuple[str, ...]


class Terminal:
    """The terminal of one execution. Tokens and the platform's URL are variables of the shell, and in no record.

    :param tokens: minted anew before each command, see :mod:`simulation.world.operator.credentials`.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        door: LoopbackServer,
        settings: ShellSettings,
        tokens: Tokens,
        label: str,
    ) -> None:
        self._kernel = kernel
        self._door = door
        self._settings = settings
        self._variables = {"API_BASE_URL": door.url, **settings.workplace}
        self._credentials = Credentials(folder=settings.folder, tokens=tokens)
        self._shell: Shell | None = None
        self._assigned: dict[str, str] = {}
        door.label_requests(label)

    def run(
        self, command: str, *, known: Mapping[str, str], acting: Callable[[], AbstractContextManager[None]]
    ) -> Generator[Any, Any, Answer]:
        """Run ``command`` with the captures ``known`` as variables; everything but sleeping happens within
        ``acting``."""
        with acting():
            shell = self._ready(known)
            shell.begin(command)
        while True:
            with acting():
                event = shell.proceed()
            if isinstance(event, Finished):
                return self._answer(event.output, exit_status=event.exit_status)
            if isinstance(event, Broken):
                self._leave()
                return self._answer(event.output, exit_status=_NO_EXIT_STATUS, problem=event.reason)
            yield self._kernel.sleep(event.sim_seconds)
            self._credentials.renew()
            event.wake()

    def blame_the_machine(self, answer: Answer, *, command: str, runbook: str) -> None:
        """Called when an answer is not the documented one, to rule out that this machine is the cause.

        :raises EnvironmentFault: the machine refused a resource to a program of the operator, or lacks one.
        """
        require_programs([command], of=runbook)
        if fault := complaint_of_the_machine(answer.output):
            raise fault
        try_tools(self._settings.tools, self._settings.environment())

    def close(self) -> None:
        """End the shell, if there is one; the credentials are gone with it. Safe to call twice."""
        self._leave()
        self._credentials.close()

    def _leave(self) -> None:
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def _ready(self, known: Mapping[str, str]) -> Shell:
        if self._shell is None:
            self._shell = Shell(settings=self._settings, door=self._door, variables=self._variables)
            self._assigned = {}
        for name, value in {**known, **self._credentials.renew()}.items():
            if self._assigned.get(name) != value:
                self._shell.assign(name, value)
                self._assigned[name] = value
        return self._shell

    def _answer(self, output: str, *, exit_status: int, problem: str | None = None) -> Answer:
        """The answer, with secrets and port replaced: no expected output can contain them."""
        output = self._credentials.masked(output)
        for name, value in self._variables.items():
            output = output.replace(value, f"${name}")
        return Answer(
            output=output, exit_status=exit_status, problem=problem, request_ids=self._door.take_request_ids()
        )
