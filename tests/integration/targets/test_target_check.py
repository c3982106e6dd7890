"""``simulate target check`` on the staging platform's folder: everything in order, and a wrong secret named as such."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from simulation.cli.target_check import target_check
from simulation.paths import ROOT
from tests.targets.shop_support import copy_of_shop

STAGING = ROOT / "fixtures" / "targets" / "staging"
SECRET = 'STRIPE_WEBHOOK_SECRET = "${STRIPE_WEBHOOK_SECRET}"'


_TAKES_ANY = "        try:\n            pass\n        except (ValueError"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the folder, of the same platform."""
    copy = tmp_path / "staging"
    shutil.copytree(STAGING, copy)
    file = copy / "target.toml"
    file.write_text(file.read_text().replace('directory = "../../.."', f'directory = "{ROOT}"'))
    return copy


def test_a_folder_that_is_right_has_every_piece_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = target_check.main([str(folder)], standalone_mode=False)

    said = capsys.readouterr().out
    assert code == 0, said
    assert "… its migrations run first, and may take up to 120 s (migrate_seconds)" in said
    assert said.splitlines()[-1] == f"  next  simulate run smoke_2d --target {folder}"
    assert "(POST /api/users → 201, POST /api/users → 201)" in said
    assert "✗" not in said
    for piece in ("database", "query contests", "start", "webhook", "admin", "people", "contract"):
        assert f"✓ {piece}" in said


@pytest.mark.parametrize(
    ("defects", "said"),
    [
        ((), "✓ webhook"),
        (("taken-by-its-word",), "events that nobody signed were answered 200, and Stripe was asked neither for"),
    ],
    ids=["asks Stripe", "takes it by its word"],
)
def test_a_shop_that_fetches_events_is_tried_by_one_that_nobody_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], defects: tuple[str, ...], said: str
) -> None:
    shop = copy_of_shop(tmp_path, *defects, fetches=True)

    code = target_check.main([str(shop), "--log", str(tmp_path / "check.log")], standalone_mode=False)

    told = capsys.readouterr().out
    assert code == len(defects), told
    assert said in told
    assert "✓ people order" in told
    assert f"shop_6d --target {shop}" in told or defects


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        ("true", 0, r"✓ job nightly .*1 run in 3 steps"),
        ("false", 1, r"✗ job nightly .*target.toml:\d+: it broke off: its command ended with status 1"),
        ("no-such-program", 1, r"✗ programs .*target.toml:\d+: .*no-such-program"),
    ],
)
def test_a_command_of_cron_is_tried_whatever_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], program: str, code: int, said: str
) -> None:
    shop = copy_of_shop(tmp_path)
    with open(shop / "target.toml", "a", encoding="utf-8") as file:
        file.write(f'[[job]]\nname = "nightly"\ndoes = "lifecycle"\ndaily_at = "04:00"\nrun = ["{program}"]\n')

    found = target_check.main([str(shop), "--log", str(tmp_path / "check.log")], standalone_mode=False)

    told = capsys.readouterr().out
    assert re.search(said, told), told
    assert found == code, told


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        (True, "one that another secret signed is refused (400)"),
        (False, "an event of the payment, signed with another secret, was taken (200)"),
    ],
    ids=["looks at it", "takes any"],
)
def test_a_shop_is_shown_a_payment_that_another_secret_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], looks: bool, said: str
) -> None:
    shop = copy_of_shop(tmp_path)
    if not looks:
        source = tmp_path / "shop" / "shop.py"
        kept = [line for line in source.read_text().splitlines() if "Webhook.construct_event" not in line]
        source.write_text("\n".join(kept).replace("        try:\n        except (ValueError", _TAKES_ANY) + "\n")

    code = target_check.main([str(shop), "--log", str(tmp_path / "check.log")], standalone_mode=False)

    told = capsys.readouterr().out
    assert code == (0 if looks else 1), told
    assert said in told


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (True, "✓ webhook"),
        (False, "an event of version 2026-10-28.endive was answered 400: "),
    ],
    ids=["as its library has it", "another than its library's"],
)
def test_a_library_that_takes_events_of_its_own_version_only_gets_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, named: bool, said: str
) -> None:
    """As those for Go and .NET do."""
    shop = copy_of_shop(tmp_path)
    source, file = tmp_path / "shop" / "shop.py", shop / "target.toml"
    before = "        except (ValueError, stripe.SignatureVerificationError) as error:"
    refuses = '            if json.loads(raw)["api_version"] != "2025-08-27.basil":\n                '
    refuses += 'raise ValueError("Received event with API version " + str(json.loads(raw)["api_version"]))\n'
    assert before in source.read_text()
    source.write_text(source.read_text().replace(before, refuses + before))
    if named:
        file.write_text(file.read_text().replace("[stripe]\n", '[stripe]\napi_version = "2025-08-27.basil"\n'))

    code = target_check.main([str(shop), "--log", str(tmp_path / "check.log")], standalone_mode=False)

    told = capsys.readouterr().out
    assert code == (0 if named else 1), told
    assert said in told
    if not named:
        assert "remedy: write [stripe] api_version = the version that the backend's library speaks" in told


def test_a_wrong_webhook_secret_is_named_and_the_log_is_kept(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "target.toml"
    assert SECRET in file.read_text()
    file.write_text(file.read_text().replace(SECRET, 'STRIPE_WEBHOOK_SECRET = "whsec_of_another_endpoint"'))

    log = tmp_path / "kept" / "check.log"
    code = target_check.main([str(folder), "--log", str(log), "--scenario", "quiet_14d"], standalone_mode=False)

    said = capsys.readouterr().out
    assert code == 1
    assert f"  log   {log}" in said.splitlines()
    assert "INFO" in log.read_text()
    assert re.search(r"  next  mend 'webhook' first: .* simulate target check .* --scenario quiet_14d", said)
    wrong = [line for line in said.splitlines() if line.startswith("✗")]
    assert any("webhook signed with the endpoint's secret was answered 400" in line for line in wrong), said
