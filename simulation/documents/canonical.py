"""JSON in the one form in which equal documents are equal texts."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_sha256(document: Any) -> str:
    """sha256 over JSON with sorted keys and no spaces: equal documents, equal hashes."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
