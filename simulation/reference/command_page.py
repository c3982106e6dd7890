"""``simulation/REFERENCE.md``: commands with their options, exit codes, and the JSON that commands print."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Iterator, Mapping
from typing import Any

import click

from simulation.checks.verdict import EXIT_CODES as OF_VERDICTS
from simulation.errors import SimulationError, UsageError
from simulation.reference.json_documents import DOCUMENTS

_HEAD = """\
# Reference

<!-- Made by `make reference` from the code. A test holds it against the program: change the code, not this page. -->

The fields of a scenario and the kinds of fault are in [scenarios](../scenarios/README.md); what a target folder holds,
in [README](../README.md). `simulate COMMAND --help` prints what stands here, `simulate --version` the version and its
commit.
"""
_COMPLETION = """\
## Shell completion

Commands, options, scenarios, kinds of fault, runbooks and defects are completed in bash (4.4 or newer), zsh and fish:

```sh
eval "$(simulate completion bash)"     # in ~/.bashrc; zsh: the same with zsh, in ~/.zshrc
simulate completion fish | source      # in ~/.config/fish/config.fish
```

The script calls the `simulate` that is on `PATH`: activate `.venv`, or link `.venv/bin/simulate` there.
"""
EXIT_CODES: Mapping[int, str] = {
    OF_VERDICTS["pass"]: "pass; of a command without a verdict: done",
    OF_VERDICTS[
        "fail"
    ]: "fail: a criterion does not hold; of a command that proves or lints something: it does not hold",
    OF_VERDICTS["unknown"]: "unknown: something could not be looked at",
    UsageError.exit_code: "wrong usage: the message has the place, the value and the remedy; nothing was started",
    SimulationError.exit_code: "the harness or the machine failed; this says nothing about the platform",
    128 + signal.SIGHUP: "stopped by SIGHUP, after clearing up",
    128 + signal.SIGINT: "stopped by Ctrl-C, after clearing up",
    128 + signal.SIGTERM: "stopped by SIGTERM, after clearing up",
}


def command_page(program: click.Group) -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, *_commands(program), *_exit_codes(), _COMPLETION, *_documents()])


def commands_of(program: click.Group) -> Iterator[tuple[str, click.Command]]:
    """Every command with its name, those of groups too."""
    context = click.Context(program, info_name=program.name)
    for name in program.list_commands(context):
        found = program.get_command(context, name)
        if isinstance(found, click.Group):
            yield from ((f"{name} {below}", command) for below, command in commands_of(found))
        elif found is not None:
            yield name, found


def _commands(program: click.Group) -> Iterator[str]:
    yield "## Commands\n\n| command | what it does |\n| --- | --- |"
    for name, command in commands_of(program):
        yield f"| [`{program.name} {name}`](#{program.name}-{name.replace(' ', '-')}) | {escaped(_first(command))} |"
    yield ""
    for name, command in commands_of(program):
        context = click.Context(command, info_name=f"{program.name} {name}")
        words = " ".join(command.collect_usage_pieces(context)).replace("[OPTIONS]", "").strip()
        yield f"### {program.name} {name}\n"
        yield f"```console\n$ {' '.join((context.info_name or '', '[OPTIONS]', words)).strip()}\n```\n"
        yield f"{_text(command.help or '')}\n"
        options = [option for option in command.params if isinstance(option, click.Option)]
        if options:
            yield "| option | what it does |\n| --- | --- |"
            for option in options:
                shown, said = option.get_help_record(context) or ("", "")
                yield f"| `{escaped(shown)}` | {escaped(said)} |"
            yield ""


def escaped(cell: str) -> str:
    """A text as a cell of a Markdown table."""
    return " ".join(cell.split()).replace("|", "\\|")


def _first(command: click.Command) -> str:
    """The first paragraph of its help."""
    return inspect.cleandoc(command.help or "").split("\n\n")[0]


def _text(help_text: str) -> str:
    """A command's help as Markdown: what click must not wrap (``\\b``) is a block."""
    parts = inspect.cleandoc(help_text).split("\n\n")
    return "\n\n".join(
        f"```text\n{part.lstrip(chr(8)).strip(chr(10))}\n```" if part.startswith("\b") else part for part in parts
    )


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n\n| code | means |\n| --- | --- |"
    yield from (f"| {code} | {means} |" for code, means in EXIT_CODES.items())
    yield ""


def _documents() -> Iterator[str]:
    yield "## JSON\n"
    yield "Every document has a `format_version`, raised when a field is renamed, removed or means something else;"
    yield "a new field raises nothing, so skip what you do not know. `simulate reference --schema NAME` prints"
    yield "the JSON Schema. `simulate runbook lint --format sarif` prints SARIF 2.1.0, which has a schema of its own.\n"
    for name, described in DOCUMENTS.items():
        yield f"### {name}\n"
        yield f"Of {', '.join(f'`{command}`' for command in described.commands)}.\n"
        yield from _object("the document", described.schema)
        for part, schema in described.schema.get("$defs", {}).items():
            yield from _object(part, schema)


def _object(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if "properties" not in schema:
        return
    yield f"| {name} | is |\n| --- | --- |"
    for field, said in schema["properties"].items():
        yield f"| `{field}` | {_kind(said)} |"
    yield ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if "prefixItems" in schema:
        return f"list ({', '.join(_kind(one) for one in schema['prefixItems'])})"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if isinstance(below := schema.get("additionalProperties"), dict):
        return f"mapping to {_kind(below)}"
    return str(schema.get("type", "any value"))
