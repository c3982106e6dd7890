"""``simulate staging up`` and ``simulate staging shell``, as a person uses them: two processes, real HTTP, signals."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from threading import Timer

from simulation.environment.workspace import PREFIX, candidate_roots
from simulation.paths import RUNBOOKS_FOLDER

SIMULATE = (sys.executable, "-m", "simulation", "staging")
LAST_LINE = "Ctrl-C ends it and leaves nothing."
STARTS_WITHIN_WALL_SECONDS = 120

PAY_AN_ENTRY_FEE = r"""
post() { curl -sS -X POST "$API_BASE_URL$1" -H 'Content-Type: application/json' "${@:3}" -d "$2"; }
at() { date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ; }
user() { post /api/users "{\"name\": \"$1\", \"email\": \"$1@example.test\"}" | jq -r .user_id; }
organizer=$(user olga) player=$(user mia)
contest=$(post /api/custom-contests "$(jq -n --arg lock "$(at +1hour)" --arg start "$(at +2hours)" \
    --arg end "$(at +20hours)" '{
  contest_name: "Mine", entry_fee_cents: 1000, payout_structure: {"1": 90}, max_entries: 5, lock_time: $lock,
  start_time: $start, end_time: $end, provider_event_id: "two_day_masters",
  scoring: {roster_size: 1, missed_round_strokes: 80}}')" -H "X-User-Id: $organizer" | jq -r .contest_instance_id)
post "/api/custom-contests/$contest/publish" '{}' -H "X-User-Id: $organizer" | jq -r .published
post "/api/custom-contests/$contest/join" '{"roster": ["somebody"]}' -H "X-User-Id: $player" >/dev/null
secret=$(post /api/payments/intents "{\"contest_instance_id\": \"$contest\", \"amount_cents\": 1000}" \
  -H "X-User-Id: $player" -H "Idempotency-Key: one" | jq -r .client_secret)
curl -sS "$STRIPE_API_URL/v1/payment_intents/${secret%%_secret_*}/confirm" -u "$STRIPE_PUBLISHABLE_KEY:" \
  -d payment_method=pm_card_visa -d "client_secret=$secret" | jq -r .status
sleep 60
curl -sS -H "Authorization: Bearer $ADMIN_TOKEN" "$API_BASE_URL/api/admin/diagnostics/payments" \
  | jq -r '"without webhook: \(.webhooks_missing | length)"'
"""


@contextmanager
def standing(*options: str, ended_by: signal.Signals = signal.SIGINT) -> Iterator[str]:
    """Its port. The platform stands in a process of its own until it is told to end; it must leave nothing."""
    command = [*SIMULATE, "up", "--environment", "embedded", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        late = Timer(STARTS_WITHIN_WALL_SECONDS, program.kill)
        try:
            assert program.stdout is not None
            late.start()
            said = "".join(takewhile(lambda line: LAST_LINE not in line, program.stdout))
            late.cancel()
            assert "API_BASE_URL=" in said, said
            yield said.partition("API_BASE_URL=http://127.0.0.1:")[2].partition("\n")[0]
            program.send_signal(ended_by)
            assert program.wait(60) == 128 + ended_by
        finally:
            late.cancel()
            program.kill()
    assert left_behind(program.pid) == []


def left_behind(pid: int) -> list[Path]:
    places = [(root, f"{PREFIX}{pid}-*") for root in candidate_roots()] + [(Path("/dev/shm"), f"*faketime*_{pid}")]
    return [path for folder, pattern in places for path in folder.glob(pattern)]


def at_its_shell(port: str, commands: str) -> str:
    return subprocess.run(
        [*SIMULATE, "shell", "--port", port], input=commands, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_a_runbook_has_something_to_do_and_time_passes_when_told() -> None:
    with standing("--until", "day 1 14:00", "--clock", "simulated") as port:
        stuck = "curl -sS $API_BASE_URL/metrics | grep '^payout_transfers_stuck_retryable '\n"
        said = at_its_shell(port, f"date -u +%FT%T\n{stuck}sleep 2h\ndate -u +%FT%T\n{stuck}")
    assert said.splitlines() == [
        "2026-03-02T14:00:00",
        "payout_transfers_stuck_retryable 1",
        "2026-03-02T16:00:00",
        "payout_transfers_stuck_retryable 0",
    ]


def _opening(runbook: str) -> str:
    """What the runbook has people paste before its first step."""
    text = (RUNBOOKS_FOLDER / f"{runbook}.md").read_text(encoding="utf-8")
    return text.partition("```sh\n")[2].partition("```")[0]


def test_an_execution_is_opened_in_any_shell_and_a_refused_start_does_not_look_like_one() -> None:
    opening = _opening("payout_transfer_stuck_in_retryable")
    with standing("--clock", "simulated") as port:
        said = at_its_shell(
            port, f"unset USER\n{opening}unset EXECUTION_ID\nADMIN_AUTH_FILE=/dev/null\n{opening}true\n"
        )
    assert re.fullmatch(r"execution [0-9a-f-]{36}\n", said), said


def test_a_player_pays_on_the_simulated_clock() -> None:
    with standing("--clock", "simulated", ended_by=signal.SIGTERM) as port:
        said = at_its_shell(port, PAY_AN_ENTRY_FEE)
    assert said.splitlines() == ["true", "succeeded", "without webhook: 0"]


LATENESS_AND_STATUS = r"""
ask() { curl -sS -H "Authorization: Bearer $ADMIN_TOKEN" "$API_BASE_URL/api/admin/$1"; }
last=$(ask diagnostics/jobs | jq -r '.jobs[] | select(.name == "payout_scheduler") | .last_run_at')
echo "intervals since the last run: $(( ($(date +%s) - $(date -d "$last" +%s)) / 330 ))"
ask contests | jq -r '.contests[].status'
"""


def test_on_the_real_clock_the_scenarios_moment_is_now() -> None:
    with standing("--until", "day 0 12:00") as port:
        said = at_its_shell(port, LATENESS_AND_STATUS)
    assert said.splitlines() == ["intervals since the last run: 0", "LIVE"]
