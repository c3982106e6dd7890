"""Starts a program that is linked statically on the simulated clock.

Run as a script, not imported: ``python -I start_static.py IMAGE COMMAND…``, with the variables of the clock library.
The process becomes the program. A library cannot be preloaded into it, so a second process traces (ptrace(2)) its
start, maps the run's clock page and the image of ``environment/clock_library/kernel_page.c`` into it, names that in the
auxiliary vector as what the kernel maps (``AT_SYSINFO_EHDR``), lets go and ends. The program then reads the clock
without a call of the system, as ever. What it executes itself later is not traced: if that is static, too, its time is
real. x86-64 only, and standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys

_SEIZE, _CONT, _DETACH, _GET_REGISTERS, _SET_REGISTERS = 0x4206, 7, 17, 12, 13
_STOP_AFTER_EXEC, _KILL_WITH_TRACER = 1 << 4, 1 << 20
_STOPPED_AFTER_EXEC, _STOPPED_BY_SIGNAL = 4, 128
"""Events of a traced process (PTRACE_EVENT_EXEC, PTRACE_EVENT_STOP)."""
_ANY_CHILD = 0x40000000
"""``__WALL``: wait for what is no child, too."""
_MAY_BE_TRACED_BY, _ANYBODY = 0x59616D61, -1
_OPEN, _CLOSE, _MMAP = 2, 3, 9
_READ, _READ_AND_WRITE, _READ_AND_EXECUTE = 1, 3, 5
_SHARED, _PRIVATE, _FIXED, _ANONYMOUS = 1, 2, 16, 32
_SYSINFO_EHDR, _NULL = 33, 0
_TRAP = b"\xcc"
_SYSCALL_THEN_TRAP = b"\x0f\x05" + _TRAP
_PAGE_BYTES, _WORD, _SIGNED = 4096, struct.Struct("Q"), struct.Struct("q")
_RED_ZONE_AND_MORE = 8192
_NAMES = (
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax",
    "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
)  # fmt: skip
_ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
_libc = ctypes.CDLL(None, use_errno=True)


class _Registers(ctypes.Structure):
    """``struct user_regs_struct`` of sys/user.h."""

    _fields_ = [(name, ctypes.c_uint64) for name in _NAMES]


def main() -> None:
    """Become the program; a failure is said on standard error, and ends the process with 127 or a kill."""
    image, *command = sys.argv[1:]
    program = os.getpid()
    begun, say = os.pipe()
    _libc.prctl(_MAY_BE_TRACED_BY, ctypes.c_long(_ANYBODY), 0, 0, 0)  # where the kernel lets only parents trace
    if os.fork() == 0:
        if os.fork() == 0:  # not a child of the program's, which waits for none
            os.close(begun)
            _trace(program, image, say)
        os._exit(0)
    os.wait()
    os.close(say)
    if not os.read(begun, 1):
        os._exit(127)
    os.close(begun)
    _libc.prctl(_MAY_BE_TRACED_BY, 0, 0, 0, 0)
    try:
        os.execvp(command[0], command)  # noqa: S606 - there is no shell
    except OSError as error:
        _say(f"{error.strerror}: {command[0]}")
        os._exit(127)


def _trace(program: int, image: str, say: int) -> None:
    """Give the program its clock; it is killed where that fails."""
    try:
        _ptrace(_SEIZE, program, 0, _STOP_AFTER_EXEC | _KILL_WITH_TRACER)
        os.write(say, b"1")
        os.close(say)
        _Started(program).give_clock(os.environ["SIMULATED_CLOCK_PAGE"], image)
    except (OSError, KeyError, AssertionError) as error:
        _say(f"the program cannot be put on the simulated clock: {error!r}")
        os.kill(program, signal.SIGKILL)
    os._exit(0)


def _say(what: str) -> None:
    os.write(2, f"{what}\n".encode(errors="replace"))


class _Started:
    """A traced process that has just executed its program, none of which has run yet."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._signals: list[int] = []
        """What came meanwhile, for later."""
        while self._wait() != _STOPPED_AFTER_EXEC:
            _ptrace(_CONT, pid, 0, 0)
        self._registers = _Registers()
        _ptrace(_GET_REGISTERS, pid, 0, ctypes.addressof(self._registers))
        self._memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
        self._entry: int = self._registers.rip
        self._text = os.pread(self._memory, len(_SYSCALL_THEN_TRAP), self._entry)
        os.pwrite(self._memory, _TRAP, self._entry)
        self._go_on_to_a_trap()  # only then is its call of execve over, which still writes its result

    def give_clock(self, page: str, image: str) -> None:
        os.pwrite(self._memory, _SYSCALL_THEN_TRAP, self._entry)
        size = os.path.getsize(image)
        flag = self._call(_MMAP, 0, 2 * _PAGE_BYTES + size, _READ_AND_WRITE, _PRIVATE | _ANONYMOUS, -1, 0)
        clock = flag + _PAGE_BYTES
        begin = clock + _PAGE_BYTES
        self._map(page, clock, _PAGE_BYTES, _READ, _SHARED)
        self._map(image, begin, size, _READ_AND_EXECUTE, _PRIVATE)
        self._write(flag, int("SIMULATED_CLOCK_MONOTONIC" in os.environ))
        self._write(self._place_of_sysinfo(), begin)
        os.pwrite(self._memory, self._text, self._entry)
        _ptrace(_SET_REGISTERS, self._pid, 0, ctypes.addressof(self._registers))
        os.close(self._memory)
        _ptrace(_DETACH, self._pid, 0, 0)
        for number in self._signals:
            os.kill(self._pid, number)

    def _map(self, path: str, address: int, size: int, protection: int, kind: int) -> None:
        below_the_stack = self._registers.rsp - _RED_ZONE_AND_MORE
        os.pwrite(self._memory, os.fsencode(path) + b"\0", below_the_stack)
        file = self._call(_OPEN, below_the_stack, os.O_RDONLY | os.O_CLOEXEC)
        self._call(_MMAP, address, size, protection, kind | _FIXED, file, 0)
        self._call(_CLOSE, file)

    def _place_of_sysinfo(self) -> int:
        """Where the auxiliary vector says what the kernel maps: it lies after arguments and environment."""
        address: int = self._registers.rsp
        address += (self._read(address) + 2) * _WORD.size
        while self._read(address):
            address += _WORD.size
        address += _WORD.size
        while (kind := self._read(address)) != _SYSINFO_EHDR:
            if kind == _NULL:
                raise OSError("the kernel maps no vDSO")
            address += 2 * _WORD.size
        return address + _WORD.size

    def _call(self, number: int, *arguments: int) -> int:
        """Have the process make a call of the system. Raises ``OSError`` where that fails."""
        registers = _Registers.from_buffer_copy(self._registers)
        for name, value in zip(_ARGUMENTS, arguments, strict=False):
            setattr(registers, name, value & 0xFFFFFFFFFFFFFFFF)
        registers.rax, registers.orig_rax = number, 0xFFFFFFFFFFFFFFFF
        _ptrace(_SET_REGISTERS, self._pid, 0, ctypes.addressof(registers))
        self._go_on_to_a_trap()
        _ptrace(_GET_REGISTERS, self._pid, 0, ctypes.addressof(registers))
        (result,) = _SIGNED.unpack(_WORD.pack(registers.rax))
        if -_PAGE_BYTES < result < 0:
            raise OSError(-result, os.strerror(-result))
        return int(result)

    def _go_on_to_a_trap(self) -> None:
        _ptrace(_CONT, self._pid, 0, 0)
        while self._wait() != signal.SIGTRAP:
            _ptrace(_CONT, self._pid, 0, 0)

    def _wait(self) -> int:
        """Until it stops: the event for which it does, or SIGTRAP; any other signal is kept, and 0."""
        _, status = os.waitpid(self._pid, _ANY_CHILD)
        if not os.WIFSTOPPED(status):
            raise OSError(f"it ended ({status:#x})")
        number, event = os.WSTOPSIG(status) & 0x7F, status >> 16
        if event or number == signal.SIGTRAP:
            return event or number
        self._signals.append(number)
        return 0

    def _read(self, address: int) -> int:
        word: int = _WORD.unpack(os.pread(self._memory, _WORD.size, address))[0]
        return word

    def _write(self, address: int, word: int) -> None:
        os.pwrite(self._memory, _WORD.pack(word), address)


def _ptrace(request: int, pid: int, address: int, data: int) -> None:
    _libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    _libc.ptrace.restype = ctypes.c_long
    if _libc.ptrace(request, pid, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")


if __name__ == "__main__":
    main()
