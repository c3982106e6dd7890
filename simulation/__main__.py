"""``python -m simulation`` is ``simulate``."""

from simulation.cli import main

if __name__ == "__main__":
    main()
