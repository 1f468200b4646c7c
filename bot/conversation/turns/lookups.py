"""Taps and commands that change nothing: status, my certificate, files, installing, advice."""

from collections.abc import Callable
from dataclasses import replace

from bot.conversation.case import ENDED, Case, Phase
from bot.conversation.transition import JobOrder, SideRequest, Transition, Turn, can, note
from bot.messages.screen import Day, Line, Param, Screen, Word, button

DEVICES = ("windows", "mac", "android", "iphone", "usb")


def ask_cancel(turn: Turn) -> Transition:
    if turn.case.phase in ENDED:
        return note(turn.case, "cancel.nothing")
    if not can(turn.case, "cancel"):
        return note(turn.case, "cancel.too_late")
    return Transition(replace(turn.case, confirming="cancel"))


def _status(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, asides=(SideRequest("status"),))


def status_lines(case: Case) -> tuple[Line, ...]:
    params: dict[str, Param] = {"phase": Word(f"phase.{case.phase}")}
    lines = [Line("status.phase", params)]
    if case.receipt:
        lines.append(Line("status.receipt", {"receipt": case.receipt}))
    if case.phase is Phase.DECIDING or case.phase is Phase.ISSUING:
        lines.append(Line("status.wait"))
    return tuple(lines)


def _files(turn: Turn, _value: str) -> Transition:
    certificate = turn.case.certificate
    if certificate is None:
        return note(turn.case, "files.none")
    if turn.now >= certificate.files_until:
        return note(turn.case, "files.lapsed")
    return Transition(turn.case, jobs=(JobOrder("hand_files"),))


def _install(turn: Turn, device: str) -> Transition:
    if device in DEVICES:
        return Transition(turn.case, tells=(Screen((Line(f"install.{device}"),)),))
    rows = tuple((button(f"install.device.{each}", f"install:{each}"),) for each in DEVICES)
    return Transition(turn.case, tells=(Screen((Line("install.which"),), rows),))


def _advice(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, tells=(Screen((Line("advice.title"), Line("advice.text"))),))


def _what(turn: Turn, item: str) -> Transition:
    known = item in {"document", "contact", "account"}
    return Transition(turn.case, tells=(Screen((Line(f"reissue.what.{item}"),)),) if known else ())


def _mycert(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, jobs=(JobOrder("look_up"),), show="leave")


def _check(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, tells=(Screen((Line("check.how"),)),))


def _faq(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, asides=(SideRequest("topics"),))


def _human(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, asides=(SideRequest("human"),))


def _language(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, asides=(SideRequest("language"),))


def _reminders(turn: Turn, _value: str) -> Transition:
    return Transition(turn.case, asides=(SideRequest("remind"),))


def certificate_lines(serial: str, status: str, not_after: Day) -> tuple[Line, ...]:
    return (
        Line("mycert.title"),
        Line("mycert.row", {"serial": serial, "status": Word(f"mycert.status.{status}"), "until": not_after}),
    )


BESIDE: dict[str, Callable[[Turn, str], Transition]] = {
    "status": _status,
    "files": _files,
    "install": _install,
    "advice": _advice,
    "what": _what,
    "check": _check,
    "mycert": _mycert,
    "faq": _faq,
    "reminders": _reminders,
    "human": _human,
    "language": _language,
}
