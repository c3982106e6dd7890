"""What puts a program on the simulated clock: a library that is loaded before the C library (``LD_PRELOAD``).

Our own, ``simulated_clock.c``, is built where a C compiler is; elsewhere libfaketime stands in, which opens, reads and
closes a file for each look at the time. Either is tried by the proofs of each run: what a program says the time is, is
compared.
"""

from simulation.environment.clock_library.choice import (
    CLOCK_FOLDER_NAMES,
    CLOCK_VARIABLES,
    IMAGE_NAME,
    ClockLibrary,
    clock_environment,
    clock_file_in,
    clock_library,
    image_in,
    library_in,
    what_bars_the_image,
)
from simulation.environment.clock_library.faketime import LIBRARY_VARIABLE

__all__ = [
    "CLOCK_FOLDER_NAMES",
    "CLOCK_VARIABLES",
    "IMAGE_NAME",
    "LIBRARY_VARIABLE",
    "ClockLibrary",
    "clock_environment",
    "clock_file_in",
    "clock_library",
    "image_in",
    "library_in",
    "what_bars_the_image",
]
