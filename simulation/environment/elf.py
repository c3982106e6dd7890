"""The parts of an ELF file (elf(5), 64 bits, little-endian) that say how a program is put into memory."""

from __future__ import annotations

from collections.abc import Iterator
from mmap import mmap
from struct import Struct
from typing import NamedTuple

IDENTIFIED = b"\x7fELF\x02\x01"
"""How such a file begins."""
NOTHING, LOADED, INTERPRETER = 0, 1, 3
"""Kinds of segments; the last one names the program that loads the program's libraries."""
WRITABLE = 2
"""Flag of a segment."""
_HEADER, _SEGMENT = Struct("<16x2HIQQQI6H"), Struct("<IIQQQQQQ")


class Segment(NamedTuple):
    """Header of a segment: the fields of ``Elf64_Phdr``, in their order."""

    kind: int
    flags: int
    offset: int
    address: int
    physical_address: int
    bytes_in_file: int
    bytes_in_memory: int
    align: int

    def write(self, image: bytearray, place: int) -> None:
        """Put it in the place of another."""
        _SEGMENT.pack_into(image, place, *self)


def segments(image: bytearray | mmap) -> Iterator[tuple[int, Segment]]:
    """Place and header of each segment. Raises ``struct.error`` where the file is cut off."""
    _, _, _, _, first, _, _, _, size, count, *_ = _HEADER.unpack_from(image)
    for place in range(first, first + count * size, size):
        yield place, Segment(*_SEGMENT.unpack_from(image, place))
