"""The virtual identifier (VID): proves whose certificate it is without showing the identity number (KCAC.TS.SIVID)."""

import hashlib
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from ca.asn1.der import AlgorithmBare, Oid

OID_IDENTIFY_DATA = Oid("1.2.410.200004.10.1.1")
OID_VID = Oid("1.2.410.200004.10.1.1.1")
#: Without NULL, as the genuine certificates have it.
SHA256 = AlgorithmBare(algorithm=Oid("2.16.840.1.101.3.4.2.1"))
MIN_RANDOM_BYTES = 20


@asn1.sequence
class _HashContent:
    idn: asn1.PrintableString
    random_number: asn1.BitString


@asn1.sequence
class Vid:
    hash_algorithm: AlgorithmBare
    virtual_id: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class UserInfo:
    kind: Oid
    vid: Vid


@asn1.sequence
class IdentifyData:
    """What the otherName of a subjectAltName holds: the plain name, and the VID."""

    real_name: str
    user_info: list[UserInfo]


def virtual_id(idn: str, random_number: bytes) -> bytes:
    """Return H(H(DER(HashContent))) with SHA-256: who knows both numbers can recompute it."""
    content = _HashContent(idn=asn1.PrintableString(idn), random_number=asn1.BitString(random_number, 0))
    return hashlib.sha256(hashlib.sha256(asn1.encode_der(content)).digest()).digest()


def identify_data(real_name: str, idn: str, random_number: bytes) -> bytes:
    return _identify_data(real_name, virtual_id(idn, random_number))


def _identify_data(real_name: str, virtual: bytes) -> bytes:
    info = UserInfo(kind=OID_VID, vid=Vid(hash_algorithm=SHA256, virtual_id=virtual))
    return asn1.encode_der(IdentifyData(real_name=real_name, user_info=[info]))


def check_identity(data: bytes, real_name: str) -> None:
    """Raise `ValueError` unless this is identifyData as `identify_data` makes it, of somebody of this name."""
    (info,) = asn1.decode_der(IdentifyData, data).user_info
    told = info.vid.virtual_id
    if len(told) != hashlib.sha256().digest_size or data != _identify_data(real_name, told):
        raise ValueError("identifyData of somebody else, or made in another way")


def alternative_name(data: bytes) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.OtherName(OID_IDENTIFY_DATA, data)])


def read_identify_data(certificate: x509.Certificate) -> IdentifyData:
    """Raise `ValueError` if the certificate carries none, or more than one user."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = [name.value for name in names.get_values_for_type(x509.OtherName) if name.type_id == OID_IDENTIFY_DATA]
    if len(found) != 1:
        raise ValueError("no single identifyData in the subjectAltName")
    return asn1.decode_der(IdentifyData, found[0])
