"""The certificate authority of the bank: registrar, profile, signer, ledger, revocation, and the Korean files.

Synchronous and safe for threads and processes; it knows nothing of conversations, customers' words or messengers.
"""

from ca.authority import Authority
from ca.ceremonies.root import Root
from ca.keys.token import Token
from ca.ledger.vault import KeyFileUnusable, SealBroken, Vault, open_vault
from ca.profiles import ProfileWrong
from ca.profiles.settings import AuthoritySettings
from ca.values.model import (
    AuditHead,
    AuditReport,
    Certificate,
    Chain,
    Enrolment,
    EnrolmentOrder,
    KeyRequest,
    Order,
    Reason,
    Record,
    Status,
)
from ca.values.refusals import CaRefusal, LedgerBroken, RootApart, WrongPassphrase

__all__ = [
    "AuditHead",
    "AuditReport",
    "Authority",
    "AuthoritySettings",
    "CaRefusal",
    "Certificate",
    "Chain",
    "Enrolment",
    "EnrolmentOrder",
    "KeyFileUnusable",
    "KeyRequest",
    "LedgerBroken",
    "Order",
    "ProfileWrong",
    "Reason",
    "Record",
    "Root",
    "RootApart",
    "SealBroken",
    "Status",
    "Token",
    "Vault",
    "WrongPassphrase",
    "open_vault",
]
