from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from simulation.checks.base import Finding
from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.sample import failed_verdict, passed_verdict, sample_history, unknown_verdict

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)> & \"quoted\""
_VOID = {"meta", "link", "input", "br", "img"}
_OPTIONAL = {"td", "tr", "option"}


class Outline(HTMLParser):
    """What the document consists of."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in _VOID | _OPTIONAL:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in _OPTIONAL and (not self.open or self.open.pop() != tag):
            self.crossed.append(tag)


@pytest.fixture(scope="module")
def page(passed: Report) -> str:
    return render_html(passed)


def test_the_top_says_the_verdict_in_a_word_a_symbol_and_a_sentence(page: str) -> None:
    assert "<title>✓ PASS · founder_absence_14d, seed 7</title>" in page
    assert "The platform lived through the absence by itself" in page


def test_all_sections_are_there_and_every_inner_link_has_its_target(page: str) -> None:
    outline = Outline(page)
    links = [value[1:] for name, value in outline.attributes if name == "href" and value.startswith("#")]
    assert {"criteria", "timeline", "days", "faults", "money", "contests", "runbooks", "trail", "facts"} <= set(links)
    assert set(links) <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))


def test_tags_are_nested(page: str) -> None:
    outline = Outline(page)
    assert (outline.crossed, outline.open) == ([], [])


@pytest.mark.parametrize("verdict", [passed_verdict(), failed_verdict(), unknown_verdict()])
def test_nothing_is_fetched_from_anywhere(history: History, verdict: object) -> None:
    document = render_html(build_report(history, verdict))  # type: ignore[arg-type]
    for name, value in Outline(document).attributes:
        if name in ("href", "src", "action", "srcset", "data", "xlink:href"):
            beside_it = name == "href" and value.startswith("runbooks/exec-")
            assert beside_it or value.startswith(("#", "data:,")), (name, value)
    assert not re.search(r"@import|url\((?!#)|<iframe|<object|fetch\(|XMLHttpRequest|https?://", document)


def test_a_policy_forbids_fetching_too(page: str) -> None:
    assert "default-src 'none'" in page


def test_the_file_is_small(page: str) -> None:
    assert len(page.encode()) < 500_000


def test_hostile_names_are_text_everywhere() -> None:
    finding = Finding(check="exactly_once", subject=HOSTILE, message=HOSTILE, expected=HOSTILE, actual=HOSTILE)
    report = build_report(sample_history(contest_name=HOSTILE), failed_verdict(finding))
    document = render_html(report)
    outline = Outline(document)
    assert outline.tags.count("script") == 1
    assert "img" not in outline.tags
    assert not any(name.startswith("on") for name, _ in outline.attributes)
    assert document.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") > 10


def test_the_whole_audit_trail_is_in_the_page_and_searchable(page: str, passed: Report) -> None:
    body = page.split('<table id="audit">')[1].split("</table>")[0]
    assert body.count("<tr data-action=") == len(passed.trail) > 100
    assert 'type="search"' in page


def test_every_stage_and_mark_of_the_timeline_has_a_tooltip(page: str) -> None:
    timeline = page.split('<section id="timeline">')[1].split("</section>")[0]
    assert "Masters Warm-up: LIVE from day 2, 03 Mar 08:02 to day 5, 06 Mar 21:00" in timeline
    assert timeline.count("<title>") >= 4 * 6 + 8 * 2
    assert "delayed: payment_intent.succeeded evt_pi_club_06" in timeline


def test_a_failed_run_shows_findings_first_with_links_to_the_evidence(failed: Report) -> None:
    document = render_html(failed)
    top = document.split('<section id="criteria">')[0]
    assert "the prize was transferred twice" in top
    assert 'href="#event-300"' in top
    assert 'id="event-300"' in document


def test_a_failed_run_says_first_what_it_cost_and_what_to_do_and_folds_the_rest(failed: Report) -> None:
    top = render_html(failed).split("Why this verdict.")[0]
    order = [top.index(text) for text in ("What went wrong", "$270.00", "What to do", "which may follow from it")]
    assert order == sorted(order)
    assert '<details class="followed">' in top, "closed"


def test_the_page_is_one_file(page: str) -> None:
    elsewhere = re.findall(r'(?<![-\w])(?:href|src|action|srcset)="(?!#|data:)[^"]+"', page)
    assert elsewhere == []


def test_an_unknown_run_says_what_could_not_be_seen(unknown: Report) -> None:
    top = render_html(unknown).split('<section id="criteria">')[0]
    assert "the write-ahead log witness recorded no transaction" in top


def test_transcripts_have_the_commands_as_typed(page: str) -> None:
    assert "4 of 4 as written" in page
    assert "/payouts?stuck_minutes=30" in page


def test_a_broken_off_history_renders(history: History) -> None:
    document = render_html(build_report(History(history.events[:120]), unknown_verdict()))
    assert "No contest was observed." in document


def test_the_same_history_gives_the_same_bytes(page: str) -> None:
    assert render_html(build_report(sample_history(), passed_verdict())) == page
