"""The bank's certificate authority: registrar, profiles, signer, ledger, revocation, audit, Korean file formats.

It is synchronous and safe for threads and processes. It never knows a conversation, a customer's words or a
messenger.
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
