"""Private keys and photographs, recognised by name or first bytes, without decrypting or decoding anything."""

import base64
import binascii
import re
from pathlib import PurePath

_KEY_SUFFIXES = frozenset({".key", ".p12", ".pfx", ".jks", ".p8", ".pk8"})
_PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".heif", ".bmp", ".tif", ".tiff", ".avif"}
)
_CERTIFICATE_SUFFIXES = frozenset({".der", ".cer", ".crt", ".pem"})
_CERTIFICATE_TYPES = frozenset(
    {
        "application/pkix-cert",
        "application/x-pem-file",
        "application/x-x509-ca-cert",
        "application/x-x509-user-cert",
    }
)
_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_NAMES_IN_ARCHIVES = (b"signpri.key", b"kmpri.key", b".p12", b".pfx")
_PHOTO_HEADS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_ISO_MEDIA_PHOTOS = (b"heic", b"heix", b"heif", b"mif1", b"avif")

_INTEGER, _OCTETS, _OID, _SEQUENCE = 0x02, 0x04, 0x06, 0x30
#: Password-based encryption: PKCS#5, PKCS#12, and SEED of the Korean standard.
_ENCRYPTION_OIDS = (
    bytes.fromhex("2a864886f70d0105"),
    bytes.fromhex("2a864886f70d010c01"),
    bytes.fromhex("2a831a8c9a4401"),
)
_LONGEST_LENGTH = 4  # Bytes of a DER length; no key has more.

Element = tuple[int, bytes, bytes]  # Tag, as much of the content as is here, what follows it.


def named_like_key(name: str) -> bool:
    return PurePath(name.strip().lower()).suffix in _KEY_SUFFIXES


def named_like_photo(name: str) -> bool:
    return PurePath(name.strip().lower()).suffix in _PHOTO_SUFFIXES


def named_like_certificate(name: str, mime: str) -> bool:
    return PurePath(name.strip().lower()).suffix in _CERTIFICATE_SUFFIXES or mime.lower() in _CERTIFICATE_TYPES


def is_photo(head: bytes) -> bool:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    return head.startswith(_PHOTO_HEADS) or (head[4:8] == b"ftyp" and head[8:12] in _ISO_MEDIA_PHOTOS)


def holds_key(head: bytes) -> bool:
    if _PEM.search(head) is not None or _is_der_key(head):
        return True
    return head.startswith(b"PK\x03\x04") and any(name in head.lower() for name in _KEY_NAMES_IN_ARCHIVES)


_BASE64 = re.compile(r"[A-Za-z0-9+/][A-Za-z0-9+/\s]{60,}={0,2}")


def holds_key_in_base64(text: str) -> bool:
    """Check each long run of base64, because somebody may paste a file's content."""
    return any(_is_der_key(_decoded(run)) for run in _BASE64.findall(text))


def _decoded(run: str) -> bytes:
    """Return the first bytes: enough to recognise a key."""
    compact = "".join(run.split())[:128]
    try:
        return base64.b64decode(compact[: len(compact) // 4 * 4])
    except binascii.Error:
        return b""


# --- DER, as far as needed to recognise a key ---


def _is_der_key(head: bytes) -> bool:
    """PKCS#8 plain or encrypted, PKCS#1, SEC 1, PKCS#12. A certificate or a request begins with two sequences."""
    outer = _element(head)
    if outer is None or outer[0] != _SEQUENCE:
        return False
    first = _element(outer[1])
    if first is None:
        return False
    tag, content, rest = first
    if tag == _SEQUENCE:
        return _names_encryption(content) and rest[:1] in {b"", b"\x04"}
    return tag == _INTEGER and _is_versioned_key(content, rest)


def _names_encryption(content: bytes) -> bool:
    algorithm = _element(content)
    return algorithm is not None and algorithm[0] == _OID and algorithm[1].startswith(_ENCRYPTION_OIDS)


def _is_versioned_key(version: bytes, rest: bytes) -> bool:
    second = _element(rest)
    if second is None:
        return False
    tag, content, _ = second
    if version == b"\x03":
        return tag == _SEQUENCE and content[:1] == b"\x06"  # PFX: a content type follows.
    if version in {b"\x00", b"\x01"}:
        return tag in {_INTEGER, _OCTETS} or (tag == _SEQUENCE and content[:1] == b"\x06")
    return False


def _element(data: bytes) -> Element | None:
    """Read one element; its content may be cut off, because only the start of a file is here."""
    if len(data) < 2:  # noqa: PLR2004 - tag and length
        return None
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 <= count <= _LONGEST_LENGTH:
            return None
        length, start = int.from_bytes(data[2 : 2 + count]), 2 + count
        if count == 0:  # BER's indefinite length, as some PKCS#12 writers use it.
            return data[0], data[start:], b""
    return data[0], data[start : start + length], data[start + length :]
