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

A provider that tells by itself has ``push``, beside ``answer`` or in its place:

.. code-block:: python

    def push(tournament, boards):
        yield "POST", "/hooks/scores", {"X-Key": "secret"}, {"event": tournament, "scores": boards[tournament]}

It is called for each new board of a tournament, and yields the requests to the backend: method, path, headers and body.
Each is sent again after a minute, five, fifteen, an hour, three and six, until the backend acknowledges it (status 2xx)
or a newer board has taken its place. ``${ADMIN_TOKEN}`` in a header's value is a token of one of the backend's admins,
for scores that come by its admin API. A fault that keeps the provider's answers back keeps these back, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.errors import UsageError
from simulation.targets.process.own_module import line_in, load_module
from simulation.world.provider.feed import Boards, FeedAnswer, PushedRequest

FILE_NAME = "feed.py"
_SHAPE = "return (status, headers, body), e.g. 200, {}, {'scores': []}"
_REQUEST = "yield (method, path, headers, body), e.g. 'POST', '/hooks/scores', {}, {'scores': []}"
_METHODS = ("POST", "PUT", "PATCH")


def load_feed(folder: Path) -> OwnFeed | None:
    """The folder's feed; None without the file.

    :raises UsageError: it cannot be imported, or has neither function.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return None
    module = load_module(file)
    answer, push = getattr(module, "answer", None), getattr(module, "push", None)
    if not callable(answer) and not callable(push):
        raise UsageError(
            place=f"{file}:1",
            problem="there is no function answer, and none called push",
            remedy="write `def answer(path, query, boards):`, or `def push(tournament, boards):` for one that tells "
            "by itself",
        )
    return OwnFeed(file=file, function=answer or _nothing, pushing=push)


def _nothing(_path: str, _query: Mapping[str, str], _boards: Mapping[str, Any]) -> tuple[int, dict[str, str], str]:
    return 404, {}, "this provider only tells by itself"


@dataclass(frozen=True, kw_only=True)
class OwnFeed:
    """See :class:`simulation.world.provider.feed.Feed`."""

    file: Path
    function: Callable[[str, Mapping[str, str], Mapping[str, Any]], Any]
    pushing: Callable[[str, Mapping[str, Any]], Any] | None = None

    @property
    def pushes(self) -> bool:
        return self.pushing is not None

    def push(self, *, tournament: str, boards: Boards) -> Sequence[PushedRequest]:
        """:raises UsageError: the function raises, or yields something else than requests."""
        assert self.pushing is not None, "asked only where it pushes"
        pushing = self.pushing
        with self._blamed(f"push({tournament!r}, …)", "yield nothing for what the provider does not tell"):
            found = list(pushing(tournament, boards))
        return [self._request(one) for one in found]

    def _request(self, found: Any) -> PushedRequest:
        if not isinstance(found, tuple) or len(found) != 4:
            raise self._refusal(f"push yielded {found!r:.100}", _REQUEST)
        method, path, headers, body = found
        if method not in _METHODS:
            raise self._refusal(f"its method is {method!r:.100}", _REQUEST)
        if not isinstance(path, str) or not path.startswith("/"):
            raise self._refusal(f"its path is {path!r:.100}", _REQUEST)
        return PushedRequest(method=method, path=path, headers=self._headers(headers), body=self._body(body))

    def answer(self, *, path: str, query: Mapping[str, str], boards: Boards) -> FeedAnswer:
        """:raises UsageError: the function raises, or returns something else than an answer."""
        with self._blamed(f"answer({path!r}, …)", "return a 404 for what the feed does not have"):
            found = self.function(path, dict(query), boards)
        status, headers, body = self._parts(found)
        return FeedAnswer(status=status, headers=headers, body=body, boards=boards.read)

    @contextmanager
    def _blamed(self, call: str, remedy: str) -> Iterator[None]:
        """What the owner's function raises is told with its line."""
        try:
            yield
        except Exception as error:
            raise UsageError(
                place=f"{self.file}:{line_in(self.file, error)}",
                problem=f"{call} raised {error!r}",
                remedy=f"correct it; {remedy}",
            ) from error

    def _parts(self, found: Any) -> tuple[int, dict[str, str], bytes]:
        if not isinstance(found, tuple) or len(found) != 3:
            raise self._refusal(f"answer returned {found!r:.100}")
        status, headers, body = found
        if type(status) is not int or not 200 <= status <= 599:
            raise self._refusal(f"its status is {status!r:.100}")
        return status, self._headers(headers), self._body(body)

    def _headers(self, headers: Any) -> dict[str, str]:
        if not isinstance(headers, Mapping) or not all(
            isinstance(part, str) for pair in headers.items() for part in pair
        ):
            raise self._refusal(f"its headers are {headers!r:.100}")
        return {"Content-Type": "application/json", **headers}

    def _body(self, body: Any) -> bytes:
        if isinstance(body, bytes):
            return body
        try:
            text = body if isinstance(body, str) else json.dumps(body, sort_keys=True, separators=(",", ":"))
            return text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise self._refusal(f"its body is no JSON: {error}") from error

    def _refusal(self, problem: str, remedy: str = _SHAPE) -> UsageError:
        return UsageError(place=f"{self.file}:1", problem=problem, remedy=remedy)
