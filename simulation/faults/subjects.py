"""Who is who: the scenario's keys for contests and people beside the ids the platform gave them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Registry:
    """Filled by the entrants as they act; read by faults, twin and report. One per run."""

    contest_ids: dict[str, str] = field(default_factory=dict)
    """Scenario key of a contest → platform id."""
    user_ids: dict[str, str] = field(default_factory=dict)
    """Person key → platform id."""
    organizer_ids: dict[str, str] = field(default_factory=dict)
    """Scenario key of a contest → platform id of the person who created it."""
    rosters: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Contest key and user id → the golfers that were picked."""

    order_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    """Key of orders and user id → platform id of the order that this user placed."""

    owners: dict[str, str] = field(default_factory=dict)
    """Platform id of an order → user id of whoever placed it."""

    def contest_key(self, contest_id: str | None) -> str | None:
        """Scenario key of a platform contest id, or of an order's; None."""
        by_order = (key for (key, _), known in self.order_ids.items() if known == contest_id)
        return next((key for key, known in self.contest_ids.items() if known == contest_id), next(by_order, None))

    def id_for(self, key: str, user_id: str | None) -> str | None:
        """Platform id of the contest, or of the order that this user placed; None before there is one."""
        return self.contest_ids.get(key) or self.order_ids.get((key, user_id or ""))
