"""A customer's case (신청 건): everything the conversation knows, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

FLOW = "reissue/1"


class Phase(StrEnum):
    """Where a case stands, and whose turn it is."""

    IDLE = "idle"  # customer: may start
    ASKING = "asking"  # customer: answers the next open step, or reviews
    SENDING = "sending"  # bot: finds the register's entry and sends a code
    PROVING = "proving"  # customer: types the one-time code
    DECIDING = "deciding"  # bot: compares with the register and asks the authority
    ENROLLED = "enrolled"  # customer: sets the password of the new certificate
    ISSUING = "issuing"  # bot: makes the key and has it certified
    ISSUED = "issued"  # customer: confirms that the certificate arrived
    REFUSED = "refused"  # customer: corrects it, or turns to staff
    CLOSED = "closed"  # nobody: the certificate is in use
    CANCELLED = "cancelled"  # nobody


ENDED = frozenset({Phase.IDLE, Phase.CLOSED, Phase.CANCELLED})
BOT_TURN = frozenset({Phase.SENDING, Phase.DECIDING, Phase.ISSUING})


@dataclass(frozen=True, slots=True)
class Proof:
    """A one-time code that was sent (NIST SP 800-63B: out-of-band secret), or that was entered correctly."""

    digest: bytes
    salt: bytes
    expires_at: datetime
    #: The register's key of the person the code went to; None if there is no such person: then no code is right.
    customer: str | None
    tries_left: int
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The right to one certificate: 참조번호 and 인가코드, and the expiry that the new one takes over."""

    reference: str
    authorization: str
    expires_at: datetime
    old_expiry: date


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the customer may see of the new certificate."""

    serial: str
    not_after: datetime
    files_until: datetime
    #: The request that it was issued for; its files are stored under it.
    request_id: str


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    chat_id: int
    #: Grows with every change and never restarts in a chat, so that buttons of an earlier case are outdated, too.
    revision: int = 0
    phase: Phase = Phase.IDLE
    flow: str = FLOW
    answers: Mapping[str, str] = field(default_factory=dict)
    #: The step that the customer chose to correct; it is asked although it is answered.
    editing: str | None = None
    #: A confirmation that is open: "cancel" or "restart".
    confirming: str | None = None
    proof: Proof | None = None
    receipt: str | None = None
    #: How often it was submitted; part of the request's id, so that a corrected application is a new request.
    submissions: int = 0
    refusal: str | None = None
    retry_at: datetime | None = None
    enrolment: Enrolment | None = None
    certificate: Certificate | None = None
    #: The customer whose identity was proven, once a certificate was issued in this chat.
    customer: str | None = None

    @property
    def proven(self) -> bool:
        return self.proof is not None and self.proof.proven

    @property
    def request_id(self) -> str:
        return f"{self.id}-{self.submissions}"
