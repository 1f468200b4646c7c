"""The profile of CRLs, responses and delegates, checked on their bytes before a key is used."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.asn1 import der
from ca.values.refusals import LedgerBroken

UNSIGNED = bytes(256)
LIST_EXTENSIONS = {x509.AuthorityKeyIdentifier.oid: False, x509.CRLNumber.oid: False}
PART_EXTENSIONS = LIST_EXTENSIONS | {x509.IssuingDistributionPoint.oid: True}


def check_list(
    tbs: bytes, issuer: x509.Certificate, number: int, entries: int, address: str | None, longest: timedelta
) -> None:
    """Check a TBSCertList against RFC 5280 section 5; raise `LedgerBroken` with the names of what is wrong."""
    _check("list", lambda: _list(tbs, issuer, number, entries, address, longest))


def check_answer(content: bytes, key_hash: bytes, count: int, longest: timedelta) -> None:
    """Check an unsigned OCSPResponse against RFC 6960 section 4.2; raise `LedgerBroken`."""
    _check("answer", lambda: _answer(content, key_hash, count, longest))


def check_delegate(tbs: bytes, issuer: x509.Certificate, usage: x509.ObjectIdentifier, longest: timedelta) -> None:
    """Check a delegate's TBSCertificate against RFC 6960 section 4.2.2.2 and RFC 9483; raise `LedgerBroken`."""
    _check("delegate", lambda: _delegate(tbs, issuer, usage, longest))


def _check(what: str, findings: Callable[[], Iterable[str]]) -> None:
    try:
        found = tuple(findings())
    except (ValueError, x509.ExtensionNotFound, AttributeError) as error:
        found = (f"unreadable:{type(error).__name__}",)
    if found:
        raise LedgerBroken(f"this {what} is not signed: {', '.join(found)}")


def _list(
    tbs: bytes, issuer: x509.Certificate, number: int, entries: int, address: str | None, longest: timedelta
) -> Iterator[str]:
    read = x509.load_der_x509_crl(der.signed(tbs, UNSIGNED))
    begin, end = read.last_update_utc, read.next_update_utc
    point = None
    if address is not None:
        point = read.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value.full_name
    checks = {
        "algorithm": read.signature_algorithm_oid == der.SHA256_WITH_RSA.algorithm,
        "issuer": read.issuer == issuer.subject,
        "times": end is not None and begin < end <= begin + longest,
        "number": read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number,
        "extensions": {each.oid: each.critical for each in read.extensions}
        == (LIST_EXTENSIONS if address is None else PART_EXTENSIONS),
        "point": address is None or point == [x509.UniformResourceIdentifier(address)],
        "key_id": _key_id(read.extensions) == _subject_key_id(issuer),
        "entries": len(read) == entries,
    }
    yield from (name for name, well in checks.items() if not well)


def _answer(content: bytes, key_hash: bytes, count: int, longest: timedelta) -> Iterator[str]:
    read = ocsp.load_der_ocsp_response(content)
    singles = list(read.responses)
    checks = {
        "status": read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL,
        "algorithm": read.signature_algorithm_oid == der.SHA256_WITH_RSA.algorithm,
        "responder": read.responder_key_hash == key_hash,
        "count": len(singles) == count,
        "times": all(_is_timely(each, read.produced_at_utc, longest) for each in singles),
    }
    yield from (name for name, well in checks.items() if not well)


def _is_timely(single: ocsp.OCSPSingleResponse, produced: datetime, longest: timedelta) -> bool:
    end = single.next_update_utc
    return end is not None and single.this_update_utc <= produced < end <= single.this_update_utc + longest


def _delegate(tbs: bytes, issuer: x509.Certificate, usage: x509.ObjectIdentifier, longest: timedelta) -> Iterator[str]:
    read = x509.load_der_x509_certificate(der.signed(tbs, UNSIGNED))
    begin, end = read.not_valid_before_utc, read.not_valid_after_utc
    usages = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    key_usage = read.extensions.get_extension_for_class(x509.KeyUsage)
    kinds = {each.oid for each in read.extensions}
    checks = {
        "version": read.version is x509.Version.v3,
        "algorithm": read.signature_algorithm_oid == der.SHA256_WITH_RSA.algorithm,
        "issuer": read.issuer == issuer.subject,
        "times": begin < end <= min(begin + longest, issuer.not_valid_after_utc),
        "usage": list(usages) == [usage] and key_usage.critical and key_usage.value.digital_signature,
        "authority": x509.BasicConstraints.oid not in kinds,
        "no_check": (x509.OCSPNoCheck.oid in kinds) == (usage == ExtendedKeyUsageOID.OCSP_SIGNING),
        "key_id": _key_id(read.extensions) == _subject_key_id(issuer),
    }
    yield from (name for name, well in checks.items() if not well)


def _key_id(extensions: x509.Extensions) -> bytes | None:
    return extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier


def _subject_key_id(issuer: x509.Certificate) -> bytes:
    return issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
