"""``simulate shrink``: the smallest scenario that still gives a failed run's finding, and when it became inevitable."""
