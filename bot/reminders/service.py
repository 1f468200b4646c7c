"""Reminders of a certificate: one row per chat, and one job for the next reminder. Sent once, and never at night."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.conversation.chats import Chat
from bot.conversation.procedure import Rules, days_left, renewal_window
from bot.core.clock import kst_day
from bot.identity.register import CustomerRegister
from bot.issuing.kept_files import KeptFiles
from bot.issuing.port import HeldCertificate
from bot.messages.catalog import Catalogs
from bot.messages.outgoing import Fallback, Mail, Message, SendFile, SendScreen, Sms, chat_lane
from bot.messages.screen import Button, Day, Line, Param, Screen, button
from bot.notices import preferences as rows
from bot.notices.addresses import Addresses
from bot.notices.preferences import Channel, Choice, WatchedCertificate
from bot.notices.quiet_hours import by_day
from bot.queues.jobs import Jobs, Task
from bot.queues.outbox import Outbox
from bot.reminders.calendar_file import calendar
from bot.reminders.menu import CHANNELS, asked, chosen, menu
from bot.reminders.schedule import ReminderTime, day_after, due, following, occasions
from bot.storage.database import Transaction

#: How long the sender can fetch a calendar file; it is small, and made again at every request.
CALENDAR_LIFETIME = timedelta(days=2)
CALENDAR = "reminders.ics"


@dataclass(frozen=True, slots=True)
class ReminderStores:
    jobs: Jobs
    outbox: Outbox
    kept_files: KeptFiles
    register: CustomerRegister
    addresses: Addresses


@dataclass(frozen=True, slots=True)
class ReminderSubject:
    """One reminder, for each channel that it may take."""

    line: Line
    screen: Screen
    calendar: bytes


class Reminders:
    def __init__(self, stores: ReminderStores, catalogs: Catalogs, rules: Rules, days: Sequence[int]) -> None:
        self._stores = stores
        self._catalogs = catalogs
        self._rules = rules
        self._days = days

    def tapped(self, tx: Transaction, chat: Chat, what: str, now: datetime) -> tuple[Screen | None, Message | None]:
        """Return the screen that a button of the menu leads to, or the file that it asks for."""
        question = asked(what, self._days)
        if question is not None:
            return question, None
        if what == "again":
            noted = self.again(tx, chat.chat_id, now)
            return Screen((Line("remind.again.noted" if noted else "remind.menu.none"),)), None
        if what == "file" and (file := self._file(tx, chat, now)) is not None:
            return None, file
        choice = chosen(rows.load(tx, chat.chat_id).choice, what, self._days)
        if choice is not None:
            self.choose(tx, chat.chat_id, choice, now)
        return self.menu(tx, chat.chat_id), None

    def menu(self, tx: Transaction, chat_id: int) -> Screen:
        kept = rows.load(tx, chat_id)
        return menu(kept, self._days, self._next(kept))

    def _next(self, kept: rows.NoticePreferences) -> datetime | None:
        watched = kept.watched
        if watched is None:
            return None
        return following(self._occasions(watched, kept.choice), kept.choice, watched.told_until)

    def watch(self, tx: Transaction, chat_id: int, serial: str, days: tuple[date, date], now: datetime) -> None:
        """Remind of this certificate instead of any other; `days` are those of its issue and of its expiry in Korea."""
        kept = rows.load(tx, chat_id)
        if kept.watched is not None and kept.watched.serial == serial:
            return
        self._plan(tx, chat_id, replace(kept, watched=WatchedCertificate(serial, *days, told_until=now)), now)

    def choose(self, tx: Transaction, chat_id: int, choice: Choice, now: datetime) -> None:
        """Store the customer's choice; what was due before it is not sent."""
        kept = rows.load(tx, chat_id)
        watched = kept.watched
        watched = replace(watched, told_until=max(watched.told_until, now)) if watched else None
        self._plan(tx, chat_id, replace(kept, choice=choice, watched=watched), now)

    def again(self, tx: Transaction, chat_id: int, now: datetime) -> bool:
        """Remind once more tomorrow; return whether there is a certificate to remind of."""
        kept = rows.load(tx, chat_id)
        if kept.watched is None:
            return False
        watched = replace(kept.watched, again_on=kst_day(now) + timedelta(days=1))
        self._plan(tx, chat_id, replace(kept, watched=watched), now)
        return True

    def calendar_of(self, tx: Transaction, chat: Chat, now: datetime) -> bytes | None:
        """Return the calendar file of the certificate: it reminds even if this messenger is gone."""
        kept = rows.load(tx, chat.chat_id)
        if kept.watched is None:
            return None
        return calendar(kept.watched, kept.choice, self._days, self._catalogs, chat.language, now)

    def _file(self, tx: Transaction, chat: Chat, now: datetime) -> Message | None:
        content = self.calendar_of(tx, chat, now)
        if content is None:
            return None
        name = f"calendar-{chat.chat_id}-{rows.load(tx, chat.chat_id).turn}"
        self._stores.kept_files.put(tx, name, CALENDAR, chat.chat_id, content, now + CALENDAR_LIFETIME)
        return SendFile(name, CALENDAR)

    def come(self, tx: Transaction, chat: Chat, turn: int, held: Sequence[HeldCertificate], now: datetime) -> None:
        """A job says that a reminder is due: send it, unless things have changed since it was ordered."""
        kept = rows.load(tx, chat.chat_id)
        if kept.turn != turn or kept.watched is None or not kept.choice.active:
            return
        if by_day(now) != now:
            self._wake(tx, chat.chat_id, kept, by_day(now), now)
            return
        if not any(each.serial == kept.watched.serial and each.status in {"good", "expired"} for each in held):
            rows.save(tx, chat.chat_id, replace(kept, watched=None))  # Revoked, or replaced elsewhere.
            return
        occasion = due(self._occasions(kept.watched, kept.choice), kept.choice, kept.watched, now)
        if occasion is not None:
            self._tell(tx, chat, kept, occasion, now)
        until = day_after(now) if occasion else now  # One a day: a late one this morning counts for this evening.
        self._plan(tx, chat.chat_id, replace(kept, watched=replace(kept.watched, told_until=until)), now)

    def _plan(self, tx: Transaction, chat_id: int, kept: rows.NoticePreferences, now: datetime) -> None:
        """Store this, and order a job for the next reminder."""
        at = self._next(kept)
        self._wake(tx, chat_id, kept, max(at, now) if at else None, now)

    def _wake(
        self, tx: Transaction, chat_id: int, kept: rows.NoticePreferences, at: datetime | None, now: datetime
    ) -> None:
        turn = kept.turn + 1
        rows.save(tx, chat_id, replace(kept, turn=turn))
        if at is not None:
            task = Task("", about=str(turn).encode())
            self._stores.jobs.add(tx, f"remind:{chat_id}:{turn}", "remind", chat_id, task, at, now)

    def _occasions(self, watched: WatchedCertificate, choice: Choice) -> tuple[ReminderTime, ...]:
        return occasions(watched, choice, self._rules, self._days)

    def _tell(
        self, tx: Transaction, chat: Chat, kept: rows.NoticePreferences, occasion: ReminderTime, now: datetime
    ) -> None:
        """Send it on the wanted channel; if that is not possible, on the next one, and say so."""
        watched = kept.watched
        if watched is None:
            return
        key = f"remind:{chat.chat_id}:{watched.serial}:{occasion.kind}:{occasion.on.isoformat()}"
        line = self._line(watched, occasion, now)
        calendar_ = calendar(watched, kept.choice, self._days, self._catalogs, chat.language, now)
        about = ReminderSubject(line, self._screen(watched, occasion, line, now), calendar_)
        first = self._first_way(tx, chat, kept.choice, about)
        if first is not None:
            self._stores.outbox.add(tx, key, first.lane, first.message, now)

    def _first_way(self, tx: Transaction, chat: Chat, choice: Choice, about: ReminderSubject) -> Fallback | None:
        """Return the message on the wanted channel, with its fallback; None if no channel is open."""
        record = self._stores.register.record(tx, chat.case.customer) if chat.case.customer else None
        open_: dict[Channel, str] = dict(self._stores.addresses.of(tx, record).items())
        if not chat.blocked:
            open_["chat"] = ""
        order = [each for each in dict.fromkeys((choice.channel, *CHANNELS)) if each in open_]
        way: Fallback | None = None
        for each in reversed(order):
            way = _way(each, open_[each], chat, about, way, late=each != choice.channel)
        return way

    def _line(self, watched: WatchedCertificate, occasion: ReminderTime, now: datetime) -> Line:
        left = days_left(watched.expires_on, kst_day(now))
        params: dict[str, Param] = {"until": Day(watched.expires_on), "days": abs(left)}
        if occasion.kind in {"backup", "password"}:
            return Line(f"remind.{occasion.kind}")
        return Line(f"remind.{_near(left)}", params)

    def _screen(self, watched: WatchedCertificate, occasion: ReminderTime, line: Line, now: datetime) -> Screen:
        if occasion.kind in {"backup", "password"}:
            topic = "backup" if occasion.kind == "backup" else "password-rules"
            return Screen((line,), ((button("remind.how", f"topic:{topic}"),), (SETTINGS,)))
        opens, closes = renewal_window(watched.expires_on, self._rules)
        today = kst_day(now)
        window = Line("remind.window", {"opens": Day(opens), "closes": Day(closes)})
        lines = (line, window) if opens <= today <= closes else (line,)
        topic = "expired" if today > watched.expires_on else "renewal-vs-reissue"
        rows_: list[tuple[Button, ...]] = [(button("remind.how", f"topic:{topic}"),)]
        if today < watched.expires_on:
            rows_.append((button("remind.again", "remind:again"),))
        return Screen(lines, (*rows_, (SETTINGS,)))


def _way(
    channel: Channel, to: str, chat: Chat, about: ReminderSubject, then: Fallback | None, *, late: bool
) -> Fallback:
    """`late` says that this is not the channel that the customer wanted."""
    instead = (Line("remind.instead"),) if late else ()
    if channel == "chat":
        screen = Screen((*about.screen.lines, *instead), about.screen.rows)
        return Fallback(chat_lane(chat.chat_id), SendScreen(screen, otherwise=then))
    lane = f"{channel}:{chat.chat_id}"
    if channel == "sms":
        short = Line(f"sms.{about.line.key}", about.line.params)
        return Fallback(lane, Sms(to, short, chat.language, then, chat=chat.chat_id, by_day=True))
    subject, body = Line("mail.remind.subject"), (about.line, *instead, Line("mail.warning"))
    mail = Mail(to, subject, body, chat.language, about.calendar, then, chat=chat.chat_id, by_day=True)
    return Fallback(lane, mail)


SETTINGS = button("remind.settings", "remind:")


def _near(left: int) -> str:
    names = {0: "today", 1: "tomorrow"}
    return names.get(left, "days" if left > 0 else "past")
