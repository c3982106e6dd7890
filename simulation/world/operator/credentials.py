"""What an operator's programs are let in with: bearer tokens, each in a file of its own that ``curl -H @file`` reads.

A file keeps the token out of the argument list, which every user of a machine can read, and it is written anew before
each command and after each wait: whoever reads it for each request never has one that ran out meanwhile.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

Tokens = Mapping[str, Callable[[], str]]
"""Of each variable that holds a token (``ADMIN_TOKEN``), who mints it: a new one, valid from now on."""


def file_variable(token_variable: str) -> str:
    """``ADMIN_AUTH_FILE`` for ``ADMIN_TOKEN``, ``HOSTING_AUTH_FILE`` for ``HOSTING_API_TOKEN``."""
    return token_variable.removesuffix("_TOKEN").removesuffix("_API") + "_AUTH_FILE"


def write_auth_file(file: Path, token: str) -> None:
    """The header by which ``token`` is shown, readable by this account only."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as header:
        header.write(f"Authorization: Bearer {token}\n")


class Credentials:
    """Of one person for one execution.

    :param folder: where their files get a folder of their own.
    """

    def __init__(self, *, folder: Path, tokens: Tokens) -> None:
        self._tokens = tokens
        self._folder = tempfile.TemporaryDirectory(prefix="credentials-", dir=folder)
        self._minted: dict[str, str] = {}

    def renew(self) -> Mapping[str, str]:
        """Write every file anew; returns each token's variable and its file's with their values."""
        variables: dict[str, str] = {}
        for name, mint in self._tokens.items():
            token, file = mint(), Path(self._folder.name, name)
            write_auth_file(file, token)
            self._minted[token] = name
            variables |= {name: token, file_variable(name): str(file)}
        return variables

    def masked(self, text: str) -> str:
        """Without any token that was ever handed out, and without the files' places."""
        for token, name in self._minted.items():
            text = text.replace(token, f"${name}")
        for name in self._tokens:
            text = text.replace(str(Path(self._folder.name, name)), f"${file_variable(name)}")
        return text

    def close(self) -> None:
        """The files are gone. Safe to call twice."""
        self._folder.cleanup()
