"""`ca renew`, `ca lineage`, `ca profiles` and `ca issue --profile`: which certificate follows, and by which profile."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ca.profiles import load
from tests.cli.conftest import Program, is_explained
from tests.support.customers import AN, GILDONG

KST = timedelta(hours=9)


def today() -> date:
    return (datetime.now(UTC) + KST).date()


def issued(at_branch: Program, *more: str) -> str:
    """Return the serial of a new certificate of somebody."""
    ended = at_branch("ca", "issue", "--customer", AN.customer_id, *more, "--json")
    assert ended.returncode == 0, ended.stderr
    return str(json.loads(ended.stdout)["serial"])


def day(moment: str) -> date:
    return (datetime.fromisoformat(moment) + KST).date()


def test_a_certificate_in_its_last_days_is_renewed_and_has_a_lineage(at_branch: Program) -> None:
    last = today() + timedelta(days=10)
    dates = ("--not-before", str(last - timedelta(days=365)), "--not-after", str(last))
    old = issued(at_branch, *dates)

    renewed = at_branch("ca", "renew", "--serial", old, "--json")

    assert renewed.returncode == 0, renewed.stderr
    new = json.loads(renewed.stdout)
    assert (new["status"], new["replaces"], new["profile"]) == ("good", old, "personal")
    assert (day(new["not_after"]) - last).days in {365, 366}, "the days that were left are kept"
    for serial in (old, new["serial"]):
        lineage = json.loads(at_branch("ca", "lineage", "--serial", serial, "--json").stdout)
        assert [each["serial"] for each in lineage] == [old, new["serial"]]
        assert [each["status"] for each in lineage] == ["revoked", "good"]
        assert lineage[0]["reason"] == "superseded"
    output = at_branch("ca", "lineage", "--serial", old).stdout
    assert (
        output.index(f"serial {old}\n")
        < output.index("reason superseded\n")
        < output.index(f"serial {new['serial']}\n")
    )
    is_explained(at_branch("ca", "renew", "--serial", old), 1, "R06")


def test_a_renewal_that_is_too_early_is_refused_with_its_first_day(at_branch: Program) -> None:
    serial = issued(at_branch)
    is_explained(at_branch("ca", "renew", "--serial", serial), 1, "too_early", "opens_on=")


def test_a_certificate_is_issued_by_the_named_profile(at_branch: Program) -> None:
    serial = issued(at_branch, "--profile", "personal_general")

    shown = json.loads(at_branch("ca", "status", "--serial", serial, "--json").stdout)

    assert shown["profile"] == "personal_general"
    wrong = at_branch("ca", "issue", "--customer", GILDONG.customer_id, "--profile", "royal")
    is_explained(wrong, 1, "no profile royal", "ca profiles")


def test_the_profiles_are_listed_with_their_files(inside: Program, tmp_path: Path) -> None:
    known = load()
    built_in = Path(json.loads(inside("ca", "profiles", "--json").stdout)[0]["file"])
    own = tmp_path / "own"
    own.mkdir()
    text = built_in.read_text(encoding="utf-8")
    policy = known[built_in.stem].policy
    (own / "staff.toml").write_text(text.replace(f'"{policy}"', '"9.9"'), encoding="utf-8")

    listed = {
        each["name"]: each for each in json.loads(inside("ca", "profiles", "--json", CA_PROFILES=str(own)).stdout)
    }

    assert set(listed) == {*known, "staff"}
    assert listed["staff"]["file"] == str(own / "staff.toml")
    assert listed["staff"]["policy"].endswith(".9.9")
    general = listed["personal_general"]
    assert (general["keys"], general["years"]) == ("RSA 2048-4096, P-256, P-384", "1")
    assert listed["personal"]["keys"] == "RSA 2048-4096"
    assert all(Path(each["file"]).is_file() for each in listed.values())
    assert "name staff\n" in inside("ca", "profiles").stdout


def test_a_wrong_profile_is_refused_with_file_and_line(inside: Program, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "staff.toml").write_text("years = 1\nyears = 2\n", encoding="utf-8")

    is_explained(inside("ca", "profiles", CA_PROFILES=str(own)), 2, "staff.toml:2")


def test_an_unknown_serial_is_reported(at_branch: Program) -> None:
    is_explained(at_branch("ca", "renew", "--serial", "ABCDEF"), 1, "ABCDEF")
    is_explained(at_branch("ca", "lineage", "--serial", "not hex"), 1, "not hex")


@pytest.mark.parametrize(
    "arguments",
    [("renew",), ("lineage",), ("profiles", "--serial", "1"), ("issue", "--customer", "C1", "--profile")],
)
def test_wrong_use_ends_with_2(inside: Program, arguments: tuple[str, ...]) -> None:
    ended = inside("ca", *arguments)

    assert ended.returncode == 2
    assert "usage:" in ended.stderr
