"""Loaded by every Python of a backend through ``PYTHONPATH``: lets its waits notice that simulated time has passed.

Python takes up an interrupted wait again with what is left of it by its (simulated) monotonic clock. All it needs is an
interruption: a signal that has a handler. ``time.sleep`` alone does not look at that clock again. Our own clock library
ends it when it is due, and no sooner; with libfaketime it waits like ``select`` here.
"""

import importlib.machinery
import importlib.util
import os
import select
import signal
import sys
import threading
import time


def _sleep(seconds):  # type: ignore[no-untyped-def]
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


if "SIMULATED_CLOCK_PAGE" not in os.environ:
    time.sleep = _sleep
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGURG, lambda *_: None)

# A sitecustomize further down the path, which this one hides, is loaded too.
_further = [entry for entry in sys.path if os.path.realpath(entry) != os.path.dirname(os.path.realpath(__file__))]
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", _further)
if _spec is not None and _spec.loader is not None:
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
