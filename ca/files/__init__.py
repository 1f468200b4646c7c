"""The files that a customer carries away: NPKI folder with signCert.der and signPri.key, and PKCS#12."""

from ca.files.folder import folder_name, npki_zip
from ca.files.material import KeyMaterial, generate_key
from ca.files.pfx import write_pfx
from ca.files.signpri import KeyFileBroken, Scheme, WrongKeyPassword, read_signpri, write_signpri

__all__ = [
    "KeyFileBroken",
    "KeyMaterial",
    "Scheme",
    "WrongKeyPassword",
    "folder_name",
    "generate_key",
    "npki_zip",
    "read_signpri",
    "write_pfx",
    "write_signpri",
]
