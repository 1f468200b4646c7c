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


def judged(small_ca: SmallAuthority) -> None:
    """Judge the profiles that come with it, as nobody's start does."""
    profile_check.judge_profiles(load().values(), small_ca.authority._keys.present.certificate, small_ca.settings)


def test_the_profiles_that_come_with_it_are_well(small_ca: SmallAuthority) -> None:
    judged(small_ca)


def test_an_address_of_this_machine_is_no_fault(small_ca: SmallAuthority) -> None:
    small_ca.settings = replace(small_ca.settings, base_url="http://localhost:0")
    small_ca.restart()
    judged(small_ca)
    assert profile_check.findings(small_ca.old().der) == ()


def test_an_operators_profile_that_pkilint_finds_fault_with_stops_the_start(
    small_ca: SmallAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (resources.files("ca.profiles") / "corporate.toml").read_text(encoding="utf-8")
    (tmp_path / "guild.toml").write_text(
        re.sub(r"(?m)^policy = .*$", 'policy = "1.2.410.200004.5.2.1.99"', own), encoding="utf-8"
    )
    small_ca.settings = replace(small_ca.settings, profiles=tmp_path)
    small_ca.restart()
    small_ca.authority.judge_profiles()

    found = profile_check.findings
    monkeypatch.setattr(profile_check, "findings", lambda der: (*found(der), "pkix.made_up"))
    profile_check._of_profile.cache_clear()
    with pytest.raises(ProfileWrong, match=r"^guild.toml:1: pkilint finds pkix.made_up$"):
        small_ca.authority.judge_profiles()
    profile_check._of_profile.cache_clear()


def test_a_true_fault_is_found(small_ca: SmallAuthority) -> None:
    """The notice of a genuine certificate is a BMPString, which RFC 5280 does not want."""
    assert profile_check.findings(small_ca.old().der) == ()
    assert "pkix.rfc5280_certificate_policies_invalid_explicit_text_encoding" in profile_check.findings(CERTIFICATE)


def test_every_certificate_is_judged_once(small_ca: SmallAuthority) -> None:
    for number in range(3):
        small_ca.old(request_id=f"o{number}", holder=f"C-{number}", number=number)
    assert small_ca.authority.recheck(2) == {}
    assert small_ca.authority.recheck(2) == {}
    before = small_ca.authority.audit_head().entries
    assert small_ca.authority.recheck(2) == {}
    assert small_ca.authority.audit_head().entries == before
    assert small_ca.authority.verify_audit().ok


def test_what_is_found_at_night_is_said(
    small_ca: SmallAuthority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serial = small_ca.old().serial
    monkeypatch.setattr(profile_check, "findings", lambda _der: ("pkix.made_up",))
    small_ca.clock.now = NOON
    small_ca.authority.tend()
    assert caplog.records == []
    small_ca.clock.now = NIGHT
    small_ca.authority.tend()
    (line,) = (each for each in caplog.records if each.levelno == logging.ERROR)
    assert line.serial == f"{serial:X}"
    assert line.codes == ("pkix.made_up",)
    caplog.clear()
    small_ca.clock.now += timedelta(minutes=10)
    small_ca.authority.tend()
    assert caplog.records == []


def test_it_is_not_in_the_way_of_issuing(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    small_ca.authority.recheck(10)
    assert small_ca.authority.redeem(given.reference, given.code, request(1)).serial
    assert SETTINGS.profiles is None
