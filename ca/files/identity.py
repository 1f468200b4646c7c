"""A person's certificate with its key, from any container: folder, zip, PKCS#12, PEM."""

from dataclasses import dataclass

from ca.files.certificate import CertificateSummary, read_certificate
from ca.files.faults import Mismatch
from ca.files.material import KeyMaterial
from ca.files.pfx_reader import read_pfx
from ca.files.signpri import read_signpri


@dataclass(frozen=True, slots=True)
class Identity:
    """Key and certificate that belong together."""

    key: KeyMaterial
    certificate: bytes
    summary: CertificateSummary
    chain: tuple[bytes, ...] = ()


def open_pair(certificate: bytes, signpri: bytes, password: bytes) -> Identity:
    """Open signCert.der and signPri.key; raise a `FileFault`, `Mismatch` if they do not belong together."""
    return join(read_signpri(signpri, password), certificate)


def open_pfx(data: bytes, password: str) -> Identity:
    """Open a PKCS#12 file; raise a `FileFault`."""
    found = read_pfx(data, password)
    return join(found.key, found.certificate, found.chain)


def join(key: KeyMaterial, certificate: bytes, chain: tuple[bytes, ...] = ()) -> Identity:
    """Combine the two; raise `Mismatch` if they do not belong together."""
    summary = read_certificate(certificate)
    if summary.spki != key.spki:
        raise Mismatch("the certificate is another key's")
    return Identity(key, certificate, summary, chain)
