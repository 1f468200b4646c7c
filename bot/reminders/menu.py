"""The screens on which a customer chooses how to be reminded, and what their buttons mean. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import get_args

from bot.core.clock import KST
from bot.messages.screen import Button, Day, Hour, Line, Moment, Screen, Word, button
from bot.notices.preferences import Channel, Choice, NoticePreferences, Results
from bot.reminders.schedule import HOURS

CHANNELS: tuple[Channel, ...] = get_args(Channel)
RESULTS: tuple[Results, ...] = get_args(Results)


def menu(kept: NoticePreferences, days: Sequence[int], at: datetime | None) -> Screen:
    """`days` are those on which reminders are sent at all; `at` is the moment of the next one, if there is one."""
    choice, watched = kept.choice, kept.watched
    lines = [Line("remind.menu.on" if choice.active else "remind.menu.off")]
    known = Line("remind.menu.until", {"until": Day(watched.expires_on)}) if watched else Line("remind.menu.none")
    lines.append(known)
    results = Line("remind.results.row", {"where": Word(f"remind.results.{choice.results}")})
    change_results = (button("remind.change.results", "remind:results"),)
    if not choice.active:
        return Screen((*lines, results), ((button("remind.turn.on", "remind:on"),), change_results))
    lines += [
        _lead(first(choice, days)),
        _hour(choice.hour),
        Line("remind.where.row", {"channel": Word(f"remind.channel.{choice.channel}")}),
    ]
    if at is not None:
        lines.append(Line("remind.menu.next", {"at": Moment(at)}))
    lines.append(results)
    rows: list[tuple[Button, ...]] = [
        (button("remind.change.lead", "remind:lead"), button("remind.change.hour", "remind:hour")),
        (button("remind.change.channel", "remind:channel"), button("remind.turn.off", "remind:off")),
        change_results,
    ]
    if watched is not None:
        rows.insert(0, (button("remind.file", "remind:file"),))
    return Screen(tuple(lines), tuple(rows))


def first(choice: Choice, days: Sequence[int]) -> int:
    """Return how many days before the expiry the first reminder comes; the expiry day itself if no other is left."""
    return max((each for each in days if each <= choice.lead), default=0)


def asked(what: str, days: Sequence[int]) -> Screen | None:
    """Return the screen that asks for this part of the choice; None for an unknown part."""
    options: dict[str, Callable[[], list[Button]]] = {
        "lead": lambda: [Button(_lead(each), f"remind:lead-{each}") for each in sorted(days, reverse=True)],
        "hour": lambda: [Button(_hour(each), f"remind:hour-{each}") for each in HOURS],
        "channel": lambda: [button(f"remind.channel.{each}", f"remind:channel-{each}") for each in CHANNELS],
        "results": lambda: [button(f"remind.results.{each}", f"remind:results-{each}") for each in RESULTS],
    }
    if what not in options:
        return None
    return Screen((Line(f"remind.ask.{what}"),), tuple((each,) for each in options[what]()))


def chosen(choice: Choice, what: str, days: Sequence[int]) -> Choice | None:
    """Return the choice after this button; None for an unknown button."""
    part, _, value = what.partition("-")
    if what in {"on", "off"}:
        return replace(choice, active=what == "on")
    if part == "lead" and value in map(str, days):
        return replace(choice, lead=int(value), active=True)
    if part == "hour" and value in map(str, HOURS):
        return replace(choice, hour=int(value), active=True)
    results = next((each for each in RESULTS if each == value), None)
    if part == "results" and results is not None:
        return replace(choice, results=results)
    channel = next((each for each in CHANNELS if each == value), None)
    if part == "channel" and channel is not None:
        return replace(choice, channel=channel, active=True)
    return None


def _lead(days: int) -> Line:
    return Line("remind.lead.row", {"days": days}) if days else Line("remind.lead.last.row")


def _hour(hour: int) -> Line:
    return Line("remind.hour.row", {"hour": Hour(datetime.combine(date(2026, 1, 1), time(hour), KST))})
