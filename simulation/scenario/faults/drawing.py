"""What a swarm draws from: the victims that no fault has yet, in the seed's order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.victims import early_payers, prompt_payers, sure_payments, sure_transfers

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.model import Scenario

_NEXT_RECONCILIATION = timedelta(hours=26)
"""A webhook that comes later than this is seen missing at 02:00 UTC first."""


class Drawing:
    """One seed's draw. No two faults have the same victim, so that each has its own ending."""

    def __init__(self, scenario: Scenario, source: Random) -> None:
        """:param scenario: without faults."""
        self.scenario = scenario
        self.source = source
        self.faults: Sequence[Fault] = ()
        """Those drawn so far."""
        contests = scenario.contests
        self._transfers = [(c.key, nth) for c in contests for nth in _counted(sure_transfers(c, scenario))]
        self._payments = [(c.key, nth) for c in contests for nth in _counted(sure_payments(c))]
        source.shuffle(self._transfers)
        source.shuffle(self._payments)

    def transfer(self) -> tuple[str, int] | None:
        """A contest and the number of one of its transfers; it is nobody else's from now on."""
        return self._transfers.pop() if self._transfers else None

    def payment(self, *, found_missing: bool = False) -> tuple[str, int] | None:
        """A contest and the number of one of its payments; it is nobody else's from now on.

        :param found_missing: of a contest that is still open when the reconciliation sees the payment missing.
        """
        contests = {contest.key: contest for contest in self.scenario.contests}
        for victim in reversed(self._payments):
            contest = contests[victim[0]]
            if not found_missing or self._is_open_at_night(contest):
                self._payments.remove(victim)
                return victim
        return None

    def _is_open_at_night(self, contest: Contest) -> bool:
        """Orders are never settled."""
        if self.scenario.profile == "payments":
            return True
        return contest.start + _NEXT_RECONCILIATION < self.scenario.tournaments[contest.tournament].final_board_at

    def payer(self) -> tuple[str, int] | None:
        """A contest and the number of somebody who is sure to pay early; what rules forbid is left out later."""
        some = [(contest.key, nth) for contest in self.scenario.contests for nth in range(1, early_payers(contest))]
        return self.source.choice(some) if some else None

    def prompt_payer(self) -> tuple[str, int] | None:
        """A contest and the number of one of those who come to pay once and in good time."""
        some = [(contest.key, nth) for contest in self.scenario.contests for nth in _counted(prompt_payers(contest))]
        return self.source.choice(some) if some else None

    def paid_transfer(self) -> tuple[str, int] | None:
        """A contest and the number of a transfer that is sure to be due; other faults may strike it before."""
        contests = self.scenario.contests
        some = [(contest.key, nth) for contest in contests for nth in _counted(sure_transfers(contest, self.scenario))]
        return self.source.choice(some) if some else None

    def tournament(self) -> str:
        """Key of a tournament on which a contest is played."""
        return self.source.choice(sorted({contest.tournament for contest in self.scenario.contests}))

    def hour(self, *, ends_after: timedelta) -> datetime:
        """Any hour of the run that leaves ``ends_after`` of it."""
        scenario = self.scenario
        hours = int((scenario.end - scenario.start) / timedelta(hours=1)) - int(ends_after / timedelta(hours=1))
        return scenario.start + timedelta(hours=self.source.randrange(1, hours))


def _counted(number: int) -> range:
    return range(1, number + 1)
