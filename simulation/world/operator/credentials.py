"""What an operator's programs authenticate with: bearer tokens, each in a file of its own that ``curl -H @file`` reads.

A file keeps the token out of the argument list, which every user of a machine can read, and it is written anew before
each command and after each wait: a program that reads it for each request never sends an expired token.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

Tokens = Mapping[str, Callable[[], str]]
"""Variable that holds a token (``ADMIN_TOKEN``) → function that mints a new one, valid from now on."""


def file_variable(token_variable: str) -> str:
    """``ADMIN_AUTH_FILE`` for ``ADMIN_TOKEN``, ``HOSTING_AUTH_FILE`` for ``HOSTING_API_TOKEN``."""
    return token_variable.removesuffix("_TOKEN").removesuffix("_API") + "_AUTH_FILE"


def write_auth_file(file: Path, token: str) -> None:
    """Write the HTTP header that carries ``token`` to a file that only this account can read."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as header:
        header.write(f"Authorization: Bearer {token}\n")


class Credentials:
    """The credentials of one person for one execution.

    :param folder: folder in which a temporary folder for their files is made.
    """

    def __init__(self, *, folder: Path, tokens: Tokens) -> None:
        self._tokens = tokens
        self._folder = tempfile.TemporaryDirectory(prefix="credentials-", dir=folder)
        self._minted: dict[str, str] = {}

    def renew(self) -> Mapping[str, str]:
        """Write every file anew; returns the variables of the tokens and of their files."""
        variables: dict[str, str] = {}
        for name, mint in self._tokens.items():
            token, file = mint(), Path(self._folder.name, name)
            write_auth_file(file, token)
            self._minted[token] = name
            variables |= {name: token, file_variable(name): str(file)}
        return variables

    def masked(self, text: str) -> str:
        """``text`` with every token minted so far, and the path of each file, replaced by the variable's name."""
        for token, name in self._minted.items():
            text = text.replace(token, f"${name}")
        for name in self._tokens:
            text = text.replace(str(Path(self._folder.name, name)), f"${file_variable(name)}")
        return text

    def close(self) -> None:
        """Delete the files. Safe to call twice."""
        self._folder.cleanup()
