"""Distinguished names in the Korean order: C, O, OU, OU, CN, with `kr` printable and all else UTF-8."""

import unicodedata
from datetime import date

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca.profiles import Profile
from ca.profiles.settings import AuthoritySettings
from ca.values.refusals import CaRefusal

#: X.520 says 64 characters; libraries and Korean tools count UTF-8 bytes.
CN_BYTES = 64
CN_DIGITS = 22
NAME_BYTES = CN_BYTES - len("()") - CN_DIGITS


def fit_name(name: str) -> str:
    """Return the name in NFC, or raise `CaRefusal` R15 if a certificate could not carry it.

    `name_unfit` names the first code point that cannot be seen or turns the text round, if that is why; `name_too_long`
    says how many bytes of UTF-8 it takes and how many there may be.
    """
    fit = unicodedata.normalize("NFC", name)
    # Control, format (zero-width, right-to-left), surrogate, private, unassigned, and every space but U+0020.
    if strange := [char for char in fit if not char.isprintable()]:
        raise CaRefusal("R15", reason="name_unfit", character=f"U+{ord(strange[0]):04X}")
    if not fit or fit != fit.strip():
        raise CaRefusal("R15", reason="name_unfit")
    if (size := len(fit.encode())) > NAME_BYTES:
        raise CaRefusal("R15", reason="name_too_long", bytes=size, limit=NAME_BYTES)
    return fit


def fit_idn(idn: str, digits: range) -> str:
    if not (idn.isascii() and idn.isdigit() and len(idn) in digits):
        raise CaRefusal("R15", reason="idn_unfit")
    return idn


def common_name(name: str, day: date, sequence: int, settings: AuthoritySettings) -> str:
    """Return name, brackets and 22 digits: 0, bank, unit, day, number of the day."""
    return f"{name}()0{settings.bank_code}{settings.unit_code}{day:%Y%m%d}{sequence:07d}"


def subject(cn: str, profile: Profile, settings: AuthoritySettings) -> x509.Name:
    return _name(settings, [profile.unit, settings.bank_name], cn)


def authority_name(settings: AuthoritySettings, kind: str) -> x509.Name:
    return _name(settings, ["TestCA"], f"{settings.organization} {kind}")


def _name(settings: AuthoritySettings, units: list[str], cn: str) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, "kr"), (NameOID.ORGANIZATION_NAME, settings.organization)]
    parts += [(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units]
    parts.append((NameOID.COMMON_NAME, cn))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
