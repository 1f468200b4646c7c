"""The embedded authority behind the certificate port: profile of a reissue, status of a shown certificate."""

from pathlib import Path

import pytest
from cryptography import x509

from bot.issuing.embedded import EmbeddedIssuer
from bot.issuing.key_pool import KeyPool
from bot.issuing.port import Applicant, IssuerRefused, Purpose, Standing
from ca import Reason
from tests.support.authority import HOLDER, IDN, NAME, SmallAuthority, key
from tests.support.certificates import der


@pytest.mark.parametrize(
    ("profile", "idn"), [("personal", IDN), ("personal_general", IDN), ("corporate", "1234567890")]
)
async def test_a_reissue_has_the_profile_of_the_old_one(tmp_path: Path, profile: str, idn: str) -> None:
    small_ca = SmallAuthority(tmp_path)
    issuer = EmbeddedIssuer(small_ca.authority, KeyPool())
    old = small_ca.old(profile=profile, idn=idn)
    opening = await issuer.enrol("r1", Applicant(HOLDER, NAME, idn), f"{old.serial:X}")
    await issuer.redeem(opening.reference, opening.authorization, key(1).pkcs8)
    assert [each.profile for each in small_ca.authority.certificates(HOLDER)] == [profile] * 2
    with pytest.raises(IssuerRefused, match="R09"):
        await issuer.enrol("r2", Applicant(HOLDER, NAME, idn), "ABC")
    small_ca.authority.close()


@pytest.mark.parametrize(
    ("profile", "idn", "scope", "holder"),
    [
        ("personal", IDN, "finance", "person"),
        ("personal_general", IDN, "general", "person"),
        ("corporate", "1234567890", "finance", "corporation"),
        ("corporate_general", "1234567890", "general", "corporation"),
    ],
)
async def test_what_is_shown_stands_as_the_books_say(
    tmp_path: Path, profile: str, idn: str, scope: str, holder: str
) -> None:
    small_ca = SmallAuthority(tmp_path)
    issuer = EmbeddedIssuer(small_ca.authority, KeyPool())
    old = small_ca.old(profile=profile, idn=idn)
    purpose = Purpose(scope, holder)
    assert await issuer.standing(old.der) == Standing("good", purpose)
    small_ca.authority.hold(old.serial, "h")
    assert await issuer.standing(old.der) == Standing("hold", purpose)
    small_ca.authority.release(old.serial, "r")
    small_ca.authority.revoke(old.serial, Reason.SUPERSEDED, "v")
    assert await issuer.standing(old.der) == Standing("revoked", purpose)
    small_ca.authority.close()


async def test_only_the_very_octets_are_a_certificate_of_ours(tmp_path: Path) -> None:
    small_ca = SmallAuthority(tmp_path)
    issuer = EmbeddedIssuer(small_ca.authority, KeyPool())
    old = small_ca.old()
    changed = bytearray(old.der)
    changed[-1] ^= 1  # in the signature
    assert await issuer.standing(bytes(changed)) == Standing("unknown")
    name = x509.load_der_x509_certificate(old.der).issuer
    assert await issuer.standing(der(name=name)) == Standing("unknown")
    assert await issuer.standing(der(serial=old.serial)) == Standing("foreign")
    assert await issuer.standing(small_ca.authority.chain.root) == Standing("foreign")
    small_ca.authority.close()
