"""The dashboards in a browser: signing in and out, what the cookie is, and that nothing on a page can become markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from werkzeug.test import TestResponse

from simulation.staging.admin_token import mint
from tests.integration.staging.conftest import JWT_SECRET, StagingPlatform

PAGES = ("operational", "contest-status", "audit-trail", "error-trends")


def _sign_in(stage: StagingPlatform, *, ttl_seconds: int = 3600, page: str = "operational") -> TestResponse:
    token = mint(JWT_SECRET, stage.admin_id, stage.clock.now, ttl_seconds)
    return stage.client.post("/admin/login", data={"token": token, "next": page})


class _Outline(HTMLParser):
    """Headings and tags of a page; scripts there must not be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.refresh = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        if given.get("http-equiv") == "refresh":
            self.refresh = given["content"] or ""
        if tag == "th":
            assert given.get("scope") in ("col", "row")


@pytest.mark.parametrize("page", PAGES)
def test_without_a_session_there_is_only_the_form(stage: StagingPlatform, page: str) -> None:
    answer = stage.client.get(f"/admin/dashboards/{page}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/login?next={page}")
    assert "Admin token" in stage.client.get(answer.headers["Location"]).text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_no_script_and_refreshes_itself(stage: StagingPlatform, page: str) -> None:
    stage.entrant(stage.contest(), "1")
    assert _sign_in(stage, page=page).headers["Location"] == f"/admin/dashboards/{page}"

    answer = stage.client.get(f"/admin/dashboards/{page}")

    outline = _Outline(answer.text)
    assert (answer.status_code, outline.refresh) == (200, "60")
    assert not {"script", "img", "iframe"} & set(outline.tags)
    assert {"nav", "main", "h1", "h2"} <= set(outline.tags)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_short_lived_and_for_this_site_and_no_script(stage: StagingPlatform) -> None:
    cookie = _sign_in(stage).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/admin", "Max-Age=1800"} <= set(cookie.split("; "))


def test_the_session_ends_with_the_token_it_came_from(stage: StagingPlatform) -> None:
    assert "Max-Age=600" in _sign_in(stage, ttl_seconds=600).headers["Set-Cookie"]
    stage.pass_time(minutes=11)
    assert stage.client.get("/admin/dashboards/operational").status_code == 303


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_token_that_is_none_opens_nothing(stage: StagingPlatform, token: str) -> None:
    answer = stage.client.post("/admin/login", data={"token": token})
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False)
    assert "Refused" in answer.text


def test_signing_in_and_out_is_audited_without_the_secret(stage: StagingPlatform) -> None:
    secret = _sign_in(stage).headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    stage.client.post("/admin/logout")

    trail = stage.sql(
        "SELECT action, actor, reason FROM audit_log WHERE action LIKE 'dashboard%' ORDER BY sequence_number"
    )
    assert [row["action"] for row in trail] == ["dashboard_session_opened", "dashboard_session_closed"]
    assert {row["actor"] for row in trail} == {str(stage.admin_id)}
    assert secret not in str(stage.sql("SELECT * FROM admin_sessions")) + str(stage.log)


def test_after_signing_out_the_cookie_opens_nothing(stage: StagingPlatform) -> None:
    cookie = _sign_in(stage).headers["Set-Cookie"].partition(";")[0]
    stage.client.post("/admin/logout")
    assert stage.client.get("/admin/dashboards/operational", headers={"Cookie": cookie}).status_code == 303


def test_an_admin_whose_rights_were_revoked_sees_nothing_more(stage: StagingPlatform) -> None:
    _sign_in(stage)
    stage.admin_post(f"users/{stage.admin_id}/revoke-admin", {"reason": "left"})
    assert stage.client.get("/admin/dashboards/operational").status_code == 303


def test_signing_in_leads_to_no_other_site(stage: StagingPlatform) -> None:
    assert _sign_in(stage, page="//evil.test").headers["Location"] == "/admin/dashboards/operational"


def test_a_contests_name_stays_text(stage: StagingPlatform) -> None:
    stage.contest(contest_name="<script>alert(1)</script>")
    _sign_in(stage)
    page = stage.client.get("/admin/dashboards/contest-status").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_the_page_says_that_it_does_not_know_when_no_monitoring_answers(stage: StagingPlatform) -> None:
    _sign_in(stage)
    page = stage.client.get("/admin/dashboards/operational").text
    assert "Whether an alert fires is not known" in page
    assert "No alert is active" not in page
