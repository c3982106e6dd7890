"""How much of anything a scenario may have, and how its parts are named."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

KEY = r"^[a-z][a-z0-9_]{0,59}$"
"""By which parts of a scenario name one another."""
MOST_CENTS = 10**10
"""A hundred million: sums of many stay within what a database's and a program's integers hold."""
DAY_SECONDS, MONTH_SECONDS = 86_400, 30 * 86_400
LONGEST_NAME = 200
MOST_PARTS = 500
"""Tournaments, contests or faults of a scenario."""
Cents = Annotated[int, Field(ge=0, le=MOST_CENTS)]
