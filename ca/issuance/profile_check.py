"""pkilint, an independent program, checks each profile at the start and every certificate at night.

It takes about 17 ms a certificate, so it runs beside the issuing; our own lint (`ca.certificates.lint`) runs before it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca.asn1 import der, vid
from ca.certificates import tbs
from ca.profiles import Profile, ProfileWrong, names
from ca.profiles.settings import AuthoritySettings
from ca.status.lint_status import UNSIGNED
from ca.values.validity import day_of, ends, starts, years_later

#: An invented holder.
NAME, DIGIT, RANDOM = "Example", "1", bytes(20)
SAMPLE_SERIAL = 1 << 126
#: It accepts no URI with a host without a dot, or with a port. RFC 3986 allows them, and every trial has them.
#: The one address in our certificates is a setting, and is checked as one.
ADDRESS = "pkix.invalid_uri_syntax"


def findings(certificate: bytes) -> tuple[str, ...]:
    """Return the codes of everything from WARNING up in this certificate, DER.

    A NOTICE is that the policy has a qualifier, which the Korean profile asks for.
    """
    from pkilint import loader  # noqa: PLC0415 - 0.3 s, which no start of a command should pay
    from pkilint.validation import ValidationFindingSeverity  # noqa: PLC0415

    results = _container().validate(loader.load_der_certificate(certificate, "certificate").root)
    return tuple(
        each.finding.code
        for result in results
        for each in result.finding_descriptions
        # A smaller number is more serious.
        if each.finding.severity <= ValidationFindingSeverity.WARNING and each.finding.code != ADDRESS
    )


def judge_profiles(profiles: Iterable[Profile], issuer: x509.Certificate, settings: AuthoritySettings) -> None:
    """Check a certificate of each profile; raise `ProfileWrong` for the first with a finding."""
    for each in profiles:
        if found := _of_profile(each, issuer.public_bytes(Encoding.DER), settings):
            raise ProfileWrong(f"{each.name}.toml:1: pkilint finds {', '.join(found)}")


@cache
def _of_profile(chosen: Profile, issuing: bytes, settings: AuthoritySettings) -> tuple[str, ...]:
    issuer = x509.load_der_x509_certificate(issuing)
    begin = starts(issuer.not_valid_before_utc)
    day = day_of(begin)
    draft = tbs.Draft(
        serial=SAMPLE_SERIAL,
        name=NAME,
        common_name=names.common_name(NAME, day, 1, settings),
        identify_data=vid.identify_data(NAME, DIGIT * chosen.idn_digits.start, RANDOM),
        spki=der.spki_of(issuer),
        not_before=begin,
        not_after=ends(years_later(day, chosen.years)),
        profile=chosen,
        crl="crl/sample.crl",
        ordinal=1,
    )
    return findings(der.signed(tbs.leaf_tbs(draft, issuer, settings), UNSIGNED))


@cache
def _container() -> Any:
    from pkilint.pkix import certificate, extension, name  # noqa: PLC0415

    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
