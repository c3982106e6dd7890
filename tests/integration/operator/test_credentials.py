"""A token never runs out on whoever waits, and stands in no list of processes and no record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from simulation.events import ExecutionEnded, RunbookStep
from simulation.history import History, line_of
from tests.integration.operator.desk import START, CounterPlatform, desk
from tests.unit.operator.books import MINI

_MENDING = '$ for number in $(seq 1 "$COUNT"); do\n>   curl -sS -X POST "$API_BASE_URL/mend"\n> done\n...\n0 stuck'
_WAITING = """\
$ for look in $(seq 1 9); do
>   if [ "$look" -gt 1 ]; then sleep 7200; fi
>   left=$(curl -sS -f -H @"$ADMIN_AUTH_FILE" "$API_BASE_URL/count") || break
>   if [ "$left" = "0 stuck" ]; then break; fi
> done
> echo "$left"
0 stuck"""


def lived(platform: CounterPlatform, book: str, *, hours: int, mended_after: timedelta | None = None) -> History:
    with desk(platform, book) as sim:
        sim.raise_alert()
        if mended_after is not None:
            sim.live(minutes=int(mended_after.total_seconds() // 60))
            platform.stuck = 0
        return sim.live(minutes=60 * hours)


def test_a_wait_longer_than_a_token_lives_is_gone_through() -> None:
    platform = CounterPlatform(mends=False, tokens=True)
    history = lived(platform, MINI.replace(_MENDING, _WAITING), hours=20, mended_after=timedelta(hours=9))
    (ended,) = history.of(ExecutionEnded)
    assert (ended.status, ended.error) == ("completed", None)
    assert ended.sim_duration_seconds > 9 * 3600


def test_a_token_of_before_the_wait_is_refused_by_that_platform() -> None:
    """The test above can fail: whoever keeps a token over the wait is not let in."""
    book = MINI.replace(_MENDING, _WAITING.replace("$ for", '$ kept=$(cat "$ADMIN_AUTH_FILE")\n> for', 1))
    book = book.replace('-H @"$ADMIN_AUTH_FILE"', '-H "$kept"')
    history = lived(CounterPlatform(mends=False, tokens=True), book, hours=20)
    (ended,) = history.of(ExecutionEnded)
    assert ended.status == "failed"
    assert ended.error is not None
    assert "curl: (22)" in ended.error
    assert "401" in ended.error


def test_a_loop_ends_at_the_first_error_and_says_so() -> None:
    platform = CounterPlatform(mends=False, refuse="/count:")
    with desk(platform, MINI.replace(_MENDING, _WAITING)) as sim:
        platform.refuse = ""
        sim.raise_alert()
        sim.live(minutes=30)
        platform.refuse = "/count:"
        history = sim.live(minutes=60 * 20)
    recovery = history.of(RunbookStep)[2]
    assert recovery.output.startswith("curl: (22) The requested URL returned error: 500")
    assert recovery.at - START < timedelta(hours=3), "it did not look again"


def test_no_token_of_any_moment_reaches_the_history() -> None:
    book = MINI.replace(
        '$ curl -sS "$API_BASE_URL/cause"\n',
        '$ echo "$ADMIN_TOKEN $ADMIN_AUTH_FILE"; cat "$ADMIN_AUTH_FILE"; sleep 60; cat "$ADMIN_AUTH_FILE"; '
        'echo "$ADMIN_TOKEN"\n',
    )
    lines = "\n".join(line_of(event) for event in lived(CounterPlatform(tokens=True), book, hours=1).events)
    assert "$ADMIN_TOKEN $ADMIN_AUTH_FILE\\nAuthorization: Bearer $ADMIN_TOKEN" in lines
    assert "minted-" not in lines
    assert "credentials-" not in lines


def test_the_file_is_for_its_owner_only_and_gone_with_the_execution(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    book = MINI.replace('"$API_BASE_URL/cause"', f'"$API_BASE_URL/cause"; stat -c "%a %n" "$ADMIN_AUTH_FILE" > {kept}')
    lived(CounterPlatform(), book, hours=1)
    mode, place = kept.read_text(encoding="utf-8").split()
    assert mode == "600"
    assert not Path(place).exists()
