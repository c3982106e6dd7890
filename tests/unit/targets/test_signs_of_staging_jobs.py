"""The statements by which a gateway knows staging's jobs are statements that staging's source has."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from simulation.paths import ROOT

_TARGET = ROOT / "fixtures" / "targets" / "staging" / "target.toml"
_JOBS: list[dict[str, Any]] = tomllib.loads(_TARGET.read_text(encoding="utf-8"))["job"]


@pytest.mark.parametrize("job", _JOBS, ids=[job["name"] for job in _JOBS])
def test_a_jobs_sign_is_a_statement_of_the_platform(job: dict[str, Any]) -> None:
    sources = (file.read_text(encoding="utf-8") for file in sorted((ROOT / "simulation" / "staging").rglob("*.py")))
    on_one_line = re.sub(r"\s+", " ", " ".join(sources)).replace("( ", "(")
    assert re.search(job["seen_in_sql"], on_one_line), f"{_TARGET}: seen_in_sql of {job['name']} matches no statement"
