"""As whom PostgreSQL runs. It refuses root, and initdb an account that has no name."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NOBODY = 65534
_NEW_USER_NAMESPACE = 0x10000000
_FIRST_FREE_ID, _FREE_IDS = 1_800_000_000, 200_000_000
"""Account ids that no distribution gives to anybody; one of its own keeps the run's server from every other process."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """``user`` and ``group`` are numbers; ``initialiser`` is who makes the data folder, whose account has a name."""

    user: int
    group: int
    initialiser: int
    is_other: bool
    """Whether it is another account than this process's: then files have to be handed over."""

    def options(self, user: int) -> dict[str, Any]:
        """For :class:`subprocess.Popen`: run as this user."""
        return {"user": user, "group": self.group_of(user), "extra_groups": []} if self.is_other else {}

    def group_of(self, user: int) -> int:
        return self.group if user == self.user else _NOBODY

    def hand_over(self, *places: Path, to: int | None = None) -> None:
        """Make it the owner of these files and folders."""
        user = self.user if to is None else to
        for place in places if self.is_other else ():
            os.chown(place, user, self.group_of(user))

    def let_in(self, folder: Path, *, user: int) -> None:
        """Let ``user`` into the folder besides this process's own account; nobody else may enter."""
        if self.is_other:
            os.chown(folder, user, os.getegid())
            folder.chmod(0o770)

    def hand_over_all(self, folder: Path) -> None:
        """Make it the owner of the folder and of all that is in it."""
        self.hand_over(folder, *folder.rglob("*"))


def server_account(probe: Path) -> Account:
    """This process's own account; as root one that nobody has.

    :param probe: a file of this process's, by which is tried whether such an account can own something here.
    """
    user, group = os.geteuid(), os.getegid()
    if user != 0:
        return Account(user=user, group=group, initialiser=user, is_other=False)
    free = _FIRST_FREE_ID + secrets.randbelow(_FREE_IDS)
    try:
        os.chown(probe, free, free)
    except OSError:  # a user namespace with few ids
        free = _NOBODY
    else:
        os.chown(probe, user, group)
    return Account(user=free, group=free, initialiser=_NOBODY, is_other=True)


def naming(account: Account) -> Callable[[], None] | None:
    """For ``preexec_fn`` of initdb: gives an account without a name one, in a user namespace of its own.

    Where that is not allowed initdb says that it has none.
    """
    try:
        pwd.getpwuid(account.initialiser)
    except KeyError:
        named = next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), None)
        return None if named is None else lambda: _be_called(named)
    return None


def _be_called(named: int) -> None:
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None).unshare(_NEW_USER_NAMESPACE) != 0:
        return
    for file, line in (("setgroups", "deny"), ("uid_map", f"{named} {user} 1"), ("gid_map", f"{named} {group} 1")):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as mapping:
            mapping.write(line)
