"""``python -m simulation.cli`` is ``simulate``."""

from simulation.cli import main

main()
