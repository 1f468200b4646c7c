"""Files for customers, and from them: NPKI folder with signCert.der and signPri.key, PKCS#12, PEM.

Readers raise a `FileFault` for anything wrong with a file. They never trust what a file says of itself.
"""

from ca.files.archive import StoredPair, read_npki_folder, read_npki_zip
from ca.files.certificate import CertificateSummary, Purpose, read_certificate
from ca.files.faults import (
    FileBroken,
    FileFault,
    Mismatch,
    TooBig,
    UnsupportedScheme,
    WrongKeyPassword,
    WrongKind,
)
from ca.files.folder import folder_name, npki_zip
from ca.files.identity import Identity, open_pair, open_pfx
from ca.files.material import KeyMaterial, generate_key
from ca.files.pem import read_pem, write_pem
from ca.files.pfx import write_pfx
from ca.files.signpri import Scheme, read_signpri, write_signpri

__all__ = [
    "CertificateSummary",
    "FileBroken",
    "FileFault",
    "Identity",
    "KeyMaterial",
    "Mismatch",
    "Purpose",
    "Scheme",
    "StoredPair",
    "TooBig",
    "UnsupportedScheme",
    "WrongKeyPassword",
    "WrongKind",
    "folder_name",
    "generate_key",
    "npki_zip",
    "open_pair",
    "open_pfx",
    "read_certificate",
    "read_npki_folder",
    "read_npki_zip",
    "read_pem",
    "read_signpri",
    "write_pem",
    "write_pfx",
    "write_signpri",
]
