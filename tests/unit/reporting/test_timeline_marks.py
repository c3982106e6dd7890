"""Marks and their labels find room on the rows of a lane without lying on each other."""

from __future__ import annotations

from simulation.reporting.timeline_marks import LaneRows, TimelineMark


def mark(left: float, label: str = "") -> TimelineMark:
    return TimelineMark(left=left, shape="fault", tooltip="", label=label)


def placed(*marks: TimelineMark, most: int = 6) -> list[int]:
    rows = LaneRows(most=most)
    return [rows.place(one).row for one in marks]


def test_a_mark_beyond_the_label_before_it_shares_its_row():
    first = mark(10, "webhook-twice")
    assert placed(first, mark(10 + first.width, "scores-unreachable")) == [0, 0]


def test_a_mark_below_the_label_before_it_takes_a_row_of_its_own():
    assert placed(mark(10, "webhook-twice"), mark(12, "a")) == [0, 1]


def test_a_stretch_keeps_its_row_until_its_end():
    rows = LaneRows()
    assert [rows.place(mark(10), until=40).row, rows.place(mark(30)).row, rows.place(mark(41)).row] == [0, 1, 0]


def test_a_label_that_would_leave_the_chart_is_written_on_the_left():
    late = mark(97, "winner-account-closed")
    assert late.flipped
    assert not mark(97).flipped
    assert placed(mark(85, "transfer-lost"), late) == [0, 1], "the label reaches back over the mark before it"


def test_too_many_at_once_pile_up_on_the_last_row():
    assert placed(*(mark(50, "same-time") for _ in range(4)), most=2) == [0, 1, 1, 1]
