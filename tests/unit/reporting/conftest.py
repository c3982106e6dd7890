"""Reports on the sample run, built once: they are read only."""

from __future__ import annotations

import pytest

from simulation.history import History
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.sample import failed_verdict, passed_verdict, sample_history, unknown_verdict


@pytest.fixture(scope="session")
def history() -> History:
    return sample_history()


@pytest.fixture(scope="session")
def passed(history: History) -> Report:
    return build_report(history, passed_verdict())


@pytest.fixture(scope="session")
def failed(history: History) -> Report:
    return build_report(history, failed_verdict())


@pytest.fixture(scope="session")
def unknown(history: History) -> Report:
    return build_report(history, unknown_verdict())
