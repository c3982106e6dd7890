"""In-process door to everybody who is nobody's here: refuses the platform's calls and tells whom they were for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import requests
import responses

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_Reply = tuple[int, dict[str, str], str]


def install(network: responses.RequestsMock, *, known: Sequence[str], refused: Callable[[str], None]) -> None:
    """Refuse every request but those whose URL begins with one of ``known``."""

    def refuse(request: requests.PreparedRequest) -> _Reply:
        host = urlsplit(request.url or "").hostname or ""
        refused(host)
        raise requests.exceptions.ConnectionError(f"{host}: no such host", request=request)

    others = re.compile(rf"^(?!{'|'.join(re.escape(url) for url in known)})")
    for method in _METHODS:
        network.add_callback(method, others, callback=refuse, content_type=None)
