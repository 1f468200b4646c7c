"""The reissue flow, on one page: what is asked, where it ends instead, and how a case moves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast

from bot.conversation.case import Phase
from bot.conversation.flow import Answers, Check, Choice, Step, Text
from bot.conversation.input import parse
from bot.conversation.procedure import Reason, Rules, State, procedure
from bot.messages import masking

REASONS = ("lost", "password", "device", "damaged", "stolen", "expired", "expiring", "unsure")
STATES = ("valid", "expired", "suspended", "revoked", "other_bank", "none", "unknown")
ID_TYPES = ("resident_card", "driver_licence", "passport", "foreigner_card")
UNKNOWN = "unknown"


def _of(step: str, *values: str) -> Callable[[Answers], bool]:
    return lambda answers: answers.get(step) in values


def _knows_expiry(answers: Answers) -> bool:
    return answers.get("state") == "valid" or answers.get("reason") == "expired"


STEPS: tuple[Step, ...] = (
    # Triage: reissue, renewal and new issue are three different things.
    Choice(id="reason", options=REASONS),
    Choice(id="reported", options=("done", "later"), when=_of("reason", "stolen")),
    Choice(id="state", options=STATES, when=lambda answers: answers.get("reason") != "expired"),
    Text(id="expiry", parse=parse.expiry_date, options=(UNKNOWN,), when=_knows_expiry),
    # Before any data is taken.
    Choice(id="who", options=("self", "agent")),
    Check(id="ready", items=("document", "contact", "account")),
    Choice(id="consent", options=("agree", "decline")),
    # The application.
    Text(id="name", parse=parse.name, mask=masking.name, counted=True),
    Text(id="birth", parse=parse.birth_date, mask=masking.birth, counted=True),
    Text(id="phone", parse=parse.mobile, mask=masking.mobile, contact=True, counted=True),
    Text(id="account", parse=parse.account, mask=masking.account, counted=True),
    Choice(id="id_type", options=ID_TYPES, counted=True),
    Text(id="id_issued_on", parse=parse.past_date, mask=masking.birth, counted=True),
    Choice(id="via", options=("sms", "mail"), counted=True),
)

#: The fields of the application, as the review shows them and a correction reaches them.
FIELDS = ("name", "birth", "phone", "account", "id_type", "id_issued_on")


@dataclass(frozen=True, slots=True)
class Ending:
    """An end of the form that is not an application: the screen says where to go instead, and back is always open."""

    id: str
    applies: Callable[[Answers, date, Rules], bool]


def _procedure_is(name: str) -> Callable[[Answers, date, Rules], bool]:
    return lambda answers, today, rules: asked_procedure(answers, today, rules) == name


ENDINGS: tuple[Ending, ...] = (
    Ending("other_bank", _procedure_is("other_bank")),
    Ending("restore", _procedure_is("restore")),
    Ending("renew", _procedure_is("renew")),
    Ending("new", _procedure_is("new")),
    Ending("agent", lambda answers, _today, _rules: answers.get("who") == "agent"),
    Ending("decline", lambda answers, _today, _rules: answers.get("consent") == "decline"),
)


def asked_procedure(answers: Answers, today: date, rules: Rules) -> str | None:
    """Return which procedure the triage found, or None while it is still asking."""
    state = answers.get("state", "valid" if answers.get("reason") == "expired" else None)
    if state is None or (_knows_expiry(answers) and "expiry" not in answers):
        return None
    written = answers.get("expiry", UNKNOWN)
    expiry = None if written == UNKNOWN else date.fromisoformat(written)
    if answers["reason"] == "expired" and expiry is None:
        state = "expired"
    return procedure(cast("Reason", answers["reason"]), cast("State", state), expiry, today, rules)


def ending(answers: Answers, today: date, rules: Rules) -> Ending | None:
    return next((each for each in ENDINGS if each.applies(answers, today, rules)), None)


#: (phase, what happened) → (next phase, job that follows).
ARROWS: dict[tuple[Phase, str], tuple[Phase, str | None]] = {
    (Phase.IDLE, "start"): (Phase.ASKING, None),
    (Phase.ASKING, "complete"): (Phase.SENDING, "send_code"),
    (Phase.SENDING, "code_sent"): (Phase.PROVING, "lapse_code"),
    (Phase.SENDING, "paused"): (Phase.PROVING, None),
    (Phase.PROVING, "again"): (Phase.SENDING, "send_code"),
    (Phase.PROVING, "wrong"): (Phase.PROVING, None),
    (Phase.PROVING, "lapsed"): (Phase.PROVING, None),
    (Phase.PROVING, "right"): (Phase.ASKING, None),
    (Phase.PROVING, "back"): (Phase.ASKING, None),
    (Phase.ASKING, "submit"): (Phase.DECIDING, "assess"),
    (Phase.DECIDING, "delayed"): (Phase.DECIDING, None),
    (Phase.DECIDING, "approved"): (Phase.ENROLLED, None),
    (Phase.DECIDING, "refused"): (Phase.REFUSED, None),
    (Phase.REFUSED, "mend"): (Phase.ASKING, None),
    (Phase.ENROLLED, "password"): (Phase.ISSUING, "issue"),
    (Phase.ISSUING, "delayed"): (Phase.ISSUING, None),
    (Phase.ISSUING, "refused"): (Phase.REFUSED, None),
    (Phase.ISSUING, "issued"): (Phase.ISSUED, "lapse_files"),
    (Phase.ISSUED, "received"): (Phase.CLOSED, None),
    (Phase.ASKING, "cancel"): (Phase.CANCELLED, None),
    (Phase.PROVING, "cancel"): (Phase.CANCELLED, None),
    (Phase.ENROLLED, "cancel"): (Phase.CANCELLED, None),
    (Phase.REFUSED, "cancel"): (Phase.CANCELLED, None),
}
