"""Options that several commands have."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from simulation.paths import ROOT
from simulation.run_directory import DEFAULT_OUT

TARGET_FILE, TARGETS_FOLDER = "target.toml", ROOT / "fixtures" / "targets"
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def environment_option(*choices: str, of: str = "PostgreSQL and stripe-mock come") -> _Decorator:
    """``--environment``: ``auto`` or one of the choices."""
    return click.option(
        "--environment",
        type=click.Choice(["auto", *choices]),
        default="auto",
        show_default=True,
        help=f"Where {of} from.",
    )


class Names(click.ParamType[str]):
    """A name that a shell completes. What it may be says the command itself, which knows more than names."""

    name = "text"

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self._known = known

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click names them
        names = [CompletionItem(name) for name in sorted(self._known()) if name.startswith(incomplete)]
        return names or [CompletionItem(incomplete, type="file")]


class TargetFolder(click.Path):
    """A folder that describes a target. For one that is not there the nearest beside it, or of ours, is suggested."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not Path(value).exists():
            self.fail(f"there is no folder {str(value)!r}{self._meant(Path(value))}", param, ctx)
        return super().convert(value, param, ctx)

    def _meant(self, asked: Path) -> str:
        beside = sorted(file.parent for file in asked.parent.glob(f"*/{TARGET_FILE}"))
        ours = sorted(file.parent for file in TARGETS_FOLDER.glob(f"*/{TARGET_FILE}"))
        known = {folder.name: folder for folder in (*ours, *beside)}
        near = difflib.get_close_matches(asked.name, known, n=1, cutoff=0.5)
        return f"; did you mean {str(known[near[0]])!r}?" if near else ""


jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 64), default=None, help="Runs at a time instead of one a core."
)


seal_option = click.option(
    "--seal-key",
    type=click.Path(path_type=Path),
    default=None,
    help="Private key in PEM (Ed25519 or ECDSA): seal what is left, as `simulate seal` does.",
)


def out_option(help_text: str) -> _Decorator:
    """``--out``: the folder for what a command leaves."""
    return click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        default=DEFAULT_OUT,
        show_default=True,
        help=help_text,
    )
