"""A campaign on a cluster one of whose workers is killed while it lives a case."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from simulation.proof.bench.campaign import cluster
from simulation.proof.campaign.store import results_in

DEADLINE_WALL_SECONDS = 240


def test_what_a_killed_worker_of_a_cluster_lived_is_lived_elsewhere(tmp_path: Path) -> None:
    words = ("campaign", "quiet_14d", "smoke_2d", "--seeds", "1", "--environment", "embedded", "--out", str(tmp_path))
    with cluster(2) as dask:
        command = [sys.executable, "-m", "simulation", *words, "--dask", dask.address]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dask.environment
        ) as campaign:
            try:
                _wait_for_a_process_beside(dask.workers[0].pid)
                dask.workers[0].kill()
                said, _ = campaign.communicate(timeout=DEADLINE_WALL_SECONDS)
            finally:
                campaign.kill()
    assert campaign.returncode == 0, said
    results = results_in(tmp_path / "campaign" / "latest")
    assert [(result.case.scenario, result.outcome) for result in results] == [
        ("quiet_14d", "pass"),
        ("smoke_2d", "pass"),
    ]


def test_nobody_without_the_clusters_certificate_is_let_in() -> None:
    with cluster(1) as dask:
        plain = dask.address.replace("tls://", "tcp://")
        assert _comes_in(dask.address, dask.environment)
        assert not _comes_in(dask.address, os.environ)
        assert not _comes_in(plain, os.environ)


def _comes_in(address: str, environment: Mapping[str, str]) -> bool:
    asks = "import sys; from distributed import Client; print(len(Client(sys.argv[1], timeout=3).nthreads()))"
    asked = subprocess.run(
        [sys.executable, "-c", asks, address], capture_output=True, text=True, env=environment, check=False
    )
    return asked.returncode == 0 and asked.stdout.strip() == "1"


def _wait_for_a_process_beside(pid: int) -> None:
    """Until the worker has begun to live a case."""
    deadline = time.monotonic() + DEADLINE_WALL_SECONDS
    while not Path(f"/proc/{pid}/task").exists() or not any(
        children.read_text().split() for children in Path(f"/proc/{pid}/task").glob("*/children")
    ):
        assert time.monotonic() < deadline, "the worker was given nothing"
        time.sleep(0.1)
