"""`audit head`, `audit receipt`, `ca backup` and `ca restore`: proofs for others, and the authority's copy."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program, is_explained
from tests.support.command import ROOT
from tests.support.customers import AN, GILDONG


@pytest.fixture
def house(branch: Path, tmp_path: Path) -> Path:
    """A data folder of one's own."""
    shutil.copytree(branch / "data", tmp_path / "data")
    return tmp_path


def issued(anew: Program, **settings: str) -> str:
    ended = anew("ca", "issue", "--customer", GILDONG.customer_id, "--json", **settings)
    serial: str = json.loads(ended.stdout)["serial"]
    return serial


def test_a_customer_checks_a_receipt_with_the_root_alone(house: Path, anew: Program) -> None:
    serial = issued(anew)
    assert anew("audit", "receipt", "--serial", serial, "--to", "receipt.json").returncode == 0
    assert anew("ca", "export", "--serial", serial, "--to", "out").returncode == 0
    command = [
        sys.executable, "-P", str(ROOT / "ca" / "audit" / "receipt_verifier.py"), "receipt.json",
        "--root", "out/root.pem", "--certificate", "out/cert.der",
    ]  # fmt: skip
    ended = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "proved"
    is_explained(anew("audit", "receipt", "--serial", "xyz", "--to", "r"), 1, "xyz")
    is_explained(anew("audit", "receipt", "--serial", "1", "--to", "r"), 1, "R09")


def test_a_ledger_set_back_is_found_with_a_signed_head(house: Path, anew: Program) -> None:
    shutil.copytree(house / "data" / "ca", house / "yesterday")
    assert anew("audit", "head", "--to", "head.json").returncode == 0
    assert anew("audit", "verify", "--head", "head.json").returncode == 0

    shutil.rmtree(house / "data" / "ca")
    (house / "yesterday").rename(house / "data" / "ca")

    assert anew("audit", "verify").returncode == 0
    ended = anew("audit", "verify", "--head", "head.json")
    assert ended.returncode == 1
    assert "was kept elsewhere" in ended.stderr
    forged = (house / "head.json").read_text().replace("entries", "entriez", 1)
    (house / "head.json").write_text(forged)
    is_explained(anew("audit", "verify", "--head", "head.json"), 1, "head")


def test_a_backup_and_its_journal_bring_everything_back(house: Path, anew: Program) -> None:
    journal = {"CA_JOURNAL": str(house / "journal")}
    assert anew("ca", "backup", "--to", "backup.tar", **journal).returncode == 0
    serial = issued(anew, **journal)
    anew("ca", "revoke", "--serial", serial, "--reason", "keyCompromise", **journal)
    restoring = ("ca", "restore", "--from", "backup.tar", "--journal", "journal", "--json")
    is_explained(anew(*restoring), 1, "not empty")

    (house / "data" / "ca").rename(house / "burnt")
    ended = anew(*restoring)
    assert ended.returncode == 0, ended.stderr
    acts = [(act["kind"], act["serial"]) for act in json.loads(ended.stdout)["acts"]]
    assert acts == [("signed", serial.lower().lstrip("0")), ("revoked", serial.lower().lstrip("0"))]
    assert json.loads(anew("ca", "status", "--serial", serial, "--json", **journal).stdout)["status"] == "revoked"
    assert anew("audit", "verify", **journal).returncode == 0
    assert anew("ca", "issue", "--customer", AN.customer_id, **journal).returncode == 0

    (house / "data" / "ca").rename(house / "burnt again")
    (house / "backup.tar").write_bytes((house / "backup.tar").read_bytes()[:5000])
    is_explained(anew(*restoring), 1, "damaged")
    assert not (house / "data" / "ca").exists()
