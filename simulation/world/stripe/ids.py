"""Object ids in Stripe's form, drawn from the run's seed."""

from __future__ import annotations

import hashlib
from collections import defaultdict

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTHS = {"acct": 16, "req": 14}
_USUAL_LENGTH = 24


class Ids:
    """Draws each prefix's ids on its own, so that one more request (``req_…``) does not change the ids of transfers."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._drawn: defaultdict[str, int] = defaultdict(int)

    def next(self, prefix: str) -> str:
        """The next id of a kind: ``next("tr")`` gives ``tr_`` and 24 letters and digits."""
        return f"{prefix}_{self.secret(prefix, _LENGTHS.get(prefix, _USUAL_LENGTH))}"

    def secret(self, purpose: str, length: int) -> str:
        """The next ``length`` letters and digits for ``purpose``; 40 at most."""
        self._drawn[purpose] += 1
        digest = hashlib.sha256(f"{self._seed}:stripe:{purpose}:{self._drawn[purpose]}".encode()).digest()
        number = int.from_bytes(digest)
        letters = []
        for _ in range(length):
            number, letter = divmod(number, len(_ALPHABET))
            letters.append(_ALPHABET[letter])
        return "".join(letters)
