"""``feed.py``: what it may return, and what is said where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulation.errors import UsageError
from simulation.targets.process.feed_file import load_feed
from simulation.world.provider.feed import Boards

GOOD = """
def answer(path, query, boards):
    if path == "/scores":
        return 200, {"X-Feed": "1"}, {"leader": boards[query["event"]]["events"][0]["id"]}
    return 404, {}, "nothing"
"""


def asked(folder: Path, text: str, path: str = "/scores", **query: str) -> Any:
    (folder / "feed.py").write_text(text, encoding="utf-8")
    feed = load_feed(folder)
    assert feed is not None
    return feed.answer(path=path, query=query or {"event": "open"}, boards=Boards({"open": '{"events":[{"id":"e1"}]}'}))


def test_a_folder_need_not_have_one(tmp_path: Path) -> None:
    assert load_feed(tmp_path) is None


def test_its_answer_is_sent_as_it_stands(tmp_path: Path) -> None:
    answer = asked(tmp_path, GOOD)
    assert (answer.status, answer.body, answer.boards) == (200, b'{"leader":"e1"}', ("open",))
    assert answer.headers == {"Content-Type": "application/json", "X-Feed": "1"}
    assert (asked(tmp_path, GOOD, "/else").status, asked(tmp_path, GOOD, "/else").boards) == (404, ())


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("def answer(:", 1, "cannot be imported"),
        ("import nothing_there", 1, "cannot be imported"),
        ("x = 1", 1, "no function answer, and none called push"),
        ("def answer(p, q, b):\n    return b['gone']", 2, "raised KeyError"),
        ("def answer(p, q, b):\n    return 200", 1, "returned 200"),
        ("def answer(p, q, b):\n    return '200', {}, ''", 1, "status"),
        ("def answer(p, q, b):\n    return 200, {'a': 1}, ''", 1, "headers"),
        ("def answer(p, q, b):\n    return 200, {}, {1, 2}", 1, "no JSON"),
    ],
)
def test_a_mistake_is_refused_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refusal:
        asked(tmp_path, text)
    assert f"feed.py:{line}:" in str(refusal.value)


PUSHED = """
def push(tournament, boards):
    yield "PUT", f"/hooks/{tournament}", {"X-Key": "k"}, {"leader": boards[tournament]["events"][0]["id"]}
"""


def pushed(folder: Path, text: str) -> Any:
    (folder / "feed.py").write_text(text, encoding="utf-8")
    feed = load_feed(folder)
    assert feed is not None
    assert feed.pushes
    return feed.push(tournament="open", boards=Boards({"open": '{"events":[{"id":"e1"}]}'}))


def test_a_provider_may_only_tell_by_itself(tmp_path: Path) -> None:
    (request,) = pushed(tmp_path, PUSHED)
    assert (request.method, request.path, request.body) == ("PUT", "/hooks/open", b'{"leader":"e1"}')
    assert request.headers == {"Content-Type": "application/json", "X-Key": "k"}
    feed = load_feed(tmp_path)
    assert feed is not None
    assert feed.answer(path="/scores", query={}, boards=Boards({})).status == 404


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("def push(t, b):\n    return [b['gone']]", 2, "raised KeyError"),
        ("def push(t, b):\n    return None", 1, "raised TypeError"),
        ("def push(t, b):\n    return [('POST', '/a', {})]", 1, "push yielded"),
        ("def push(t, b):\n    return [('GET', '/a', {}, '')]", 1, "its method is 'GET'"),
        ("def push(t, b):\n    return [('POST', 'http://a', {}, '')]", 1, "its path is"),
        ("def push(t, b):\n    return [('POST', '/a', {'a': 1}, '')]", 1, "headers"),
        ("def push(t, b):\n    return [('POST', '/a', {}, {1})]", 1, "no JSON"),
    ],
)
def test_a_mistake_of_what_is_pushed_is_refused_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refusal:
        pushed(tmp_path, text)
    assert f"feed.py:{line}:" in str(refusal.value)
