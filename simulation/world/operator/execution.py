"""One runbook carried out, to the letter: type, compare, record, take the stated branch, stop at the first difference.

A step is recorded as started before its command is typed and as passed or failed before the next begins. A difference
ends the execution as failed: what was written is rolled back as the runbook says, the escalation steps gather what
engineering needs, and the failure is escalated. The operator never interprets.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import JsonValue

from simulation.clock import Kernel
from simulation.events import (
    Actor,
    Escalated,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    ExecutionTakenOver,
    RunbookStep,
)
from simulation.history import Recorder, caused_by
from simulation.scenario.settings import OperatorSettings
from simulation.witness.exchange import ExchangeContext
from simulation.words import plural
from simulation.world.operator.audit_trail import AuditTrail, NobodyLetIn, NotAnswered, NotRecorded
from simulation.world.operator.match import compare
from simulation.world.operator.occasion import Occasion
from simulation.world.operator.runbook import Outcome, Place, Runbook, Section, Step
from simulation.world.operator.terminal import Answer, Terminal

_T = TypeVar("_T")
_AGAIN_SECONDS = (60, 60, 60)
"""Waits before what nobody answered is tried again; a restart takes half a minute."""
_NOBODY_THERE = (502, 503, 504)
_SHUT = "authentication_unavailable"
"""The one 503 that is an answer: there is a runbook for it."""
_RECENT_EVENTS = 1000
"""In which the requests of a command are looked for, one of which has just been answered."""
Status = Literal["completed", "failed", "partial"]
_NOTHING_WRITTEN = "nothing had been written, so nothing was rolled back"
_ROLLED_BACK = "rolled back as the runbook says"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What all executions of a run share: clock, history, settings, and who the operator is."""

    kernel: Kernel
    recorder: Recorder
    context: ExchangeContext
    settings: OperatorSettings
    operator_name: str
    repeatable: Sequence[str] = ()
    """Requests that may be made again without a key, as the target declares them."""
    still_there: Callable[..., int | None] = lambda **_: None
    """Asked after every step: None while the operator is there; if a fault has taken the operator away, minutes until
    the next one comes."""


class OperatorGone(Exception):
    """A fault took the operator away between two steps: nothing more is typed, and the execution stays in progress."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"the next operator comes in {plural(minutes, 'minute')}")
        self.minutes = minutes


@dataclass(frozen=True, kw_only=True)
class LeftOpen:
    """An execution whose operator is gone, as far as the platform has it on record."""

    execution_id: str
    started_at: datetime
    last: str
    captures: Mapping[str, str]
    passed: int
    wrote: bool


@dataclass(frozen=True, kw_only=True)
class Ending:
    status: Status
    error: str | None = None


class Execution:
    """One execution of ``runbook`` for ``occasion``. Run :meth:`carry_out` in a SimPy process."""

    def __init__(
        self, *, desk: Desk, occasion: Occasion, runbook: Runbook, trail: AuditTrail, terminal: Terminal
    ) -> None:
        self._desk = desk
        self._occasion = occasion
        self._runbook = runbook
        self._trail = trail
        self._terminal = terminal
        self._captures: dict[str, str] = {}
        self._steps_passed = 0
        self._wrote = False
        self._id: str | None = None
        self._started_at: datetime = desk.kernel.now

    def carry_out(self) -> Generator[Any, Any, None]:
        """Carry the runbook out from ``start`` to ``complete``. Whatever goes wrong is recorded and escalated.

        :raises NobodyLetIn: the execution could not begin, since the platform can verify no token at present.
        """
        try:
            yield from self._start()
        except NobodyLetIn:
            raise
        except NotRecorded as error:
            yield from self._end(Ending(status="failed", error=str(error)))
            return
        try:
            ending = yield from self._run()
        except NotRecorded as error:
            ending = Ending(status="failed", error=str(error))
        yield from self._end(ending)

    def wind_up(self, left: LeftOpen) -> Generator[Any, Any, bool]:
        """Close the execution that another operator left open: Rollback if it may have written, then ``failed``.

        Returns whether a new execution may start. It may not if Rollback did not go as written; that is escalated.
        """
        self._id, self._started_at, self._wrote = left.execution_id, left.started_at, left.wrote
        self._captures, self._steps_passed = dict(left.captures), left.passed
        with self._acting("operator_robot"):
            taken = ExecutionTakenOver(execution_id=left.execution_id, operator=self._desk.operator_name)
            self._desk.recorder.record(taken)
        reason = f"its operator was gone after {left.last}; taken over by {self._desk.operator_name}"
        try:
            undone = yield from self._roll_back()
            ending = Ending(status="failed", error=f"{reason}; {undone}")
        except NotRecorded as error:
            undone, ending = "", Ending(status="failed", error=f"{reason}; {error}")
        clean = undone in (_NOTHING_WRITTEN, _ROLLED_BACK)
        yield from self._end(ending, escalates=not clean)
        return clean

    # --- beginning and end --------------------------------------------------------------------------------------

    def _on_record(self, enter: Callable[[], _T]) -> Generator[Any, Any, _T]:
        """Make an entry in the trail, or read it; once more after a minute where nobody answers, and at most thrice."""
        for seconds in _AGAIN_SECONDS:
            try:
                with self._acting("operator_robot"):
                    return enter()
            except NotAnswered:
                yield self._desk.kernel.sleep(seconds)
        with self._acting("operator_robot"):
            return enter()

    def _start(self) -> Generator[Any, Any, None]:
        state = yield from self._on_record(self._trail.state)
        self._id = yield from self._on_record(
            lambda: self._trail.start(self._runbook, executed_by=self._desk.operator_name, state=state)
        )
        with self._acting("operator_robot"):
            self._desk.recorder.record(
                ExecutionStarted(
                    execution_id=self._id,
                    runbook=self._runbook.name,
                    version=self._runbook.version,
                    sha256=self._runbook.sha256,
                    alert_id=self._occasion.alert_id,
                    task_id=self._occasion.task_id,
                    operator=self._desk.operator_name,
                    writes=self._runbook.writes,
                    state_before=state,
                )
            )

    def _end(self, ending: Ending, *, escalates: bool = True) -> Generator[Any, Any, None]:
        if self._id is not None:
            ending, state = yield from self._close(self._id, ending)
            with self._acting("operator_robot"):
                self._desk.recorder.record(self._ended(self._id, ending, state))
        if ending.status != "completed" and escalates:
            with self._acting("operator_robot"):
                self._desk.recorder.record(
                    Escalated(
                        alert_id=self._occasion.alert_id,
                        execution_id=self._id,
                        reason=f"runbook {self._runbook.name} {ending.status}: {ending.error}",
                        bundle=self._trail.bundle(alert=self._occasion.described, execution_id=self._id),
                    )
                )

    def _close(self, execution_id: str, ending: Ending) -> Generator[Any, Any, tuple[Ending, JsonValue]]:
        """Complete the execution's record; how it ended then, and the platform's state."""
        state: JsonValue = None
        try:
            state = yield from self._on_record(self._trail.state)
            yield from self._on_record(
                lambda: self._trail.complete(
                    execution_id, status=ending.status, result=self._result(), error=ending.error, state=state
                )
            )
        except NotRecorded as error:
            said = f"{ending.error}; {error}" if ending.error else str(error)
            return Ending(status="failed", error=said), state
        return ending, state

    def _result(self) -> JsonValue:
        return {"steps_passed": self._steps_passed, "captured": dict(sorted(self._captures.items()))}

    def _ended(self, execution_id: str, ending: Ending, state: JsonValue) -> ExecutionEnded:
        return ExecutionEnded(
            execution_id=execution_id,
            runbook=self._runbook.name,
            status=ending.status,
            error=ending.error,
            state_after=state,
            sim_duration_seconds=int((self._desk.kernel.now - self._started_at).total_seconds()),
        )

    # --- from step to step --------------------------------------------------------------------------------------

    def _run(self) -> Generator[Any, Any, Ending]:
        ending = yield from self._follow(tuple(self._runbook.steps_from(self._runbook.first)))
        if ending.status == "failed":
            undone = yield from self._roll_back()
            ending = Ending(status="failed", error=f"{ending.error}; {undone}")
        if ending.status != "completed":
            for step in self._runbook.steps[Section.ESCALATION]:
                yield from self._perform(step)
        return ending

    def _follow(self, steps: Sequence[Step]) -> Generator[Any, Any, Ending]:
        while steps:
            step, *rest = steps
            difference = yield from self._perform(step)
            if difference is not None:
                return Ending(status="failed", error=f"{_name(step)}: {difference}")
            target = self._target(step)
            if target is Outcome.ESCALATE:
                return Ending(status="failed", error=f"{_name(step)}: the runbook says to escalate")
            if target is Outcome.ESCALATE_AS_PARTIAL:
                return Ending(status="partial", error=f"{_name(step)}: the runbook says to escalate as partial")
            steps = rest if target is Outcome.CONTINUE else tuple(self._runbook.steps_from(target))
        return Ending(status="completed")

    def _target(self, step: Step) -> Place | Outcome:
        return next((branch.target for branch in step.branches if branch.holds(self._captures)), Outcome.CONTINUE)

    def _roll_back(self) -> Generator[Any, Any, str]:
        """Carry out Rollback if something was written; returns what the failure's reason says about it."""
        steps = self._runbook.steps[Section.ROLLBACK]
        if not self._wrote:
            return _NOTHING_WRITTEN
        for step in steps:
            difference = yield from self._perform(step)
            if difference is not None:
                return f"rollback failed at {_name(step)}: {difference}"
        return _ROLLED_BACK

    # --- one step -----------------------------------------------------------------------------------------------

    def _perform(self, step: Step) -> Generator[Any, Any, str | None]:
        """Type one command; returns how its answer differs from the documented one, or None."""
        yield self._desk.kernel.sleep(self._desk.settings.seconds_per_command)
        assert self._id is not None
        execution_id = self._id
        yield from self._on_record(
            lambda: self._trail.step(execution_id, section=step.section, number=step.number, outcome="started")
        )
        self._wrote = self._wrote or step.writes
        tries, answer = yield from self._typed(step)
        known = set(self._captures)
        difference = self._difference(step, answer)
        if difference is not None:
            self._terminal.blame_the_machine(answer, command=step.command, runbook=self._runbook.name)
        captured: JsonValue = {name: text for name, text in self._captures.items() if name not in known}
        outcome: Literal["passed", "failed"] = "passed" if difference is None else "failed"
        with self._acting("operator_robot"):
            self._desk.recorder.record(_transcript(self._id, step, answer, matched=difference is None, tries=tries))
        detail: JsonValue = difference or ({"captured": captured} if captured else None)
        yield from self._on_record(
            lambda: self._trail.step(
                execution_id, section=step.section, number=step.number, outcome=outcome, detail=detail
            )
        )
        self._see_who_is_there(step)
        return difference

    def _typed(self, step: Step) -> Generator[Any, Any, tuple[int, Answer]]:
        """How often the command was typed, and its last answer with the requests of all: one that may come again is
        typed a minute later where nobody answered, at most thrice."""
        requests, tries = tuple[str, ...](), 0
        known = {**self._captures, "EXECUTION_ID": str(self._id)}
        may = step.may_come_again(self._desk.repeatable)
        for seconds in (*_AGAIN_SECONDS, 0):
            tries += 1
            answer = yield from self._terminal.run(step.command, known=known, acting=self._acting_at_terminal)
            requests += answer.request_ids
            fits = compare(expected=step.expected, output=answer.output, known=self._captures).difference is None
            if not may or not seconds or fits or not self._nobody_answered(answer.request_ids):
                break
            yield self._desk.kernel.sleep(seconds)
        return tries, replace(answer, request_ids=requests)

    def _nobody_answered(self, request_ids: Sequence[str]) -> bool:
        """Whether one of the requests met a platform that is being restarted."""
        return any(
            isinstance(event, Exchange)
            and event.request_id in request_ids
            and event.status in _NOBODY_THERE
            and _SHUT not in str(event.response_body)
            for event in self._desk.recorder.events[-_RECENT_EVENTS:]
        )

    def _see_who_is_there(self, step: Step) -> None:
        """Check that the operator is still there; raises :class:`OperatorGone` if a fault takes the operator away
        now."""
        if step.section not in self._runbook.kind.happy_path:
            return
        minutes = self._desk.still_there(runbook=self._runbook.name, execution_id=self._id, steps=self._steps_passed)
        if minutes is not None:
            raise OperatorGone(minutes)

    def _difference(self, step: Step, answer: Answer) -> str | None:
        """How an answer differs from the documented one, or None; then its captures are kept."""
        comparison = compare(expected=step.expected, output=answer.output, known=self._captures)
        difference = answer.problem or comparison.difference
        if difference is None and answer.exit_status != step.exit_status:
            difference = f"exit status {answer.exit_status}, expected {step.exit_status}"
        if difference is None:
            self._captures.update(comparison.captures)
            self._steps_passed += 1
        return difference

    @contextmanager
    def _acting(self, actor: Actor) -> Iterator[None]:
        with caused_by(self._occasion.cause), self._desk.context.acting(actor, execution_id=self._id):
            yield

    @contextmanager
    def _acting_at_terminal(self) -> Iterator[None]:
        with self._acting("operator"):
            yield


def _name(step: Step) -> str:
    return f"{step.section.heading} step {step.number} (line {step.line})"


def _transcript(execution_id: str, step: Step, answer: Answer, *, matched: bool, tries: int) -> RunbookStep:
    return RunbookStep(
        execution_id=execution_id,
        section=step.section.value,
        step=step.number,
        line=step.line,
        command=step.command,
        expected="\n".join(step.expected),
        output=answer.output.rstrip("\n"),
        exit_status=answer.exit_status,
        expected_exit_status=step.exit_status,
        matched=matched,
        writes=step.writes,
        request_ids=answer.request_ids,
        tries=tries,
    )
