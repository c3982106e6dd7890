"""The runbooks as pages: who may read them, that each shows the file in force, and where the links lead."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simulation.paths import RUNBOOKS_FOLDER
from simulation.staging.admin_token import mint
from simulation.staging.http.markdown_page import breakable
from simulation.staging.operations.runbook_texts import RunbookTexts
from simulation.witness.runbook_page import shown_runbook
from simulation.world.operator.parser import load_runbooks
from tests.integration.staging.conftest import JWT_SECRET, StagingPlatform

STUCK = "payout_transfer_stuck_in_retryable"
NAMES = tuple(sorted(file.stem for file in RUNBOOKS_FOLDER.glob("*.md") if file.stem != "README"))


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        if tag == "a":
            self.hrefs.append(given["href"] or "")
        if given.get("id"):
            self.ids.append(given["id"] or "")


def page(stage: StagingPlatform, path: str) -> str:
    answer = stage.client.get(path, headers=stage.admin)
    assert (answer.status_code, answer.mimetype) == (200, "text/html"), answer.text
    return answer.text


def test_a_page_shows_each_command_of_the_runbook_in_force_and_how_to_open_its_execution(
    stage: StagingPlatform,
) -> None:
    for runbook in load_runbooks(RUNBOOKS_FOLDER):
        shown = shown_runbook(page(stage, f"/admin/runbooks/{runbook.name}"))
        assert shown == {
            "name": runbook.name,
            "version": runbook.version,
            "opens": f"{runbook.name} {runbook.version}",
            "commands": list(runbook.commands),
        }


@pytest.mark.parametrize("path", ["", *(f"/{name}" for name in (STUCK, "escalation", "scale_database"))])
def test_every_link_of_a_page_leads_somewhere_and_nothing_on_it_is_a_script(stage: StagingPlatform, path: str) -> None:
    found = Links(page(stage, f"/admin/runbooks{path}"))
    assert found.hrefs
    assert not {"script", "img", "iframe"} & found.tags
    assert len(found.ids) == len(set(found.ids))
    for href in found.hrefs:
        address, _, part = href.partition("#")
        there = Links(page(stage, address)) if address and not address.startswith("/admin/dashboards") else found
        assert not part or part in there.ids, href


def test_the_index_links_every_runbook(stage: StagingPlatform) -> None:
    hrefs = Links(page(stage, "/admin/runbooks")).hrefs
    assert {f"/admin/runbooks/{name}" for name in NAMES} <= set(hrefs)


@pytest.mark.parametrize("path", ["runbooks", f"runbooks/{STUCK}"])
def test_without_a_session_or_a_token_there_is_only_the_form_and_it_leads_back(
    stage: StagingPlatform, path: str
) -> None:
    away = stage.client.get(f"/admin/{path}")
    assert away.status_code == 303
    assert path in re.sub("%2F", "/", away.headers["Location"])
    form = stage.client.get(away.headers["Location"]).text
    assert f'name="next" value="{path}"' in form

    token = mint(JWT_SECRET, stage.admin_id, stage.clock.now, 3600)
    assert (
        stage.client.post("/admin/login", data={"token": token, "next": path}).headers["Location"] == f"/admin/{path}"
    )
    assert stage.client.get(f"/admin/{path}").status_code == 200


@pytest.mark.parametrize("name", ["README", "sales", "..%2F..%2Fspec%2Fplatform"])
def test_only_an_admin_learns_that_there_is_no_such_runbook(stage: StagingPlatform, name: str) -> None:
    assert stage.client.get(f"/admin/runbooks/{name}", headers={"Authorization": "Bearer x"}).status_code in (401, 404)
    assert stage.client.get(f"/admin/runbooks/{name}", headers=stage.admin).status_code == 404


def test_a_users_token_opens_no_runbook(stage: StagingPlatform) -> None:
    token = mint(JWT_SECRET, stage.admin_id, stage.clock.now, -60)
    answer = stage.client.get(f"/admin/runbooks/{STUCK}", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_an_alert_and_an_execution_link_their_runbook(stage: StagingPlatform) -> None:
    begun = {"runbook_name": STUCK, "runbook_version": "1.0.0", "executed_by": "ops"}
    stage.admin_post("runbooks/start", begun)
    other = {"runbook_name": "not_one_of_ours", "runbook_version": "1", "executed_by": "ops"}
    stage.admin_post("runbooks/start", other)
    token = mint(JWT_SECRET, stage.admin_id, stage.clock.now, 3600)
    stage.client.post("/admin/login", data={"token": token})

    shown = stage.client.get("/admin/dashboards/operational").text

    assert f'<a href="/admin/runbooks/{STUCK}">' in shown
    assert f">{STUCK}</a>" in shown.replace("<wbr>", "")
    assert "not_one_of_ours" in shown.replace("<wbr>", "")
    assert "/admin/runbooks/not_one_of_ours" not in shown


def test_a_change_of_the_file_is_on_the_page_at_the_next_request_and_its_markup_stays_text(tmp_path: Path) -> None:
    file = tmp_path / "r.md"
    text = (
        "---\nname: r\nversion: {}\ndate: 2026-01-01\nalert: A\nroles: [ops]\n---\n\n# R\n\nDo <script>it</script>.\n"
    )
    file.write_text(text.format("1.0.0"), encoding="utf-8")
    texts = RunbookTexts(str(tmp_path))
    first = texts.find("r")
    file.write_text(text.format("1.0.1"), encoding="utf-8")
    second = texts.find("r")

    assert first is not None
    assert second is not None
    assert (first.version, second.version) == ("1.0.0", "1.0.1")
    assert (second.title, second.purpose, second.body) == ("R", "A", "Do <script>it</script>.")
    assert texts.page("s") is None
    assert texts.page(None) is None
    assert RunbookTexts("").names() == ()


def test_a_long_name_may_break_and_nothing_of_it_becomes_markup() -> None:
    assert breakable("a_long_name of AnAlert <b>") == "a_<wbr>long_<wbr>name of An<wbr>Alert &lt;b&gt;"
