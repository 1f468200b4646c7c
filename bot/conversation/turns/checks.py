"""A customer sends a certificate file: it is fetched and explained, whatever phase the case is in."""

from collections.abc import Iterator
from dataclasses import replace

from bot.conversation.case import ENDED
from bot.conversation.events import Attached, CertificateChecked, FileUnread
from bot.conversation.input import private_keys
from bot.conversation.procedure import Procedure, State, days_left, procedure, renewal_window
from bot.conversation.transition import JobOrder, Transition, Turn, note
from bot.conversation.turns.texts import forbidden_sent
from bot.core.clock import kst_day
from bot.issuing.certificate_reader import MOST_BYTES, last_day
from bot.issuing.port import Status
from bot.messages.screen import Day, Line, Moment, Param, Rows, Screen, Word, button

HUMAN = button("button.human", "human")
#: The article about each procedure.
TOPICS: dict[Procedure, str] = {
    "reissue": "renewal-vs-reissue",
    "renew": "renewal-vs-reissue",
    "new": "first-issue",
    "restore": "old-cert-status",
}
STATES: dict[str, State] = {"hold": "suspended", "revoked": "revoked", "expired": "expired"}
STATUSES: dict[State, Status] = {"suspended": "hold", "revoked": "revoked", "expired": "expired"}
#: Without knowing whether it is ours and valid, nobody can say what it needs.
OPEN = frozenset({"unknown", "away"})
ERRORS = {"broken": "error.file_no_certificate", "big": "error.file_too_big", "gone": "error.file_gone"}


def may_be_certificate(attached: Attached) -> bool:
    return private_keys.named_like_certificate(attached.name, attached.mime)


def shown(turn: Turn, attached: Attached) -> Transition:
    """Order the check, unless the file is larger than any certificate; the message stays until then."""
    if attached.size is not None and attached.size > MOST_BYTES:
        return replace(note(turn.case, ERRORS["big"]), erase=True)
    return Transition(turn.case, jobs=(JobOrder("check_certificate", secret=attached.file_id),), show="leave")


def unread(turn: Turn, event: FileUnread) -> Transition:
    if event.until is not None:
        return Transition(turn.case, notes=(Line("error.file_often", {"until": Moment(event.until)}),))
    error = ERRORS.get(event.why)
    return note(turn.case, error) if error else replace(forbidden_sent(turn, event.why), erase=False)


def checked(turn: Turn, event: CertificateChecked) -> Transition:
    """Show what the file says, its status, and which procedure it needs; the holder is not named."""
    state = _state(turn, event)
    lines = (Line("check.title"), *_facts(turn, event, state))
    if event.status in OPEN:
        screen = Screen((*lines, Line(f"check.{event.status}")), ((HUMAN,),))
        return Transition(turn.case, tells=(screen,))
    wanted = procedure("unsure", state, last_day(event.not_after), kst_day(turn.now), turn.rules)
    lines = (*lines, *_steps(event, state, wanted), *_window(turn, event, wanted))
    return Transition(turn.case, tells=(Screen(lines, _buttons(turn, event, wanted)),))


def _state(turn: Turn, event: CertificateChecked) -> State:
    """Revoked stays revoked; otherwise the last second still counts (RFC 5280 section 4.1.2.5)."""
    if event.status != "revoked" and turn.now > event.not_after:
        return "expired"
    return STATES.get(event.status, "valid")


def _facts(turn: Turn, event: CertificateChecked, state: State) -> Iterator[Line]:
    """Yield the rows of the answer. The status of another authority's certificate is unknown unless it has expired."""
    until, today = last_day(event.not_after), kst_day(turn.now)
    known = event.status not in {*OPEN, "foreign"}
    if event.status not in OPEN:
        issuer = event.authority or ("ours" if known else "other")
        yield Line("check.issuer.row", {"issuer": Word(f"check.issuer.{issuer}")})
        yield _purpose(event)
    if turn.now < event.not_before:
        yield Line("check.begins.row", {"begins": Day(last_day(event.not_before))})
    yield Line("check.until.row", {"until": Day(until)})
    if state in {"valid", "suspended"}:
        left = days_left(until, today)
        yield Line("check.left.row", {"days": left}) if left else Line("check.today.row")
    if known or state == "expired":
        yield Line("check.status.row", {"status": Word(f"mycert.status.{STATUSES.get(state, 'good')}")})


def _purpose(event: CertificateChecked) -> Line:
    if event.purpose is None:
        return Line("check.purpose.none.row")
    scope, holder = event.purpose.scope, event.purpose.holder
    words: dict[str, Param] = {
        "scope": Word(f"check.scope.{scope}"),
        "holder": Word(f"check.holder.{holder}"),
    }
    return Line("check.purpose.row", words)


def _steps(event: CertificateChecked, state: State, wanted: Procedure) -> tuple[Line, ...]:
    """Say what to do, and where; for a certificate of ours, in the words of the form."""
    if event.status == "foreign":
        return Line("check.foreign"), Line(f"check.elsewhere.{wanted}")
    if wanted == "reissue":
        return (Line("check.reissue"),)
    ending = Line(f"reissue.ending.{wanted}")
    return (Line("check.replaced"), ending) if state == "revoked" else (ending,)


def _window(turn: Turn, event: CertificateChecked, wanted: Procedure) -> tuple[Line, ...]:
    """Say when a renewal is possible, as long as that is in the future."""
    opens, last = renewal_window(last_day(event.not_after), turn.rules)
    if wanted not in {"reissue", "renew"} or kst_day(turn.now) > last:
        return ()
    return (Line("check.window", {"opens": Day(opens), "last": Day(last)}),)


def _buttons(turn: Turn, event: CertificateChecked, wanted: Procedure) -> Rows:
    """A reissue that is under way needs no second start."""
    if event.status == "foreign":
        return ((button("button.more", "topic:other-bank-registration"), HUMAN),)
    begins = wanted == "reissue" and turn.case.phase in ENDED
    more: Rows = ((button("button.more", f"topic:{TOPICS[wanted]}"), HUMAN),)
    return ((button("button.start", "begin"),), *more) if begins else more
