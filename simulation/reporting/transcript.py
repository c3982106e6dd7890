"""A runbook execution as a terminal session: ``runbooks/exec-<number>-<runbook>.txt``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import JsonValue

from simulation.events import RunbookStep
from simulation.reporting.parts.executions import ExecutionView

_RULE = "-" * 100


def render_transcript(execution: ExecutionView) -> str:
    """The text: a header, every command with its output, and the platform's state before and after."""
    return "\n".join((*_head(execution), *_steps(execution), *_tail(execution))) + "\n"


def _head(execution: ExecutionView) -> Iterator[str]:
    yield f"runbook    {execution.runbook} {execution.version}"
    yield f"sha256     {execution.sha256}"
    yield f"execution  {execution.execution_id}"
    yield f"operator   {execution.operator}"
    yield f"for        {execution.occasion}"
    yield f"started    {execution.started_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"before     {_json(execution.state_before)}"


def _steps(execution: ExecutionView) -> Iterator[str]:
    for step in execution.steps:
        mark = "as written" if step.matched else "DIFFERS"
        yield _RULE
        yield f"{step.section.capitalize()} step {step.step} (line {step.line}), {step.at:%d %b %H:%M:%S}: {mark}"
        yield from _session(step)


def _session(step: RunbookStep) -> Iterator[str]:
    first, *more = step.command.split("\n")
    yield f"$ {first}"
    yield from (f"> {line}" for line in more)
    if step.exit_status != 0 or step.expected_exit_status != 0:
        yield f"? {step.exit_status}"
    if step.output:
        yield step.output
    if not step.matched:
        yield f"  the runbook states (exit status {step.expected_exit_status}):"
        yield from (f"  | {line}" for line in step.expected.split("\n"))


def _tail(execution: ExecutionView) -> Iterator[str]:
    yield _RULE
    ended = "never" if execution.ended_at is None else f"{execution.ended_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"ended      {ended}: {execution.status}"
    if execution.error:
        yield f"reason     {execution.error}"
    yield f"after      {_json(execution.state_after)}"


def _json(document: JsonValue) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False)
