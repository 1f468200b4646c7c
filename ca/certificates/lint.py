"""The authority's own check of the bytes that it is about to sign, read by other code than made them.

After RFC 5280 and the Korean profile. Each finding is a word; one finding stops the signature.
"""

from collections.abc import Iterator
from datetime import time

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtensionOID, NameOID

from ca.asn1 import der, vid
from ca.certificates.tbs import key_usage
from ca.profiles import Profile
from ca.profiles.names import CN_BYTES
from ca.profiles.settings import AuthoritySettings
from ca.values.validity import DAY_END, KST

EXTENSIONS = {
    "authorityKeyIdentifier": ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    "subjectKeyIdentifier": ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    "keyUsage": ExtensionOID.KEY_USAGE,
    "certificatePolicies": ExtensionOID.CERTIFICATE_POLICIES,
    "subjectAltName": ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    "cRLDistributionPoints": ExtensionOID.CRL_DISTRIBUTION_POINTS,
    "authorityInfoAccess": ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
}
SUBJECT = [
    NameOID.COUNTRY_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COMMON_NAME,
]
CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384"}
SERIAL_BITS = range(65, 160)
MIDNIGHT = time()


def findings(tbs: bytes, issuer: x509.Certificate, profile: Profile, settings: AuthoritySettings) -> tuple[str, ...]:
    """Return what is wrong with the to-be-signed bytes of a customer's certificate; empty if nothing is."""
    try:
        # A signature of zeros makes the bytes readable as a certificate before the key is used.
        certificate = x509.load_der_x509_certificate(der.signed(tbs, bytes(256)))
        return tuple(_findings(certificate, issuer, profile, settings))
    except (ValueError, x509.ExtensionNotFound) as error:
        return (f"unreadable:{type(error).__name__}",)


def _findings(
    certificate: x509.Certificate, issuer: x509.Certificate, profile: Profile, settings: AuthoritySettings
) -> Iterator[str]:
    checks = {
        "version": certificate.version is x509.Version.v3,
        "serial": certificate.serial_number.bit_length() in SERIAL_BITS,
        "algorithm": certificate.signature_algorithm_oid == der.SHA256_WITH_RSA.algorithm,
        "issuer": certificate.issuer == issuer.subject,
        "subject": _subject_is_well(certificate.subject),
        "validity": _validity_is_well(certificate, issuer),
        "extensions": [(found.oid, found.critical) for found in certificate.extensions]
        == [(EXTENSIONS[name], critical) for name, critical in profile.extensions],
        "key_usage": _usage_is_well(certificate, profile),
        "key": _key_is_well(certificate, profile),
        "key_ids": _key_ids_are_well(certificate, issuer),
        "policy": _policy_is_well(certificate, f"{settings.policy_arc}.{profile.policy}"),
        "identify_data": _identity_is_well(certificate),
    }
    yield from (name for name, well in checks.items() if not well)


def _subject_is_well(subject: x509.Name) -> bool:
    attributes = list(subject)
    types = [_ASN1Type.PrintableString] + [_ASN1Type.UTF8String] * 4
    return (
        [attribute.oid for attribute in attributes] == SUBJECT
        and [attribute._type for attribute in attributes] == types  # noqa: SLF001 - no public way to ask
        and len(str(attributes[-1].value).encode()) <= CN_BYTES
    )


def _validity_is_well(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    ends_with_the_day = end.astimezone(KST).time() == DAY_END
    nested = issuer.not_valid_before_utc <= begin < end <= issuer.not_valid_after_utc
    return ends_with_the_day and nested and begin.second == 0


def _key_ids_are_well(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    above = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    of_issuer = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    computed = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
    return (
        own == computed
        and above.key_identifier == of_issuer.digest
        and above.authority_cert_serial_number == issuer.serial_number
    )


def _usage_is_well(certificate: x509.Certificate, profile: Profile) -> bool:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    return usage == key_usage(*profile.key_usage)


def _key_is_well(certificate: x509.Certificate, profile: Profile) -> bool:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size in profile.key_rule.rsa_bits
    return isinstance(key, ec.EllipticCurvePublicKey) and CURVE_NAMES.get(key.curve.name) in profile.key_rule.curves


def _policy_is_well(certificate: x509.Certificate, expected: str) -> bool:
    policies = list(certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value)
    qualifiers = policies[0].policy_qualifiers or []
    named = [policy.policy_identifier.dotted_string for policy in policies]
    return named == [expected] and [type(qualifier) for qualifier in qualifiers] == [x509.UserNotice, str]


def _identity_is_well(certificate: x509.Certificate) -> bool:
    data = vid.read_identify_data(certificate)
    name = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    return len(data.user_info) == 1 and name.startswith(f"{data.real_name}()")
