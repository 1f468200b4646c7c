"""Checks a receipt of the authority, offline: `python -m ca.audit.receipt_verifier RECEIPT.json --root ROOT.pem`.

A program for the customer's side: it needs this file, Python and `cryptography`, and imports nothing else of ours.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

LARGEST = 1 << 20
DEEPEST = 64
MOST_CERTIFICATES = 4
CONTEXT = b" " * 64 + b"certificate authority, head of the audit, version 1" + b"\x00"
#: id-kp-documentSigning (RFC 9336).
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
#: What readers of JSON, Base64, times and certificates raise for invalid input.
_DAMAGED = (
    KeyError, TypeError, AttributeError, IndexError, ValueError, OverflowError, RecursionError, OSError,
    UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
Read = TypeVar("Read")


class ReceiptRefused(Exception):
    """The receipt proves nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """The audit as the authority signed it at a time: the number of lines, the Merkle root and the end of the chain."""

    entries: int
    root: bytes
    chain: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What one proved line says about the certificate."""

    number: int
    at: datetime
    kind: str
    serial: str
    detail: dict[str, Any]


def check_head(content: bytes, root: x509.Certificate) -> Head:
    """Return what a signed head says; raise `ReceiptRefused`."""
    return _reading(content, lambda value: _head(value, root))


def check_receipt(content: bytes, root: x509.Certificate, certificate: bytes | None = None) -> list[ReceiptFacts]:
    """Return the proved lines of one certificate; with its DER, check that they are about it."""
    return _reading(content, lambda value: _receipt(value, root, certificate))


def _reading(content: bytes, read: Callable[[Any], Read]) -> Read:
    if len(content) > LARGEST:
        raise ReceiptRefused("it is larger than any receipt")
    try:
        return read(json.loads(content))
    except _DAMAGED as error:
        raise ReceiptRefused("it is not a receipt, or damaged") from error


def _receipt(value: Any, root: x509.Certificate, certificate: bytes | None) -> list[ReceiptFacts]:
    if value["receipt"] != 1:
        raise ReceiptRefused("it is of a version that this program does not know")
    head = _head(value["head"], root)
    told = [_proved(each["line"], each["proof"], head) for each in value["lines"]]
    if not told or told[0].kind != "signed" or len({each.serial for each in told}) != 1:
        raise ReceiptRefused("its lines are not those of one certificate")
    if certificate is not None and hashlib.sha256(certificate).hexdigest() != told[0].detail["der"]:
        raise ReceiptRefused("it is the receipt of another certificate")
    return told


def _proved(line: str, proof: list[str], head: Head) -> ReceiptFacts:
    number, at, kind, serial, _request, detail = json.loads(line)
    if not 0 < number <= head.entries or len(proof) > DEEPEST:
        raise ReceiptRefused("a line is not among those of the head")
    leaf = hashlib.sha256(b"\x00" + line.encode()).digest()
    if _root_of(leaf, number - 1, head.entries, [bytes.fromhex(each) for each in proof]) != head.root:
        raise ReceiptRefused(f"line {number} was changed, or is not in the audit")
    return ReceiptFacts(number, datetime.fromtimestamp(at, UTC), kind, serial, json.loads(detail))


def _root_of(leaf: bytes, number: int, size: int, proof: list[bytes]) -> bytes | None:
    """Follow an inclusion proof to the root (RFC 9162 section 2.1.3.2)."""
    last, node = size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if number & 1 or number == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        number, last = number >> 1, last >> 1
    return node if last == 0 else None


def _head(value: Any, root: x509.Certificate) -> Head:
    statement = value["statement"].encode()
    told = json.loads(statement)
    at = datetime.fromtimestamp(told["at"], UTC)
    chain = [x509.load_der_x509_certificate(base64.b64decode(each)) for each in value["certificates"]]
    _check_chain(chain, root, at)
    key = chain[0].public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ReceiptRefused("the head is signed with a key of another kind")
    try:
        signature = base64.b64decode(value["signature"])
        key.verify(signature, CONTEXT + statement, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise ReceiptRefused("the head was not signed by this authority, or was changed") from None
    return Head(told["entries"], bytes.fromhex(told["root"]), bytes.fromhex(told["chain"]), at)


def _check_chain(chain: list[x509.Certificate], root: x509.Certificate, at: datetime) -> None:
    """Raise unless each is issued by the next, the last by the root, and the first is for documents."""
    if not 0 < len(chain) <= MOST_CERTIFICATES:
        raise ReceiptRefused("the head comes with too many certificates, or none")
    path = [*chain, root]
    try:
        for number in reversed(
            range(len(chain))
        ):  # From the root down: nothing of an unknown certificate is read further.
            path[number].verify_directly_issued_by(path[number + 1])
        constraints = [each.extensions.get_extension_for_class(x509.BasicConstraints).value for each in path[1:]]
        usages = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound) as error:
        raise ReceiptRefused("the head's certificates do not lead to this root") from error
    if not all(each.ca for each in constraints):
        raise ReceiptRefused("the head's certificates come from somebody who is no authority")
    if list(usages) != [DOCUMENT_SIGNING]:
        raise ReceiptRefused("the head's certificate is not for signing heads")
    if any(not each.not_valid_before_utc <= at <= each.not_valid_after_utc for each in path):
        raise ReceiptRefused("a certificate was not valid when the head was signed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("receipt", type=Path, metavar="RECEIPT.json")
    parser.add_argument(
        "--root", type=Path, required=True, metavar="ROOT.pem", help="from the bank, not from the receipt"
    )
    parser.add_argument("--certificate", type=Path, metavar="CERT.der", help="the certificate that it is a receipt for")
    arguments = parser.parse_args()
    try:
        root = x509.load_pem_x509_certificate(arguments.root.read_bytes())
        certificate = arguments.certificate.read_bytes() if arguments.certificate else None
        lines = check_receipt(arguments.receipt.read_bytes(), root, certificate)
    except (OSError, ValueError, ReceiptRefused) as error:
        sys.stderr.write(f"refused: {error}\n")
        return 1
    for each in lines:
        sys.stdout.write(f"line {each.number} {each.at:%Y-%m-%dT%H:%M:%SZ} {each.kind} {each.serial}\n")
    sys.stdout.write("proved\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
