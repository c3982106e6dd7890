"""A campaign on a cluster one of whose workers is killed while it lives a case."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from simulation.proof.bench.campaign import cluster
from simulation.proof.campaign.store import results_in

DEADLINE_WALL_SECONDS = 240


def test_what_a_killed_worker_of_a_cluster_lived_is_lived_elsewhere(tmp_path: Path) -> None:
    words = ("campaign", "quiet_14d", "smoke_2d", "--seeds", "1", "--environment", "embedded", "--out", str(tmp_path))
    with cluster(2) as (address, workers):
        command = [sys.executable, "-m", "simulation", *words, "--dask", address]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as campaign:
            _wait_for_a_process_beside(workers[0].pid)
            workers[0].kill()
            said, _ = campaign.communicate(timeout=DEADLINE_WALL_SECONDS)
    assert campaign.returncode == 0, said
    results = results_in(tmp_path / "campaign" / "latest")
    assert [(result.case.scenario, result.outcome) for result in results] == [
        ("quiet_14d", "pass"),
        ("smoke_2d", "pass"),
    ]


def _wait_for_a_process_beside(pid: int) -> None:
    """Until the worker has begun to live a case."""
    deadline = time.monotonic() + DEADLINE_WALL_SECONDS
    while not Path(f"/proc/{pid}/task").exists() or not any(
        children.read_text().split() for children in Path(f"/proc/{pid}/task").glob("*/children")
    ):
        assert time.monotonic() < deadline, "the worker was given nothing"
        time.sleep(0.1)
