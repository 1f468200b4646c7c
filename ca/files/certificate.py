"""signCert.der: what a certificate says of itself. Nothing here is verified."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.x509.oid import NameOID

from ca.asn1 import tlv
from ca.asn1.der import spki_of
from ca.asn1.vid import read_identify_data
from ca.files import kinds
from ca.files.faults import FileBroken, UnsupportedScheme
from ca.files.folder import folder_name

VERSION_3 = b"\x02\x01\x02"


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a policy of a Korean authority is for."""

    authority: str
    scope: str
    """"general", or for one thing alone: "finance" (bank and insurance), "securities", "card", "tax"."""
    holder: str
    """"person" or "corporation"."""


@dataclass(frozen=True, slots=True)
class CertificateSummary:
    serial: int
    subject: str
    """As the NPKI folder has it."""
    common_name: str
    real_name: str | None
    """From the identifyData, where there is one."""
    issuer: str
    """The issuer's O."""
    issuer_name: str
    """The issuer's CN."""
    policy: str | None
    """The first policy's OID, dotted."""
    purpose: Purpose | None
    """What the policy is for, where it is a known one."""
    not_before: datetime
    not_after: datetime
    """Both aware, in UTC."""
    spki: bytes


def read_certificate(data: bytes) -> CertificateSummary:
    """Read DER; raise `FileBroken` and its kinds."""
    kinds.check(data, "a certificate")
    try:
        _check_head(data)
        certificate = x509.load_der_x509_certificate(data)
        policy = _policy(certificate)
        return CertificateSummary(
            serial=certificate.serial_number,
            subject=folder_name(data),
            common_name=_name(certificate.subject, NameOID.COMMON_NAME),
            real_name=_real_name(certificate),
            issuer=_name(certificate.issuer, NameOID.ORGANIZATION_NAME),
            issuer_name=_name(certificate.issuer, NameOID.COMMON_NAME),
            policy=policy,
            purpose=purposes().get(policy or ""),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            spki=spki_of(certificate),
        )
    except UnsupportedAlgorithm as error:
        raise UnsupportedScheme("a key of an unknown kind") from error
    except (ValueError, x509.DuplicateExtension) as error:
        raise FileBroken("the certificate is damaged") from error


def spki_of_certificate(data: bytes) -> bytes:
    """Return the key; raise `FileBroken` and its kinds."""
    return read_certificate(data).spki


@cache
def purposes() -> dict[str, Purpose]:
    """Return the known policies, by dotted OID."""
    table = tomllib.loads(files("ca.files").joinpath("policies.toml").read_text("utf-8"))
    return {
        oid: Purpose(authority, entry["scope"], entry["holder"])
        for authority, policies in table.items()
        for oid, entry in policies.items()
    }


def _check_head(data: bytes) -> None:
    """Raise `FileBroken` unless it is of version 3 with a positive serial, about which the library only warns."""
    version, serial, *_ = tlv.sequence(tlv.sequence(data)[0].encoded)
    if version.content != VERSION_3:
        raise FileBroken("not a certificate of version 3")
    if asn1.decode_der(int, serial.encoded) <= 0:
        raise FileBroken("its serial is not positive")


def _policy(certificate: x509.Certificate) -> str | None:
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return None
    return next((policy.policy_identifier.dotted_string for policy in policies), None)


def _real_name(certificate: x509.Certificate) -> str | None:
    try:
        return read_identify_data(certificate).real_name
    except x509.ExtensionNotFound:
        return None


def _name(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """Return the last such attribute, the most specific one, or nothing."""
    found = name.get_attributes_for_oid(oid)
    return str(found[-1].value) if found else ""
