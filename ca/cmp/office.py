"""The operations of the authority that the protocol may use."""

from collections.abc import Mapping
from typing import Protocol

from ca.registration.registrar import Registrar
from ca.values.model import Certificate, KeyRequest, Reason, Record


class Acts(Protocol):
    """The authority's own operations, as everybody calls them: each refusal is written into the audit."""

    def redeem(self, reference: str, code: str, request: KeyRequest) -> Certificate: ...

    def update(self, serial: int, spki: bytes, request_id: str) -> Certificate: ...

    def replace(self, serial: int, spki: bytes, identity: bytes, request_id: str) -> Certificate: ...

    def revoke(self, serial: int, reason: Reason, request_id: str) -> Record: ...

    def record(self, serial: int) -> Record | None: ...

    def count_wrong(self, reference: str) -> None: ...

    def note_refusal(self, subject: str, request_id: str, reason: str) -> None: ...

    def crl(self) -> bytes: ...


class Office:
    """Each operation happens once for its request id."""

    def __init__(self, acts: Acts, registrar: Registrar, secrets: Mapping[str, bytes]) -> None:
        self._registrar = registrar
        self._secrets = secrets
        self.redeem = acts.redeem
        self.update = acts.update
        self.replace = acts.replace
        self.revoke = acts.revoke
        self.record = acts.record
        self.crl = acts.crl
        self.count_wrong = acts.count_wrong
        self.note_refusal = acts.note_refusal

    def code_of(self, reference: str) -> str:
        """Return the code of this reference number; an unknown number gets a code too, after the same work."""
        return self._registrar.code_of(reference)

    def office_secret(self, name: str) -> bytes | None:
        """Return the secret of the registration authority with this name."""
        return self._secrets.get(name)

    def serial_for(self, reference: str) -> int | None:
        """Return the serial number of the certificate that this reference number led to."""
        return self._registrar.serial_for(reference)

    def random_number_for(self, reference: str, spki: bytes) -> bytes:
        """Return an R for this key, the same each time."""
        return self._registrar.random_number_for(reference, spki)
