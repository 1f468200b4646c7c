"""The to-be-signed bytes of certificates, built from the verified order and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import AuthorityInformationAccessOID

from ca.asn1 import der, vid
from ca.keys.issuing_keys import file_stem
from ca.profiles import Profile, names
from ca.profiles.settings import AuthoritySettings

VERSION_3 = 2
ANY_POLICY = x509.ObjectIdentifier("2.5.29.32.0")


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything one certificate of a customer is made of."""

    serial: int
    name: str
    common_name: str
    identify_data: bytes
    spki: bytes
    not_before: datetime
    not_after: datetime
    profile: Profile
    crl: str
    """Where its revocation list lies, below the authority's address."""
    ordinal: int
    """Which issuing key signs it."""


@dataclass(frozen=True, slots=True)
class AuthorityDraft:
    """A certificate of the authority itself."""

    serial: int
    name: x509.Name
    spki: bytes
    not_before: datetime
    not_after: datetime


def leaf_tbs(draft: Draft, issuer: x509.Certificate, settings: AuthoritySettings) -> bytes:
    """Return the certificate of a customer, in the order of extensions that its profile says."""
    made: dict[str, x509.ExtensionType] = {
        "authorityKeyIdentifier": authority_key(issuer),
        "subjectKeyIdentifier": subject_key(draft.spki),
        "keyUsage": key_usage(*draft.profile.key_usage),
        "certificatePolicies": leaf_policy(draft.profile, settings),
        "subjectAltName": vid.alternative_name(draft.identify_data),
        "cRLDistributionPoints": _crl_at(settings, draft.crl),
        "authorityInfoAccess": _access_at(settings, file_stem(draft.ordinal)),
    }
    extensions = [der.extension(made[name], critical=critical) for name, critical in draft.profile.extensions]
    name = names.subject(draft.common_name, draft.profile, settings)
    return _tbs(draft, name, issuer.subject, extensions)


def root_tbs(draft: AuthorityDraft) -> bytes:
    extensions = [
        der.extension(subject_key(draft.spki)),
        der.extension(key_usage("key_cert_sign", "crl_sign"), critical=True),
        der.extension(x509.BasicConstraints(ca=True, path_length=None), critical=True),
    ]
    return _tbs(draft, draft.name, draft.name, extensions)


def issuing_tbs(draft: AuthorityDraft, root: x509.Certificate, settings: AuthoritySettings) -> bytes:
    policies = x509.CertificatePolicies([x509.PolicyInformation(ANY_POLICY, None)])
    extensions = [
        der.extension(authority_key(root)),
        der.extension(subject_key(draft.spki)),
        der.extension(key_usage("key_cert_sign", "crl_sign"), critical=True),
        der.extension(x509.BasicConstraints(ca=True, path_length=0), critical=True),
        der.extension(policies, critical=True),
        der.extension(_crl_at(settings, "/crl/root.crl")),
    ]
    return _tbs(draft, draft.name, root.subject, extensions)


def authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Name the issuer's key by its id and by who certified it, as the Korean profile does (RFC 5280 4.2.1.1)."""
    key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return x509.AuthorityKeyIdentifier(key_id, [x509.DirectoryName(issuer.issuer)], issuer.serial_number)


def key_usage(*allowed: str) -> x509.KeyUsage:
    usages = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{usage: usage in allowed for usage in usages.split()})


def leaf_policy(profile: Profile, settings: AuthoritySettings) -> x509.CertificatePolicies:
    """Return one policy with the notice first and the CPS second; the notice is UTF8String (RFC 5280 4.2.1.4)."""
    notice = x509.UserNotice(None, settings.notice or profile.notice)
    oid = x509.ObjectIdentifier(f"{settings.policy_arc}.{profile.policy}")
    return x509.CertificatePolicies([x509.PolicyInformation(oid, [notice, f"{settings.base_url}/cps"])])


def subject_key(spki: bytes) -> x509.SubjectKeyIdentifier:
    key = load_der_public_key(spki)
    return x509.SubjectKeyIdentifier.from_public_key(key)  # type: ignore[arg-type]


def _crl_at(settings: AuthoritySettings, path: str) -> x509.CRLDistributionPoints:
    place = x509.UniformResourceIdentifier(settings.base_url + path)
    return x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])


def _access_at(settings: AuthoritySettings, stem: str) -> x509.AuthorityInformationAccess:
    """Add where the status is asked, and where the issuer's certificate is (RFC 5280 section 4.2.2.1)."""
    places = {
        AuthorityInformationAccessOID.OCSP: f"{settings.base_url}/ocsp",
        AuthorityInformationAccessOID.CA_ISSUERS: f"{settings.base_url}/ca/{stem}.cer",
    }
    described = [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url)) for oid, url in places.items()]
    return x509.AuthorityInformationAccess(described)


def _tbs(
    draft: Draft | AuthorityDraft, subject: x509.Name, issuer: x509.Name, extensions: list[der.Extension]
) -> bytes:
    tbs = der.TbsCertificate(
        version=VERSION_3,
        serial=draft.serial,
        signature=der.SHA256_WITH_RSA,
        issuer=der.raw(issuer.public_bytes()),
        validity=der.Validity(not_before=der.moment(draft.not_before), not_after=der.moment(draft.not_after)),
        subject=der.raw(subject.public_bytes()),
        spki=der.raw(draft.spki),
        extensions=extensions,
    )
    return asn1.encode_der(tbs)
