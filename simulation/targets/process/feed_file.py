"""``feed.py`` of a target folder: the score provider in the dialect of the backend.

.. code-block:: python

    def answer(path, query, boards):
        if path == "/v3/scores" and query.get("event") in boards:
            return 200, {}, {"scores": boards[query["event"]]["events"][0]}
        return 404, {}, {"error": "unknown event"}

- ``path``: of the request, decoded; ``query``: name → value, the first where one is sent twice;
- ``boards``: tournament (its key in the scenario) → its board as fixtures/spec/platform.md has it, as plain data;
- it returns status, headers, and the body: text or bytes as they stand, anything else as JSON.

It is asked more than once for one request, so it must only compute. Faults of the provider act on what it returns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.errors import UsageError
from simulation.targets.process.own_module import line_in, load_module
from simulation.world.provider.feed import Boards, FeedAnswer

FILE_NAME = "feed.py"
_SHAPE = "return (status, headers, body), e.g. 200, {}, {'scores': []}"


def load_feed(folder: Path) -> OwnFeed | None:
    """The folder's feed; None without the file.

    :raises UsageError: it cannot be imported, or has no function ``answer``.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return None
    function = getattr(load_module(file), "answer", None)
    if not callable(function):
        raise UsageError(
            place=f"{file}:1", problem="there is no function answer", remedy="write `def answer(path, query, boards):`"
        )
    return OwnFeed(file=file, function=function)


@dataclass(frozen=True, kw_only=True)
class OwnFeed:
    """See :class:`simulation.world.provider.feed.Feed`."""

    file: Path
    function: Callable[[str, Mapping[str, str], Mapping[str, Any]], Any]

    def answer(self, *, path: str, query: Mapping[str, str], boards: Boards) -> FeedAnswer:
        """:raises UsageError: the function raises, or returns something else than an answer."""
        try:
            found = self.function(path, dict(query), boards)
        except Exception as error:
            raise UsageError(
                place=f"{self.file}:{line_in(self.file, error)}",
                problem=f"answer({path!r}, …) raised {error!r}",
                remedy="correct it; return a 404 for what the feed does not have",
            ) from error
        status, headers, body = self._parts(found)
        return FeedAnswer(status=status, headers=headers, body=body, boards=boards.read)

    def _parts(self, found: Any) -> tuple[int, dict[str, str], bytes]:
        if not isinstance(found, tuple) or len(found) != 3:
            raise self._refusal(f"answer returned {found!r:.100}")
        status, headers, body = found
        if type(status) is not int or not 200 <= status <= 599:
            raise self._refusal(f"its status is {status!r:.100}")
        if not isinstance(headers, Mapping) or not all(
            isinstance(part, str) for pair in headers.items() for part in pair
        ):
            raise self._refusal(f"its headers are {headers!r:.100}")
        named = {"Content-Type": "application/json", **headers}
        if isinstance(body, bytes):
            return status, named, body
        try:
            text = body if isinstance(body, str) else json.dumps(body, sort_keys=True, separators=(",", ":"))
            return status, named, text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise self._refusal(f"its body is no JSON: {error}") from error

    def _refusal(self, problem: str) -> UsageError:
        return UsageError(place=f"{self.file}:1", problem=problem, remedy=_SHAPE)
