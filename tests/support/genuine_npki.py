"""The genuine yessign set that pypinksign's tests carry, and what belongs to it."""

import base64

from pypinksign.test_pinkSign import TEST_CERT

from ca.files import Identity, write_signpri

GENUINE_PASSWORD = TEST_CERT["signPw"]
PASSWORD = "Correct-Horse-9"


def genuine(name: str) -> bytes:
    return base64.b64decode(TEST_CERT[name])


CERTIFICATE = genuine("signCert")
KEY = genuine("plainSignPriFullB64")
#: The genuine key under another password and scheme.
SEALED = write_signpri(KEY, PASSWORD.encode())


def is_genuine(identity: Identity) -> bool:
    return (
        identity.key.pkcs8 == KEY
        and identity.key.random_number == TEST_CERT["r"]
        and identity.certificate == CERTIFICATE
        and identity.summary.real_name == "HKD"
    )
