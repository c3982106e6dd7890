"""Defects of the prizes that a settlement states: who gets how much."""

from __future__ import annotations

import dataclasses
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.settlement import prizes, records

DEFECTS = DefectRegistry("paying")


@DEFECTS.sabotage(
    "expected_prizes",
    "three_way_reconciliation",
    origin="a sort in the wrong direction: golf is won with fewer strokes",
)
def wrong_winner(patches: Patches) -> None:
    """The prizes are assigned in reverse order of rank: the last rank gets the first prize."""

    def altered(ranked: list[Any]) -> list[Any]:
        payouts = [ranking.payout_cents for ranking in reversed(ranked)]
        return [dataclasses.replace(r, payout_cents=cents) for r, cents in zip(ranked, payouts, strict=True)]

    _alter_rankings(patches, altered)


@DEFECTS.sabotage(
    "expected_prizes",
    "three_way_reconciliation",
    origin="two rows swapped in a spreadsheet, an index off by one: the totals stay right",
)
def two_winners_amounts_swapped(patches: Patches) -> None:
    """First and second get each other's prize."""

    def altered(ranked: list[Any]) -> list[Any]:
        first, second, *rest = ranked
        return [
            dataclasses.replace(first, payout_cents=second.payout_cents),
            dataclasses.replace(second, payout_cents=first.payout_cents),
            *rest,
        ]

    _alter_rankings(patches, altered)


@DEFECTS.sabotage(
    "expected_prizes",
    "three_way_reconciliation",
    origin="ties broken by user id because the sort needed an order",
)
def tie_split_wrong(patches: Patches) -> None:
    """Tied entrants get the prizes of single places, in the order of their ids."""

    def make(real: Any) -> Any:
        def rankings(scores: Any, payout_structure: Any, pool_cents: int, *, step: int = 1) -> list[Any]:
            ranked: list[Any] = real(scores, payout_structure, pool_cents, step=step)
            shares = [int(payout_structure.get(str(place), 0)) for place in range(1, len(ranked) + 1)]
            alone = [
                dataclasses.replace(ranking, payout_cents=pool_cents * share // 100)
                for ranking, share in zip(ranked, shares, strict=True)
            ]
            if [r.payout_cents for r in alone] != [r.payout_cents for r in ranked]:
                patches.trigger()
            return alone

        return rankings

    patches.replace(prizes, "rankings", make)


@DEFECTS.sabotage(
    "expected_prizes",
    "clearing_accounts_drained",
    origin="a rake computed as a percentage while the prizes were floored",
)
def remainder_lost(patches: Patches) -> None:
    """The cents that flooring left over are booked nowhere."""

    def make(real: Any) -> Any:
        def platform_cents(self: Any) -> int:
            whole: int = real.fget(self)
            rake = whole - whole % 5
            if rake != whole:
                patches.trigger()
            return rake

        return property(platform_cents)

    patches.replace(records.Settlement, "platform_cents", make)


def _alter_rankings(patches: Patches, altered: Any) -> None:
    def make(real: Any) -> Any:
        def rankings(*arguments: Any, **named: Any) -> list[Any]:
            ranked: list[Any] = real(*arguments, **named)
            changed: list[Any] = altered(ranked)
            if changed != ranked:
                patches.trigger()
            return changed

        return rankings

    patches.replace(prizes, "rankings", make)
