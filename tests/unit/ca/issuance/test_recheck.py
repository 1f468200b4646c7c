"""pkilint judges every profile before anything is issued by it, and what was issued once more at night."""

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from ca.issuance import profile_check
from ca.profiles import ProfileWrong, load
from tests.support.authority import SETTINGS, SmallAuthority, enrolment, request
from tests.support.genuine_npki import CERTIFICATE

NIGHT = datetime(2027, 3, 10, 18, 0, tzinfo=UTC)  # 03:00 in Korea
NOON = datetime(2027, 3, 10, 3, 0, tzinfo=UTC)


def judged(bureau: SmallAuthority) -> None:
    """Judge the profiles that come with it, as nobody's start does."""
    profile_check.judge_profiles(load().values(), bureau.authority._keys.present.certificate, bureau.settings)


def test_the_profiles_that_come_with_it_are_well(bureau: SmallAuthority) -> None:
    judged(bureau)


def test_an_address_of_this_machine_is_no_fault(bureau: SmallAuthority) -> None:
    bureau.settings = replace(bureau.settings, base_url="http://localhost:0")
    bureau.restart()
    judged(bureau)
    assert profile_check.findings(bureau.old().der) == ()


def test_an_operators_profile_that_pkilint_finds_fault_with_stops_the_start(
    bureau: SmallAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (resources.files("ca.profiles") / "corporate.toml").read_text(encoding="utf-8")
    (tmp_path / "guild.toml").write_text(
        re.sub(r"(?m)^policy = .*$", 'policy = "1.2.410.200004.5.2.1.99"', own), encoding="utf-8"
    )
    bureau.settings = replace(bureau.settings, profiles=tmp_path)
    bureau.restart()
    bureau.authority.judge_profiles()

    found = profile_check.findings
    monkeypatch.setattr(profile_check, "findings", lambda der: (*found(der), "pkix.made_up"))
    profile_check._of_profile.cache_clear()
    with pytest.raises(ProfileWrong, match=r"^guild.toml:1: pkilint finds pkix.made_up$"):
        bureau.authority.judge_profiles()
    profile_check._of_profile.cache_clear()


def test_a_true_fault_is_found(bureau: SmallAuthority) -> None:
    """The notice of a genuine certificate is a BMPString, which RFC 5280 does not want."""
    assert profile_check.findings(bureau.old().der) == ()
    assert "pkix.rfc5280_certificate_policies_invalid_explicit_text_encoding" in profile_check.findings(
        CERTIFICATE
    )


def test_every_certificate_is_judged_once(bureau: SmallAuthority) -> None:
    for number in range(3):
        bureau.old(request_id=f"o{number}", holder=f"C-{number}", number=number)
    assert bureau.authority.recheck(2) == {}
    assert bureau.authority.recheck(2) == {}
    before = bureau.authority.audit_head().entries
    assert bureau.authority.recheck(2) == {}
    assert bureau.authority.audit_head().entries == before
    assert bureau.authority.verify_audit().ok


def test_what_is_found_at_night_is_said(
    bureau: SmallAuthority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serial = bureau.old().serial
    monkeypatch.setattr(profile_check, "findings", lambda _der: ("pkix.made_up",))
    bureau.clock.now = NOON
    bureau.authority.tend()
    assert caplog.records == []
    bureau.clock.now = NIGHT
    bureau.authority.tend()
    (line,) = (each for each in caplog.records if each.levelno == logging.ERROR)
    assert line.serial == f"{serial:X}"
    assert line.codes == ("pkix.made_up",)
    caplog.clear()
    bureau.clock.now += timedelta(minutes=10)
    bureau.authority.tend()
    assert caplog.records == []


def test_it_is_not_in_the_way_of_issuing(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    bureau.authority.recheck(10)
    assert bureau.authority.redeem(given.reference, given.code, request(1)).serial
    assert SETTINGS.profiles is None
