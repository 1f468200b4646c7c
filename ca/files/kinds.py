"""What a file seems to be, by its first bytes, so that a wrong file is called by its name."""

from ca.asn1 import tlv
from ca.files.faults import FileBroken, TooBig, WrongKind

#: No valid file with one person's keys or certificates is larger.
MAX_BYTES = 64 * 1024
ZIP = b"PK\x03\x04"
PEM = b"-----BEGIN "
INTEGER, OID, CONTEXT_0 = 0x02, 0x06, 0xA0
VERSION_3 = b"\x02\x01\x03"
DEEPEST = 32


def kind_of(data: bytes) -> str:
    """Return what these bytes seem to be, in words; "nothing known" if nothing is known."""
    if data.startswith(ZIP):
        return "a zip"
    if data.lstrip().startswith(PEM):
        return "PEM"
    try:
        parts = tlv.sequence(data)
        first = parts[0]
        inner = [part.tag for part in tlv.children(first.content)] if first.tag == tlv.SEQUENCE else []
    except (ValueError, IndexError):
        return "nothing known"
    if first.encoded == VERSION_3:
        return "a PKCS#12 file"
    if first.tag == INTEGER:
        return "a key without protection"
    if inner[:1] == [OID]:
        return "an encrypted key"
    is_certificate = inner[:1] == [CONTEXT_0]
    return "a certificate" if is_certificate else "a certificate request" if inner[:1] == [INTEGER] else "nothing known"


def check(data: bytes, wanted: str) -> None:
    """Raise `TooBig` or `WrongKind` unless this seems to be what is wanted, and `FileBroken` if it is only a part."""
    if len(data) > MAX_BYTES:
        raise TooBig(f"more than {MAX_BYTES} bytes are not {wanted}")
    seen = kind_of(data)
    if seen == "nothing known" and data[:1] == b"\x30" and len(data) > 1:
        raise FileBroken(f"damaged or cut off, or not {wanted}")
    if seen != wanted:
        raise WrongKind(f"{wanted} is needed, and this is {seen}")
    try:
        tlv.check_depth(data, DEEPEST)
    except ValueError as error:
        raise FileBroken("damaged, or nested without end") from error
