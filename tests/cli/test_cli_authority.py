"""`ca …` and `audit verify`: what a person or a script does by hand."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from bot.core.clock import kst_day
from tests.cli.conftest import Program, is_explained
from tests.support import leaks
from tests.support.customers import GILDONG


def read(text: str) -> dict[str, str]:
    values: dict[str, str] = json.loads(text)
    return values


@pytest.fixture
def serial(at_branch: Program) -> str:
    """The serial number of a certificate for this test alone."""
    return read(at_branch("ca", "issue", "--customer", GILDONG.customer_id, "--json").stdout)["serial"]


def test_issue_prints_the_serial_and_keeps_to_the_dates(at_branch: Program) -> None:
    begin = kst_day(datetime.now(UTC)) - timedelta(days=30)
    end = begin + timedelta(days=300)
    dates = ("--not-before", begin.isoformat(), "--not-after", end.isoformat())

    ended = at_branch("ca", "issue", "--customer", GILDONG.customer_id, *dates)

    assert ended.returncode == 0
    first = ended.stdout.splitlines()[0].split()
    assert first[0] == "serial"
    shown = read(at_branch("ca", "status", "--serial", first[1], "--json").stdout)
    assert (shown["status"], shown["not_before"][:10], shown["not_after"][:10]) == (
        "good",
        (begin - timedelta(days=1)).isoformat(),  # The midnight in Korea at which it begins.
        end.isoformat(),
    )


def test_hold_release_and_revoke_follow_each_other(at_branch: Program, serial: str) -> None:
    def does(*arguments: str) -> str:
        return read(at_branch("ca", *arguments, "--serial", serial, "--json").stdout)["status"]

    assert does("hold") == "hold"
    assert does("release") == "good"
    assert does("revoke", "--reason", "keyCompromise") == "revoked"
    assert does("status") == "revoked"
    again = at_branch("ca", "release", "--serial", serial)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr


def test_status_of_a_customer_lists_every_certificate(at_branch: Program, serial: str) -> None:
    listed = json.loads(at_branch("ca", "status", "--customer", GILDONG.customer_id, "--json").stdout)

    assert serial in {each["serial"] for each in listed}
    text = at_branch("ca", "status", "--customer", GILDONG.customer_id).stdout
    assert f"serial {serial}\n" in text


def test_export_and_crl_write_files_that_other_programs_read(at_branch: Program, serial: str, tmp_path: Path) -> None:
    assert at_branch("ca", "revoke", "--serial", serial, "--json").returncode == 0
    assert at_branch("ca", "export", "--serial", serial, "--to", str(tmp_path / "out")).returncode == 0
    assert at_branch("ca", "crl", "--to", str(tmp_path / "out"), "--json").returncode == 0

    out = tmp_path / "out"
    leaf = x509.load_der_x509_certificate((out / "cert.der").read_bytes())
    issuing = x509.load_pem_x509_certificate((out / "issuing.pem").read_bytes())
    root = x509.load_pem_x509_certificate((out / "root.pem").read_bytes())
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    assert f"{leaf.serial_number:X}" == serial
    assert GILDONG.name in str(leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    crl = x509.load_der_x509_crl((out / "issuing.crl").read_bytes())
    assert crl.get_revoked_certificate_by_serial_number(leaf.serial_number)


def test_who_or_what_is_not_there_is_said(at_branch: Program) -> None:
    is_explained(at_branch("ca", "issue", "--customer", "C404"), 1, "C404")
    is_explained(at_branch("ca", "status", "--serial", "ABCDEF"), 1, "ABCDEF")
    is_explained(at_branch("ca", "hold", "--serial", "not hex"), 1, "not hex")


@pytest.mark.parametrize(
    "arguments",
    [(), ("issue",), ("status",), ("status", "--serial", "1", "--customer", "2"), ("export", "--serial", "1"),
     ("revoke", "--serial", "1", "--reason", "boredom"), ("issue", "--customer", "C1", "--not-after", "soon"),
     ("melt",)],
)  # fmt: skip
def test_wrong_use_ends_with_2(inside: Program, arguments: tuple[str, ...]) -> None:
    ended = inside("ca", *arguments)

    assert ended.returncode == 2
    assert "usage:" in ended.stderr


def test_a_wrong_passphrase_is_one_line(branch: Path, at_branch: Program, tmp_path: Path) -> None:
    wrong = tmp_path / "passphrase"
    wrong.write_text("not the passphrase")

    is_explained(at_branch("ca", "init", CA_PASSPHRASE_FILE=str(wrong)), 1, "passphrase")


def test_wrong_master_keys_are_one_line(branch: Path, at_branch: Program, tmp_path: Path) -> None:
    broken = tmp_path / "master.json"
    broken.write_text("{")

    is_explained(at_branch("ca", "init", MASTER_KEY_FILE=str(broken)), 1, "master.json")


def test_the_audit_verifies_and_a_changed_line_is_found(
    branch: Path, at_branch: Program, anew: Program, tmp_path: Path, serial: str
) -> None:
    well = at_branch("audit", "verify", "--json")
    assert well.returncode == 0
    assert read(well.stdout)["ok"] == "True"
    assert int(read(well.stdout)["entries"]) > 0

    shutil.copytree(branch / "data", tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "ca" / "ledger.sqlite3")) as ledger, ledger:
        for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            ledger.execute(f"DROP TRIGGER {name}")
        ledger.execute("UPDATE audit SET detail = '{}' WHERE seq = 2")

    tampered = anew("audit", "verify", "--json")
    assert tampered.returncode == 1
    assert read(tampered.stdout)["ok"] == "False"


def test_nothing_printed_or_kept_names_the_customer(branch: Path, at_branch: Program, serial: str) -> None:
    ended = at_branch("ca", "status", "--serial", serial)

    assert not leaks.found_in((ended.stdout + ended.stderr).encode(), [GILDONG.name, GILDONG.idn])
    assert not leaks.found_under(branch / "data", [GILDONG.name, GILDONG.idn, GILDONG.phone])
