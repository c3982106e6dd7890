"""A sealed folder: whatever is changed in it is named, whoever changed it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from simulation.checks.verdict import judge
from simulation.errors import UsageError
from simulation.history import Digest, History, line_of
from simulation.reporting.write import write_report
from simulation.run_directory import RunDirectory
from simulation.sealing.envelope import BadEnvelope, authenticated, opened, signed
from simulation.sealing.folder import SEAL, contents_of
from simulation.sealing.keys import is_signed, load_private_key, load_public_key
from simulation.sealing.seal import seal, verify
from simulation.sealing.statement import Statement, statement_of
from tests.unit.checks.story import passing

FORGERIES = 1000
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FORGERS_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))


def failed() -> History:
    book = passing()
    book.amend("settlements", "s1", results={"rankings": [], "platform_cents": 300})
    return book.history()


def written(folder: Path, history: History) -> RunDirectory:
    """A folder as a run leaves it."""
    folder.mkdir(exist_ok=True)
    (folder / "history.jsonl").write_text("".join(line_of(event) + "\n" for event in history.events), encoding="utf-8")
    loaded = History.load(folder / "history.jsonl")
    write_report(folder, loaded, judge(loaded))
    return RunDirectory(path=folder)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    directory = written(tmp_path_factory.mktemp("sealed"), failed())
    seal(directory, KEY)
    return directory


@pytest.fixture
def copied(sealed: RunDirectory, tmp_path: Path) -> RunDirectory:
    shutil.copytree(sealed.path, tmp_path / "copy")
    return RunDirectory(path=tmp_path / "copy")


def test_a_seal_holds_and_says_what_was_sealed(copied: RunDirectory) -> None:
    finding = verify(copied, KEY.public_key())
    assert finding.changes == ()
    assert finding.statement is not None
    assert finding.statement.predicate.result == "FAILED"
    assert finding.statement.predicate.failed_tests
    assert finding.statement.predicate.history_digest == failed().digest()
    assert set(finding.statement.files) == set(contents_of(copied).files)


def test_the_statement_is_what_in_toto_wants(sealed: RunDirectory) -> None:
    envelope = json.loads((sealed.path / SEAL).read_text(encoding="utf-8"))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert {"result", "configuration", "passedTests", "warnedTests", "failedTests"} <= set(statement["predicate"])
    history = (sealed.path / "history.jsonl").read_bytes()
    assert {"name": "history.jsonl", "digest": {"sha256": hashlib.sha256(history).hexdigest()}} in statement["subject"]


CHANGES: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: (folder / "audit.csv").unlink(), "audit.csv is missing"),
    (lambda folder: (folder / "audit.csv").write_text("x"), "audit.csv was changed"),
    (lambda folder: (folder / "new.txt").write_text("x"), "new.txt was added"),
    (lambda folder: (folder / "audit.csv").rename(folder / "b.csv"), "audit.csv was renamed to b.csv"),
    (lambda folder: (folder / "runbooks").rename(folder / "books"), "was renamed to books/"),
    (lambda folder: (folder / "a").symlink_to("history.jsonl"), "a is a link"),
    (lambda folder: (folder / "a").mkdir(), "a is a folder without a file"),
    (lambda folder: os.mkfifo(folder / "a"), "a is neither a file nor a folder"),
    (lambda folder: (folder / os.fsdecode(b"a\xff")).touch(), "a\\xff is a file whose name is no UTF-8"),
    (lambda folder: (folder / SEAL).unlink(), "there is no seal.intoto.json"),
    (lambda folder: (folder / SEAL).write_text("{}"), "is no DSSE envelope"),
    (lambda folder: (folder / SEAL).write_bytes(b"\xff" * 9), "is no DSSE envelope"),
    (lambda folder: (folder / SEAL).write_text("[" * 100_000), "is no DSSE envelope"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[said for _, said in CHANGES])
def test_each_change_is_named(copied: RunDirectory, change: Callable[[Path], object], said: str) -> None:
    change(copied.path)
    assert said in "\n".join(verify(copied, KEY.public_key()).changes)


def test_a_file_that_became_a_link_to_its_copy_is_named(copied: RunDirectory, tmp_path: Path) -> None:
    (copied.path / "audit.csv").rename(tmp_path / "elsewhere.csv")
    (copied.path / "audit.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert verify(copied, KEY.public_key()).changes == ("audit.csv is a link",)
    (copied.path / SEAL).rename(tmp_path / "seal")
    (copied.path / SEAL).symlink_to(tmp_path / "seal")
    assert "is a link" in verify(copied, KEY.public_key()).changes[0]


def test_an_edited_failed_history_is_found_a_thousand_times_in_a_thousand(copied: RunDirectory) -> None:
    """The forger makes the history pass, judges and reports anew, and does what can be done without the key."""
    chance = random.Random(15)
    honest = (copied.path / SEAL).read_text(encoding="utf-8")
    forged = passing().history()
    written(copied.path, forged)
    verdict = judge(forged)
    assert verdict.outcome == "pass"
    found = 0
    lines = [line_of(event) for event in forged.events]
    for _ in range(FORGERIES):
        history = _varied(forged, lines, copied.path / "history.jsonl", chance)
        told = json.loads(verdict.to_json()) | {"digest": history.digest()}
        (copied.path / "verdict.json").write_text(json.dumps(told), encoding="utf-8")
        (copied.path / SEAL).unlink(missing_ok=True)
        statement = statement_of(history, verdict, contents_of(copied).files)
        (copied.path / SEAL).write_text(_forged_seal(honest, statement, chance), encoding="utf-8")
        found += bool(verify(copied, KEY.public_key()).changes)
    assert found == FORGERIES


def _varied(forged: History, lines: list[str], file: Path, chance: random.Random) -> History:
    """The same story with another cause here and there, written down: the forger is free to write what he likes."""
    chosen = set(chance.sample(range(len(lines)), k=chance.randint(1, 5)))
    digest = Digest()
    with open(file, "w", encoding="utf-8") as opened:
        for number, (event, line) in enumerate(zip(forged.events, lines, strict=True)):
            if number in chosen:
                line = line_of(event.model_copy(update={"cause": f"job:{chance.random()}"}))
            opened.write(line + "\n")
            digest.add(event, line.encode())
    return History(forged.events, digest=digest.hex())


def _forged_seal(honest: str, statement: Statement, chance: random.Random) -> str:
    own = json.loads(signed(statement.to_json(), FORGERS_KEY))
    old = json.loads(honest)
    signature = bytearray(base64.b64decode(old["signatures"][0]["sig"]))
    signature[chance.randrange(len(signature))] ^= 1 << chance.randrange(8)
    bent = [{"sig": base64.b64encode(signature).decode()}]
    return json.dumps(
        chance.choice(
            [
                old,
                own,
                {**old, "payload": own["payload"]},
                {**own, "signatures": [{**own["signatures"][0], "keyid": old["signatures"][0]["keyid"]}]},
                {**own, "signatures": own["signatures"] + old["signatures"]},
                {**own, "signatures": bent},
                {**own, "signatures": []},
                {**old, "payloadType": "text/plain"},
            ]
        )
    )


def test_a_folder_that_contradicts_itself_is_not_sealed(copied: RunDirectory, tmp_path: Path) -> None:
    told = (copied.path / "verdict.json").read_text(encoding="utf-8")
    (copied.path / "verdict.json").write_text(told.replace('"outcome": "fail"', '"outcome": "pass"'), encoding="utf-8")
    with pytest.raises(UsageError, match="is not what the history gives"):
        seal(copied, KEY)
    (copied.path / "verdict.json").unlink()
    with pytest.raises(UsageError, match="no verdict to seal"):
        seal(copied, KEY)
    (copied.path / "verdict.json").write_text(told, encoding="utf-8")
    (copied.path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="is a link"):
        seal(copied, KEY)


def test_the_protocols_own_example_is_encoded_and_verified() -> None:
    """The test vector of DSSE's protocol 1.0.0: ECDSA over P-256 and SHA-256, the signature as r and s."""
    kind, body = "http://example.com/HelloWorld", b"hello world"
    message = authenticated(kind, body)
    assert message == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    x = 46950820868899156662930047687818585632848591499744589407958293238635476079160
    y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    raw = base64.b64decode("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==")
    signature = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    assert is_signed(key, message, signature)
    assert not is_signed(key, authenticated(kind, b"hello worlds"), signature)


@pytest.mark.parametrize(
    "curve",
    [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), None],
    ids=lambda curve: "Ed25519" if curve is None else curve.name,  # a test's name is the same in every process
)
def test_a_signature_is_of_its_key_and_its_type(tmp_path: Path, curve: ec.EllipticCurve | None) -> None:
    key = KEY if curve is None else ec.generate_private_key(curve)
    private, public = tmp_path / "key", tmp_path / "key.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    envelope = signed(b"{}", load_private_key(private))
    assert opened(envelope, load_public_key(public)) == b"{}"
    with pytest.raises(BadEnvelope, match="not signed with this key"):
        opened(envelope, FORGERS_KEY.public_key())
    with pytest.raises(BadEnvelope, match="not signed with this key"):
        opened(envelope.replace("in-toto+json", "other+json"), load_public_key(public))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


BAD_PRIVATE = {
    "nothing": b"",
    "no key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "binary": bytes(range(256)),
    "public": KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "encrypted": KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")),
    "another curve": _pem(ec.generate_private_key(ec.SECP256K1())),
    "too long": b"x" * 100_000,
}


@pytest.mark.parametrize("data", BAD_PRIVATE.values(), ids=BAD_PRIVATE.keys())
def test_a_bad_private_key_is_refused_and_never_shown(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        load_private_key(file)
    assert caught.value.place == str(file)
    assert caught.value.remedy
    secret = data.decode(errors="ignore").splitlines()[1:-1]
    assert not [line for line in secret if line and line in str(caught.value)]


def test_a_private_key_does_not_verify(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(_pem(KEY))
    with pytest.raises(UsageError, match="-pubout"):
        load_public_key(file)
    file.write_bytes(
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(UsageError, match="verified with"):
        load_public_key(file)
