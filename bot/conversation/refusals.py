"""Refusal codes R01–R15, as data: can the customer correct it, by which button, and which article explains it."""

from dataclasses import dataclass

#: The customer chooses what to correct.
EVERY_FIELD = "*"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal leads to; its texts are `refusal.<code>` in the catalogs."""

    code: str
    #: The answer to correct; None if no answer of the customer's is wrong.
    field: str | None
    #: Whether the same application may be sent once more.
    again: bool
    #: The topic of the knowledge base that explains it.
    topic: str
    #: Staff are informed, because the customer cannot correct it alone.
    staff: bool


REFUSALS = {
    each.code: each
    for each in (
        Refusal("R01", "name", again=False, topic="refusal-reasons", staff=False),
        Refusal("R02", "birth", again=False, topic="refusal-reasons", staff=False),
        Refusal("R03", "account", again=False, topic="refusal-reasons", staff=False),
        Refusal("R04", "phone", again=False, topic="refusal-reasons", staff=False),
        Refusal("R05", None, again=False, topic="expired", staff=False),
        Refusal("R06", None, again=False, topic="old-cert-status", staff=False),
        Refusal("R07", None, again=False, topic="old-cert-status", staff=True),
        Refusal("R08", None, again=False, topic="other-bank-registration", staff=False),
        Refusal("R09", None, again=False, topic="first-issue", staff=False),
        Refusal("R10", None, again=True, topic="reissue-procedure", staff=False),
        Refusal("R11", EVERY_FIELD, again=False, topic="identity-verification", staff=True),
        Refusal("R12", None, again=False, topic="delegation", staff=True),
        Refusal("R13", None, again=False, topic="customer-centre", staff=True),
        Refusal("R14", None, again=True, topic="processing-time", staff=False),
        Refusal("R15", None, again=True, topic="reissue-procedure", staff=True),
    )
}
