"""The current screen of a case, computed from it: every state has one. It holds keys, never text."""

from collections.abc import Iterable
from datetime import date, datetime

from bot.conversation import reissue
from bot.conversation.case import Case, Phase
from bot.conversation.flow import Check, Choice, Step, Text, gap, progress, ticked
from bot.conversation.procedure import Rules, renewal_window
from bot.conversation.refusals import REFUSALS
from bot.conversation.reissue import Ending
from bot.core.clock import kst_day
from bot.messages.screen import Button, Day, Hour, Line, Moment, Param, Rows, Screen, Word, button

#: `Case.editing` while the customer chooses which answer to correct.
EDIT_MENU = "*"

BACK = button("button.back", "back")
HELP = button("button.help", "help")
CANCEL = button("button.cancel", "cancel")
HUMAN = button("button.human", "human")
HOME: Rows = (
    (button("button.start", "start"),),
    (button("button.faq", "faq"), button("button.status", "status")),
    (button("button.mycert", "mycert"), HUMAN),
    (button("button.language", "language"),),
)


def position(case: Case, today: date, rules: Rules) -> Step | Ending | None:
    """Return the step that is asked, the ending that was reached, or None for the review. Computed, never stored."""
    step = next((each for each in reissue.STEPS if each.id == case.editing), None)
    return step or reissue.ending(case.answers, today, rules) or gap(reissue.STEPS, case.answers)


def card(case: Case, now: datetime, rules: Rules, notes: tuple[Line, ...] = ()) -> Screen:
    """Return the screen of this case, with lines about the last event above it."""
    lines, rows, contact = _body(case, now, rules)
    return Screen((*notes, *lines), rows, case.revision, "contact" if contact else None)


_Body = tuple[tuple[Line, ...], Rows, bool]


def _body(case: Case, now: datetime, rules: Rules) -> _Body:
    if case.confirming:
        yes, no = (
            button(f"confirm.{case.confirming}.yes", "yes"),
            button(f"confirm.{case.confirming}.no", "no"),
        )
        return (Line(f"confirm.{case.confirming}"),), ((yes,), (no,)), False
    if case.phase is Phase.ASKING:
        return _asking(case, kst_day(now), rules)
    return (*_standing(case, now), False)


def _asking(case: Case, today: date, rules: Rules) -> _Body:
    if case.editing == EDIT_MENU:
        fields = _pairs(button(f"reissue.field.{field}", f"edit:{field}") for field in reissue.FIELDS)
        return (Line("reissue.edit"),), (*fields, (BACK,)), False
    match position(case, today, rules):
        case Ending(id=name):
            return (*_ending(name, case, rules), False)
        case Step() as step:
            contact = isinstance(step, Text) and step.contact
            return _question(step, case), _buttons(step, case), contact
        case _:
            return (*_review(case), False)


def _ending(name: str, case: Case, rules: Rules) -> tuple[tuple[Line, ...], Rows]:
    expiry = case.answers.get("expiry", reissue.UNKNOWN)
    lines = [Line(f"reissue.ending.{name}")]
    if name in {"renew", "new"} and expiry != reissue.UNKNOWN:
        opens, last = renewal_window(date.fromisoformat(expiry), rules)
        dates: dict[str, Param] = {"expiry": Day(last), "opens": Day(opens)}
        lines.insert(0, Line(f"reissue.ending.{name}.date", dates))
    topic = button("button.more", f"topic:{_ENDING_TOPICS[name]}")
    return tuple(lines), ((topic, HUMAN), (BACK, button("button.home", "home")))


_ENDING_TOPICS = {
    "other_bank": "other-bank-registration",
    "restore": "old-cert-status",
    "renew": "renewal-vs-reissue",
    "new": "first-issue",
    "agent": "delegation",
    "decline": "menu-path",
}


def _question(step: Step, case: Case) -> tuple[Line, ...]:
    ask = Line(f"reissue.ask.{step.id}")
    counted = progress(reissue.STEPS, case.answers, step)  # The code comes last, and is not a step of the form.
    if counted is None:
        return (ask,)
    return (Line("reissue.progress", {"step": counted[0], "of": counted[1] + 1}), ask)


def _buttons(step: Step, case: Case) -> Rows:
    choices: Rows = ()
    if isinstance(step, Choice | Text):
        choices = _pairs(button(f"reissue.{step.id}.{each}", f"pick:{each}") for each in step.options)
    elif isinstance(step, Check):
        choices = _checklist(step, case)
    return (*choices, (BACK, HELP, CANCEL))


def _checklist(step: Check, case: Case) -> Rows:
    done = ticked(case.answers, step)
    rows = [
        (
            button(f"reissue.{step.id}.{item}.{'ticked' if item in done else 'open'}", f"tick:{item}"),
            button("button.what", f"what:{item}"),
        )
        for item in step.items
    ]
    return (*rows, (button("reissue.ready.all", "tick:all"),))


def _review(case: Case) -> tuple[tuple[Line, ...], Rows]:
    lines = (Line("reissue.review"), *_rows(case), Line("reissue.review.warning"))
    rows = ((button("button.submit", "submit"),), (button("button.edit", "edit"),), (BACK_OUT, HELP))
    return lines, rows


BACK_OUT = button("button.cancel", "cancel")


def _rows(case: Case) -> Iterable[Line]:
    steps = {step.id: step for step in reissue.STEPS}
    for field in reissue.FIELDS:
        params: dict[str, Param] = {
            "field": Word(f"reissue.field.{field}"),
            "value": shown(steps[field], case.answers[field]),
        }
        yield Line("reissue.review.row", params)


def shown(step: Step, value: str) -> str | Word | Day:
    """Return an answer as the customer may see it on the screen: masked where it is personal."""
    if isinstance(step, Choice) or (isinstance(step, Text) and value in step.options):
        return Word(f"reissue.{step.id}.{value}")
    if isinstance(step, Text) and step.mask is None:
        return Day(date.fromisoformat(value))
    return step.mask(value) if isinstance(step, Text) and step.mask else value


def _standing(case: Case, now: datetime) -> tuple[tuple[Line, ...], Rows]:
    match case.phase:
        case Phase.PROVING:
            return _proving(case, now)
        case Phase.REFUSED:
            return _refused(case)
        case Phase.ISSUED | Phase.CLOSED:
            return _issued(case)
        case Phase.ENROLLED:
            return (Line("enrolled.password"), Line("enrolled.notice")), ((HELP, CANCEL),)
        case Phase.IDLE | Phase.CANCELLED:
            return (Line(f"card.{case.phase}"),), HOME
        case _:
            return _waiting(case)


def _waiting(case: Case) -> tuple[tuple[Line, ...], Rows]:
    lines = [Line(f"card.{case.phase}")]
    if case.receipt and case.phase is not Phase.SENDING:
        lines.append(Line("status.receipt", {"receipt": case.receipt}))
    if case.retry_at:
        lines.append(Line("card.delayed", {"until": Moment(case.retry_at)}))
    return tuple(lines), ((button("button.status", "status"), HUMAN),)


def _proving(case: Case, now: datetime) -> tuple[tuple[Line, ...], Rows]:
    again = button("button.again", "again")
    if case.proof is None:
        wait = case.retry_at is not None and now < case.retry_at
        return (Line("proof.wait" if wait else "proof.none"),), ((again,), (BACK, HUMAN, CANCEL))
    params: dict[str, Param] = {"until": Hour(case.proof.expires_at)}
    lines = (
        Line("reissue.progress", {"step": 8, "of": 8}),
        Line(f"proof.sent.{case.answers['via']}", params),
    )
    return lines, ((again,), (BACK, HELP, CANCEL))


def _refused(case: Case) -> tuple[tuple[Line, ...], Rows]:
    code = case.refusal or "R14"
    refusal = REFUSALS[code]
    lines = [Line("refusal.title", {"code": code}), Line(f"refusal.{code}")]
    if case.retry_at:
        lines.append(Line("refusal.retry_at", {"until": Moment(case.retry_at)}))
    if case.receipt:
        lines.append(Line("status.receipt", {"receipt": case.receipt}))
    mend = (button("button.mend" if refusal.field else "button.retry", "mend"),)
    topic = button("button.more", f"topic:{refusal.topic}")
    first: Rows = (mend,) if refusal.field or refusal.again else ()
    return tuple(lines), (*first, (topic, HUMAN), (CANCEL,))


def _issued(case: Case) -> tuple[tuple[Line, ...], Rows]:
    certificate = case.certificate
    lines = [Line(f"card.{case.phase}")]
    if certificate is not None:
        until = Day(kst_day(certificate.not_after))
        lines.append(Line("issued.row", {"serial": certificate.serial, "until": until}))
        lines.append(Line("issued.files", {"until": Moment(certificate.files_until)}))
    files = button("button.files", "files")
    guide: tuple[Button, ...] = (button("button.install", "install"), button("button.advice", "advice"))
    if case.phase is Phase.CLOSED:
        return tuple(lines), (guide, (files, button("button.mycert", "mycert")), *HOME[:2])
    return tuple(lines), ((button("button.received", "received"),), guide, (files, HUMAN))


def _pairs(buttons: Iterable[Button]) -> Rows:
    every = tuple(buttons)
    return tuple(every[start : start + 2] for start in range(0, len(every), 2))
