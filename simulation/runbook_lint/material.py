"""The input of the rules: each runbook's text and parsed form, alert rules, scenarios and the index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from simulation.documents.text import read_text
from simulation.errors import UsageError
from simulation.paths import RUNBOOK_INDEX, runbook_files
from simulation.runbook_lint.kinds import kind_of
from simulation.runbook_lint.markdown_links import MarkdownPage
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from simulation.world.monitoring.alert_rules import AlertRule, load_rules
from simulation.world.operator.complaints import Complaint, Complaints
from simulation.world.operator.parser import read_runbook
from simulation.world.operator.runbook import Runbook, Section, Step

_T = TypeVar("_T")


@dataclass(frozen=True)
class RunbookSet:
    """One runbook's file. ``runbook`` is its parsed form, possibly incomplete; None when its outline is unreadable."""

    page: MarkdownPage
    runbook: Runbook | None
    complaints: Sequence[Complaint]

    @property
    def file(self) -> Path:
        return self.page.file

    @property
    def happy_steps(self) -> tuple[Step, ...]:
        """The steps of an execution without failure, in order."""
        return () if self.runbook is None else tuple(self.runbook.steps_from(self.runbook.first))

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """All steps in the order in which they can be carried out: ``happy_steps``, then Rollback, then Escalation."""
        if self.runbook is None:
            return ()
        after = (self.runbook.steps[section] for section in (Section.ROLLBACK, Section.ESCALATION))
        return (*self.happy_steps, *(step for steps in after for step in steps))


class Material:
    """The files that a lint run reads.

    :param runbooks: folder of the runbooks and their index. :param alerts: folder of alert rule files.
    :param scenarios: folder of the scenarios; its folder ``runbooks`` has those of runbooks.
    :param facts: Markdown page whose section Metrics lists the platform's metrics.
    :param repeatable: requests of the platform that may be made again without a key, as its governance declares them.
    :param files: the files to lint: runbooks or their index, rule files, scenarios; when empty, everything.
    :raises UsageError: a file is of another kind.
    """

    def __init__(
        self,
        *,
        runbooks: Path,
        alerts: Path,
        scenarios: Path,
        facts: Path,
        repeatable: Sequence[str],
        files: Sequence[Path] = (),
    ) -> None:
        self.runbooks_folder = runbooks
        self.scenarios_folder = scenarios
        self.facts = facts
        self.repeatable = repeatable
        self._alerts_folder = alerts
        self.asked = frozenset(file.resolve() for file in files)
        """The files to lint, as absolute paths; empty for everything."""
        index = (runbooks / RUNBOOK_INDEX).resolve()
        books = [file for file in files or sorted(runbooks.glob("*.md")) if file.suffix == ".md"]
        self.kinds = {file: kind_of(file) for file in files}
        """What each of the files to lint is."""
        self._books = tuple(file for file in books if file.resolve() != index)
        self._rule_files = tuple(file for file, kind in self.kinds.items() if kind == "rule file")
        self.scenario_files = tuple(file for file, kind in self.kinds.items() if kind == "scenario")
        """The scenarios among the files to lint."""
        self.unreadable: list[UsageError] = []

    @cached_property
    def books(self) -> tuple[RunbookSet, ...]:
        return tuple(_read(file) for file in self._books)

    @cached_property
    def index(self) -> MarkdownPage:
        """The index page; empty when there is none, which the rules about it report."""
        file = self.runbooks_folder / RUNBOOK_INDEX
        return MarkdownPage(file=file, text=read_text(file, kind="the index") if file.is_file() else "")

    @cached_property
    def rules(self) -> tuple[AlertRule, ...]:
        """Alert rules: all in the folders of the named rule files, since rules must fit together, or the project's."""
        folders = dict.fromkeys(file.parent for file in self._rule_files) or (self._alerts_folder,)
        read = (self._readable(partial(load_rules, folder)) for folder in folders)
        return tuple(rule for rules in read if rules is not None for rule in rules.alerts)

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of all runbooks, whether they are to be linted or not."""
        return frozenset(file.stem for file in runbook_files(self.runbooks_folder))

    def scenario_file(self, runbook: str) -> Path:
        """The file in which a runbook's own scenario belongs."""
        return self.scenarios_folder / "runbooks" / f"{runbook}.yaml"

    def scenario(self, file: Path) -> Scenario | None:
        """Load a scenario; when it is invalid, add the error to ``unreadable`` and return None."""
        return self._readable(lambda: load_scenario(file, runbooks=self.runbooks_folder))

    def _readable(self, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except UsageError as error:
            self.unreadable.extend(error.each)
            return None


def _read(file: Path) -> RunbookSet:
    complaints = Complaints(str(file))
    runbook = read_runbook(file, complaints)
    return RunbookSet(MarkdownPage(file=file, text=read_text(file, kind="a runbook")), runbook, tuple(complaints.found))


def expected_lines(step: Step) -> Iterator[tuple[int, str]]:
    """(line number in the file, text) of each line of expected output."""
    return enumerate(step.expected, start=step.output_line)
