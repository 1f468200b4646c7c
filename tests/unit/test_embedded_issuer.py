"""The embedded authority behind the desk's port keeps to the profile of what is replaced."""

from pathlib import Path

import pytest

from bot.authority import EmbeddedIssuer
from bot.issuing import Applicant, IssuerRefused
from tests.unit.ca.bureau import HOLDER, IDN, NAME, Bureau, key


@pytest.mark.parametrize(
    ("profile", "idn"), [("personal", IDN), ("personal_general", IDN), ("corporate", "1234567890")]
)
async def test_a_reissue_has_the_profile_of_the_old_one(tmp_path: Path, profile: str, idn: str) -> None:
    bureau = Bureau(tmp_path)
    issuer = EmbeddedIssuer(bureau.authority)
    old = bureau.old(profile=profile, idn=idn)
    opening = await issuer.enrol("r1", Applicant(HOLDER, NAME, idn), f"{old.serial:X}")
    await issuer.redeem(opening.reference, opening.authorization, key(1).pkcs8)
    assert [each.profile for each in bureau.authority.certificates(HOLDER)] == [profile] * 2
    with pytest.raises(IssuerRefused, match="R09"):
        await issuer.enrol("r2", Applicant(HOLDER, NAME, idn), "ABC")
    bureau.authority.close()
