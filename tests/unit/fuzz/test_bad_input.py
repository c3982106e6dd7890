"""Whatever a file holds, it is used, or refused with place and remedy: no traceback, no hang, no endless message.

The inputs are drawn without chance, so that every run has the same. ``make fuzz`` tries many more:
``FUZZ_INPUTS`` is their number over all kinds of files.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st

from simulation.errors import UsageError
from simulation.untrusted import printable
from tests.unit.fuzz.kinds import KINDS, Kind
from tests.unit.fuzz.mutations import malformed

INPUTS = int(os.environ.get("FUZZ_INPUTS", "400"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
MOST_SECONDS = 10
LONGEST_MESSAGE = 15_000
MOST_BYTES = 1 << 30
_SHARES = sum(kind.share for kind in KINDS.values())


@pytest.mark.parametrize("name", KINDS)
def test_a_malformed_file_is_used_or_refused(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    examples = kind.examples()
    structured = kind.name.endswith((".yaml", ".yml", ".json"))
    file = tmp_path / kind.name
    told: Counter[str] = Counter()

    @with_seed(SEED)
    @settings(
        max_examples=max(5, INPUTS * kind.share // _SHARES),
        derandomize=SEED == 0,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.sampled_from(examples).flatmap(lambda example: malformed(example, structured=structured)))
    def holds(data: bytes) -> None:
        file.write_bytes(data)
        refused = _refusal(kind, file)
        told["used" if refused is None else "refused"] += 1
        if refused is not None:
            assert len(str(refused)) < LONGEST_MESSAGE
            assert str(refused) == printable(str(refused))
            assert refused.place
            assert refused.remedy

    holds()
    print(f"{name}: {told.total()} inputs, {told['refused']} refused, {told['used']} used", file=sys.stderr)
    assert told["refused"] or not kind.refuses, "nothing was malformed: the fuzzer does not reach this kind"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MOST_BYTES >> 10


def _refusal(kind: Kind, file: Path) -> UsageError | None:
    try:
        with _limited():
            kind.read(file)
    except UsageError as error:
        return error
    return None


@contextmanager
def _limited() -> Iterator[None]:
    """Ends what takes too long, with a traceback that shows where it was."""
    previous = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise AssertionError(f"still at it after {MOST_SECONDS} s")


@pytest.mark.parametrize("name", KINDS)
def test_the_examples_are_used_as_they_are(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    of_another_run = ("stored scenario", "stored faults")
    for text in kind.examples():
        file = tmp_path / kind.name
        file.write_text(text, encoding="utf-8")
        if name in of_another_run:
            with pytest.raises(UsageError, match="in the history"):
                kind.read(file)
        else:
            kind.read(file)
