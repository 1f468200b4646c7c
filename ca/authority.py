"""The certificate authority: opened once, then it issues, enrols, revokes and lists, safe for threads and processes."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from ca.audit import auditor
from ca.audit.receipt import Receipts
from ca.ceremonies.backup import back_up
from ca.ceremonies.ceremony import Ceremony
from ca.ceremonies.root import Root
from ca.cmp.office import Office
from ca.cmp.offices import read_secrets
from ca.cmp.server import CmpServer
from ca.issuance import profile_check
from ca.issuance.issuance import Issuance
from ca.issuance.recheck import NightlyRecheck
from ca.keys.issuing_keys import Keys
from ca.keys.signer import FileStore
from ca.keys.token import Token, TokenStore
from ca.ledger import records
from ca.ledger.journal import Journal
from ca.ledger.ledger import LEDGER_FILE, Ledger
from ca.ledger.records import hex_of
from ca.ledger.vault import Vault
from ca.profiles import load as load_profiles
from ca.profiles.settings import AuthoritySettings
from ca.registration.registrar import Registrar, typed_reference
from ca.status.crl import RevocationLists
from ca.status.delegate import Delegates
from ca.status.ocsp import Answer, Responder
from ca.status.revocation import Revocation
from ca.values.environment import Environment
from ca.values.model import (
    AuditHead,
    AuditReport,
    Certificate,
    Chain,
    Enrolment,
    EnrolmentOrder,
    KeyRequest,
    ListAge,
    Order,
    Reason,
    Record,
    Status,
)
from ca.values.refusals import CaRefusal

logger = logging.getLogger(__name__)

REAL = Environment()


class Authority:
    """Calls block on the disk and on arithmetic, so an event loop calls them through `asyncio.to_thread`.

    Every method may raise `CaRefusal` (R14 if the ledger cannot be reached now: ask the same again later) and
    `LedgerBroken`.
    """

    def __init__(self, ledger: Ledger, keys: Keys, ceremony: Ceremony, environment: Environment) -> None:
        settings, entropy = ceremony.settings, environment.entropy
        issuance = Issuance(ledger, keys, settings, entropy, environment.passing)
        self._ledger = ledger
        self._registrar = Registrar(ledger, keys, issuance, settings, entropy)
        self._revocation = Revocation(ledger, settings.hold_months)
        self._lists = RevocationLists(ledger, keys, settings)
        delegates = Delegates(ledger, keys, settings, entropy)
        self._responder = Responder(ledger, keys, delegates)
        self._recheck = NightlyRecheck(ledger)
        self._cmp = CmpServer(ledger, keys, delegates, Office(self, self._registrar, read_secrets(settings.offices)))
        self._receipts = Receipts(ledger, keys, delegates)
        self._keys = keys
        self._ceremony = ceremony
        self.settings = settings
        issuance.resume()

    @classmethod
    def open(
        cls,
        folder: Path,
        passphrase: bytes,
        vault: Vault,
        *,
        settings: AuthoritySettings | None = None,
        token: Token | None = None,
        root: Root | None = None,
        environment: Environment = REAL,
    ) -> Self:
        """Open the authority in this folder; the first start makes it.

        What an interrupted process was making is finished. With a token, its keys are there and the passphrase opens
        nothing. With a root, that one is used: a first start keeps the root's key in its own place, and a ceremony
        brings it.

        Raises `ProfileWrong`, `ListWrong`, `WrongPassphrase`, `LedgerBroken` if keys, ledger and key file do not belong
        together, and `CaRefusal` R14 if another process locks the ledger longer than the busy timeout.
        """
        chosen = settings or AuthoritySettings()
        load_profiles(chosen.profiles)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        journal = Journal(chosen.journal, vault) if chosen.journal else None
        ledger = Ledger(folder / LEDGER_FILE, vault, environment.now, chosen.busy_timeout, journal)
        try:
            store = TokenStore(token) if token else FileStore(folder, passphrase)
            ceremony = Ceremony(folder, store, chosen, environment.entropy, root)
            return cls(ledger, ceremony.keys(ledger), ceremony, environment)
        except BaseException:
            ledger.close()
            raise

    @property
    def chain(self) -> Chain:
        """The certificates above what is issued now."""
        return Chain(root=self._keys.root_der, issuing=self._keys.present.der)

    @property
    def issuers(self) -> tuple[bytes, ...]:
        """The certificates of all issuing keys, DER, the oldest first."""
        return tuple(each.der for each in self._keys.issuers)

    def roll_over(self) -> Chain:
        """Make the next issuing key, which issues from now on; raise `RootApart` if the root cannot be reached."""
        with self._ledger.transaction() as tx:
            self._ceremony.roll_over(tx)
        with self._ledger.reading() as tx:
            self._keys.catch_up(tx)
        return self.chain

    def close(self) -> None:
        self._ledger.close()
        self._ceremony.store.close()

    def issue(self, order: Order) -> Certificate:
        """Issue at once to a key that is here; the same order again gives the same certificate."""
        with self._noting("authority", order.request_id):
            return self._registrar.issue(order)

    def enrol(self, order: EnrolmentOrder) -> Enrolment:
        """Let the customer collect a certificate; the same order again gives the same reference and code."""
        with self._noting("authority", order.request_id):
            return self._registrar.enrol(order)

    def redeem(self, reference: str, code: str, request: KeyRequest) -> Certificate:
        """Certify the customer's key, once; the same key again gives the same certificate.

        The new certificate takes over the notAfter of the replaced one, which is revoked in the same transaction.
        """
        with self._noting(typed_reference(reference) or "reference", ""):
            return self._registrar.redeem(reference, code, request)

    def update(self, serial: int, spki: bytes, request_id: str) -> Certificate:
        """Certify a new key for a holder who signed with the present one (key update, RFC 9810 section 5.3.5).

        The identity number is not stored here, so the VID and its R stay as they are. In the renewal window the new
        certificate is a year longer, before it the expiry stays; the old one is revoked in the same transaction.
        """
        with self._noting(hex_of(serial), request_id):
            return self._registrar.update(serial, spki, request_id)

    def replace(self, serial: int, spki: bytes, identity: bytes, request_id: str) -> Certificate:
        """Certify a new key in place of a certificate in use, for a registration authority: a reissue.

        The registration authority has proved who the holder is, and made the VID (`identity`: identifyData, DER) from
        an identity number that never comes here. Same name, profile and expiry; the old one is revoked in the same
        transaction.
        """
        with self._noting(hex_of(serial), request_id):
            return self._registrar.replace(serial, spki, identity, request_id)

    def count_wrong(self, reference: str) -> None:
        """Count a wrong code for this reference number that came by another way than `redeem`."""
        with suppress(CaRefusal), self._noting(typed_reference(reference) or "reference", ""):
            raise CaRefusal("R10", reason="wrong")

    def note_refusal(self, subject: str, request_id: str, reason: str) -> None:
        """Write into the audit that a known party was refused before any operation of ours began."""
        with suppress(CaRefusal), self._noting(subject, request_id):
            raise CaRefusal("R15", reason=reason)

    def withdraw(self, request_id: str) -> None:
        """Void an enrolment that was not redeemed (R10 if it was, or never existed); repeating it is harmless."""
        with self._noting("authority", request_id):
            self._registrar.withdraw(request_id)

    def certificates(self, holder: str) -> tuple[Record, ...]:
        """Return all certificates of a holder, the oldest first."""
        with self._ledger.reading() as tx:
            return records.of_holder(tx, holder)

    def record(self, serial: int) -> Record | None:
        with self._ledger.reading() as tx:
            return records.find(tx, serial)

    def record_for(self, request_id: str) -> Record | None:
        """Return the certificate that this order or enrolment led to, if it is made already."""
        with self._ledger.reading() as tx:
            return records.for_request(tx, request_id)

    def lineage(self, serial: int) -> tuple[Record, ...]:
        """Return all certificates that this one replaced and was replaced by, the oldest first."""
        with self._ledger.reading() as tx:
            return records.lineage(tx, serial)

    def lapse_holds(self) -> int:
        """Revoke what was on hold for longer than the settings allow; return how many."""
        return self._revocation.lapse_holds()

    def tend(self) -> None:
        """End holds, renew CRLs that get old, and at night check certificates again.

        The operator's program calls this every few minutes.

        Raises `RootApart` if the root's CRL expired and its key cannot be reached.
        """
        self.lapse_holds()
        for ordinal in range(1, len(self.issuers) + 1):
            for part in (None, *range(self.most_parts)):
                if self._lists.ages(ordinal, part):
                    self._lists.issuing(ordinal, part)
        self._recheck_at_night()
        self._lists.root()

    def _recheck_at_night(self) -> None:
        for serial, codes in self._recheck.at_night().items():
            logger.error("pkilint finds fault with a certificate", extra={"serial": f"{serial:X}", "codes": codes})

    def judge_profiles(self) -> None:
        """Check a certificate of each of the operator's own profiles with pkilint; raise `ProfileWrong` for a finding.

        The built-in profiles were checked when this was built: loading pkilint takes a fifth of a start.
        """
        ours = load_profiles()
        own = [each for name, each in load_profiles(self.settings.profiles).items() if name not in ours]
        profile_check.judge_profiles(own, self._keys.present.certificate, self.settings)

    def recheck(self, most: int) -> Mapping[int, tuple[str, ...]]:
        """Check the next certificates that pkilint has not seen; return its findings by serial number.

        The position is stored, and the audit says how many there were and which had findings.
        """
        return self._recheck.next(most)

    def revoke(self, serial: int, reason: Reason, request_id: str) -> Record:
        """폐기: for good. R05, R06, R09 by the certificate's status."""
        with self._noting(hex_of(serial), request_id):
            return self._revocation.revoke(serial, reason, request_id)

    def hold(self, serial: int, request_id: str) -> Record:
        """효력정지. R05, R06, R07, R09 by the certificate's status."""
        with self._noting(hex_of(serial), request_id):
            return self._revocation.hold(serial, request_id)

    def release(self, serial: int, request_id: str) -> Record:
        """효력회복: end a hold. R05, R06, R09, or R15 `not_on_hold`."""
        with self._noting(hex_of(serial), request_id):
            return self._revocation.release(serial, request_id)

    def crl(self, ordinal: int | None = None, part: int | None = None) -> bytes:
        """Return a CRL of an issuing key, DER; without one, the present key's whole CRL.

        A change of status is in the next call's CRL. Raises `KeyError` if there is no such key.
        """
        self.lapse_holds()
        return self._lists.issuing(ordinal, part)

    def list_ages(self) -> tuple[ListAge, ...]:
        return self._lists.standing(self.most_parts)

    def counts(self) -> Mapping[Status, int]:
        """Return the number of certificates by status; expired ones keep theirs."""
        with self._ledger.aside() as tx:
            row = tx.one("count_certificates")
        assert row is not None
        held, revoked = int(row["held"]), int(row["revoked"])
        return {Status.GOOD: int(row["every"]) - held - revoked, Status.HOLD: held, Status.REVOKED: revoked}

    def cmp(self, message: bytes) -> bytes:
        """Answer a PKIMessage (RFC 9810), DER."""
        return self._cmp.answer(message)

    @property
    def most_parts(self) -> int:
        """The highest number of parts that a CRL is split into."""
        return max(each.crl_parts for each in load_profiles(self.settings.profiles).values())

    def ocsp(self, question: bytes) -> Answer:
        """Answer an OCSPRequest, DER; a change of status is in the next answer."""
        return self._responder.answer(question)

    def ocsp_kept(self, question: bytes) -> Answer | None:
        """Return a cached answer, without waiting for a key; None if there is work to do."""
        return self._responder.kept(question)

    def root_crl(self) -> bytes:
        """Return the root's CRL; raise `RootApart` if it expired and only a ceremony can make the next."""
        return self._lists.root()

    def renew_root_crl(self) -> bytes:
        """Make the root's next CRL now; raise `RootApart` if the root cannot be reached."""
        return self._lists.renew_root()

    def audit_head(self) -> AuditHead:
        """Return the end of the chain, to be kept elsewhere and given to `verify_audit` later."""
        return auditor.head(self._ledger)

    def backup(self, to: Path) -> AuditHead:
        """Write a copy of everything but the key file, the passphrase and the journal, while others issue."""
        return back_up(self._ledger, self._ceremony.folder, to)

    def signed_head(self) -> bytes:
        """Return the end of the audit signed by the authority, JSON, to be kept where nobody here can change it."""
        return self._receipts.head()

    def receipt(self, serial: int) -> bytes:
        """Return the proof for a customer that the audit knows this certificate, JSON without personal data; or R09."""
        return self._receipts.receipt(serial)

    def verify_audit(self, known: AuditHead | None = None) -> AuditReport:
        return auditor.verify(self._ledger, known)

    @contextmanager
    def _noting(self, subject: str, request_id: str) -> Iterator[None]:
        """Write a refusal into the audit; a refusal because of the ledger itself cannot be written."""
        try:
            yield
        except CaRefusal as refusal:
            if refusal.code != "R14":
                with self._ledger.transaction() as tx:
                    if refusal.fields.get("reason") == "wrong":
                        tx.run("count_wrong_code", reference=subject)
                    tx.audit("rejected", subject, request_id, code=refusal.code, **refusal.fields)
            raise
