"""Names for ids: the history has ids, the report shows the names of people and contests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from simulation.events import EntrantAction, Exchange, ExecutionStarted
from simulation.history import History
from simulation.reporting.parts.fields import text

_TELLING = 8
"""Shorter ids are not replaced in texts: they could be part of a number or a word."""


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Lookups never fail: an unknown id is shown as it is, or by its first eight characters when it is long."""

    contests: Mapping[str, str]
    """Platform id or scenario key → name."""
    contest_ids: Mapping[str, str]
    """Scenario key → platform id."""
    people: Mapping[str, str]
    """User id → name."""
    system_actor: str
    operators: frozenset[str]

    def contest(self, contest_id: str | None) -> str:
        """Name of a contest by platform id or scenario key."""
        return self.contests.get(contest_id or "", _short(contest_id))

    def person(self, user_id: str | None) -> str:
        """Name of a user by id."""
        return self.people.get(user_id or "", _short(user_id))

    def known(self, identifier: str) -> str:
        """The name of the contest or person with this id; empty when there is none."""
        return self.contests.get(identifier) or self.people.get(identifier) or ""

    def told(self, text: str) -> str:
        """A text of a finding with the ids in it replaced by names."""
        for identifier, name in self._named_ids:
            text = text.replace(identifier, name)
        return text

    @cached_property
    def _named_ids(self) -> Sequence[tuple[str, str]]:
        """(id, name) of contests and people, longest id first, since one id may be the beginning of another."""
        contests = {own: self.contests[own] for own in self.contest_ids.values() if own in self.contests}
        ids = ((own, name) for own, name in {**self.people, **contests}.items() if len(own) >= _TELLING)
        return sorted(ids, key=lambda item: (-len(item[0]), item))

    def actor(self, actor: str) -> str:
        """Who acted, in words: the platform itself, the operator, or a named user."""
        if actor == self.system_actor:
            return "platform (automatic)"
        if actor in self.operators:
            return "operator"
        return self.person(actor)


def directory_of(history: History) -> Directory:
    """Read the names from the history: from the scenario, the observed contests, and people's requests to sign up."""
    ids = {act.contest: act.contest_id for act in history.of(EntrantAction) if act.contest and act.contest_id}
    return Directory(
        contests=_contest_names(history, ids),
        contest_ids=ids,
        people=_people_names(history),
        system_actor=history.started.governance.system_actor if history.started else "",
        operators=frozenset(started.operator for started in history.of(ExecutionStarted)),
    )


def _contest_names(history: History, ids: Mapping[str, str]) -> dict[str, str]:
    names: dict[str, str] = {}
    document = history.started.scenario_document if history.started else None
    contests = document.get("contests") if isinstance(document, dict) else None
    for contest in contests if isinstance(contests, list) else ():
        if isinstance(contest, dict) and contest.get("key"):
            key = str(contest["key"])
            names[key] = str(contest.get("name") or key)
            if key in ids:
                names[ids[key]] = names[key]
    for row in history.rows("contests") or ():
        names[text(row, "contest_id")] = text(row, "name")
    return names


def _people_names(history: History) -> dict[str, str]:
    names = {act.user_id: act.person for act in history.of(EntrantAction) if act.user_id}
    for exchange in history.of(Exchange):
        asked, answered = exchange.request_body, exchange.response_body
        if isinstance(asked, dict) and isinstance(answered, dict) and "user_id" in answered and "name" in asked:
            names[str(answered["user_id"])] = str(asked["name"])
    return names


def _short(identifier: str | None) -> str:
    return "—" if not identifier else identifier if len(identifier) <= 24 else f"{identifier[:8]}…"
