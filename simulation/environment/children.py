"""Child processes that do not outlive the harness, however it ends."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable


def die_with_parent(how: signal.Signals) -> Callable[[], None]:
    """For ``preexec_fn``: the kernel sends ``how`` should the harness be killed without a chance to clean up."""

    def ask() -> None:
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, how)

    return ask
