"""A made-up run, rich enough to test the report against: 4 contests, 14 days, 8 faults, money that adds up."""

from __future__ import annotations

from tests.unit.reporting.sample.story import sample_history
from tests.unit.reporting.sample.verdicts import failed_verdict, passed_verdict, unknown_verdict

__all__ = ["failed_verdict", "passed_verdict", "sample_history", "unknown_verdict"]
