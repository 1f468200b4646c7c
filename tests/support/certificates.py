"""Certificate files that customers may show: of any issuer, policy and time. Their signatures are not valid."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

KEY = ec.generate_private_key(ec.SECP256R1())
#: What must be found nowhere after a certificate was read.
HOLDER = "황보예린()0003041202611230000001"
BEGIN, END = datetime(2026, 3, 14, 15, tzinfo=UTC), datetime(2027, 3, 15, 14, 59, 59, tzinfo=UTC)
EVIL = "http://192.0.2.1/anything"


def subject(name: str = HOLDER) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "kr"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "yessign"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def issuer(organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "kr"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{organization} Class 1"),
        ]
    )


def certificate(
    organization: str = "yessign",
    policy: str | None = "1.2.410.200005.1.1.4",
    begin: datetime = BEGIN,
    end: datetime = END,
    name: x509.Name | None = None,
    serial: int = 4711,
) -> x509.Certificate:
    """Return a certificate with addresses in it that nobody may call."""
    place = [x509.UniformResourceIdentifier(EVIL)]
    builder = (
        x509.CertificateBuilder(name or issuer(organization), subject(), KEY.public_key(), serial, begin, end)
        .add_extension(x509.CRLDistributionPoints([x509.DistributionPoint(place, None, None, None)]), False)
        .add_extension(
            x509.AuthorityInformationAccess(
                [x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, place[0])]
            ),
            critical=False,
        )
    )
    if policy is not None:
        known = x509.PolicyInformation(x509.ObjectIdentifier(policy), [EVIL])
        builder = builder.add_extension(x509.CertificatePolicies([known]), critical=True)
    return builder.sign(KEY, SHA256())


def der(**changes: object) -> bytes:
    return certificate(**changes).public_bytes(Encoding.DER)  # type: ignore[arg-type]
