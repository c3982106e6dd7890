"""``make bench``: what a run costs, and where its CPU time goes.

`floor` replays the platform's own SQL bare, as the baseline; `profile` says where a run's CPU seconds go; `idle_steps`
times a backend in a process of its own while nothing happens; `figures` is the file that two benches are compared by.
"""
