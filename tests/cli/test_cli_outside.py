"""Commands with an authority outside: which certificates are taken over, and what is refused in one line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program, is_explained
from tests.support.customers import GILDONG


@pytest.fixture
def outside(at_branch: Program, tmp_path: Path) -> dict[str, str]:
    """Settings of a bot whose authority is the test's own, asked as one outside."""
    issued = at_branch("ca", "issue", "--customer", GILDONG.customer_id, "--json")
    serial = json.loads(issued.stdout)["serial"]
    assert at_branch("ca", "export", "--serial", serial, "--to", str(tmp_path)).returncode == 0
    (tmp_path / "secret").write_text("s" * 40)
    (tmp_path / "secret").chmod(0o600)
    return {
        "CA_ENGINE": "cmp",
        "CMP_URL": "http://127.0.0.1:1/cmp",
        "CMP_TRUST": str(tmp_path / "issuing.pem"),
        "CMP_REFERENCE": "bank",
        "CMP_SECRET_FILE": str(tmp_path / "secret"),
    }


def test_a_certificate_is_taken_over_once_even_if_it_is_given_twice(
    at_branch: Program, outside: dict[str, str], tmp_path: Path
) -> None:
    for name in ("cert.der", "cert.der"):
        ended = at_branch(
            "ca", "adopt", "--customer", GILDONG.customer_id, "--certificate", str(tmp_path / name), "--json",
            **outside,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout)["status"] == "good"


@pytest.mark.parametrize(
    ("customer", "file", "said"),
    [
        ("NOBODY", "cert.der", "there is no customer NOBODY"),
        (GILDONG.customer_id, "secret", "no certificate in DER or PEM"),
        (GILDONG.customer_id, "root.pem", "another authority"),
        (GILDONG.customer_id, "missing.der", "missing.der"),
    ],
)
def test_a_certificate_that_cannot_be_taken_over_is_refused(
    at_branch: Program, outside: dict[str, str], tmp_path: Path, customer: str, file: str, said: str
) -> None:
    path = str(tmp_path / file)
    is_explained(at_branch("ca", "adopt", "--customer", customer, "--certificate", path, **outside), 1, said)


def test_nothing_is_taken_over_with_the_embedded_authority(
    at_branch: Program, outside: dict[str, str], tmp_path: Path
) -> None:
    arguments = (
        "ca",
        "adopt",
        "--customer",
        GILDONG.customer_id,
        "--certificate",
        str(tmp_path / "cert.der"),
    )
    is_explained(at_branch(*arguments), 2, "CA_ENGINE is embedded")


@pytest.mark.parametrize("command", [("ca", "init"), ("ca", "status", "--customer", "C1001"), ("audit", "verify")])
def test_no_embedded_authority_is_made_where_one_outside_is_used(
    at_branch: Program, outside: dict[str, str], command: tuple[str, ...]
) -> None:
    is_explained(at_branch(*command, **outside), 2, "the embedded one is not in use here")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CMP_TRUST", "nowhere.pem", "nowhere.pem"),
        ("CMP_SECRET_FILE", "nowhere", "nowhere"),
        ("CMP_TRUST", "{secret}", "no certificates in PEM"),
    ],
)
def test_doctor_names_a_file_that_cannot_be_used(
    at_branch: Program, outside: dict[str, str], name: str, value: str, said: str
) -> None:
    changed = outside | {name: value.format(secret=outside["CMP_SECRET_FILE"])}
    ended = at_branch("doctor", **changed)
    assert ended.returncode == 1
    assert f"authority: NOT WELL: {value.format(secret=outside['CMP_SECRET_FILE'])}" in ended.stdout
    assert said in ended.stdout


def test_a_secret_that_others_may_read_is_refused(at_branch: Program, outside: dict[str, str]) -> None:
    Path(outside["CMP_SECRET_FILE"]).chmod(0o644)
    assert "chmod 600" in at_branch("doctor", **outside).stdout
