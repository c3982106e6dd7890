"""What a backend asked the services around it, and what they refused, for ``simulate target check``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.test import run_wsgi_app

_REFUSED_FROM = 400
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """:ivar said: the answer's message, or its beginning."""

    who: str
    method: str
    path: str
    status: int
    said: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status} {self.said}".rstrip()


@dataclass
class Traffic:
    """:ivar calls: name of a service → how many requests reached it. :ivar refused: each kind once."""

    calls: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)

    def through(self, who: str, application: WSGIApplication) -> WSGIApplication:
        """The same application, looked at."""

        def look(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            self.calls[who] += 1
            body, status, headers = run_wsgi_app(application, environ, buffered=True)
            content = b"".join(body)
            if (code := int(status.split()[0])) >= _REFUSED_FROM:
                asked = {"who": who, "method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"]}
                refusal = Refusal(**asked, status=code, said=_message(content))
                if refusal not in self.refused:
                    self.refused.append(refusal)
            start_response(status, list(headers))
            return [content]

        return look

    def of(self, who: str) -> list[Refusal]:
        return [refusal for refusal in self.refused if refusal.who == who]


def _message(content: bytes) -> str:
    try:
        document = json.loads(content)
        found = document["error"]["message"]
    except (ValueError, KeyError, TypeError):
        found = content.decode(errors="replace")
    return " ".join(str(found).split())[:_LONGEST]
