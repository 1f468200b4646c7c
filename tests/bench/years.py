"""Four hundred days with ten thousand customers: every reminder exactly once, or explained.

`python -m tests.bench.years [--customers 10000] [--days 400] [--seed 1]` runs the reminders on a real database with a
clock of its own. Customers are reissued on any day, choose as they like, snooze, block the chat and come back; some
certificates are revoked; and the house is down for hours, days, or once for three weeks. A book of its own says what
had to come. It ends with 1 unless each reminder came once, or is explained.
"""

import argparse
import sys
import time as stopwatch
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from bot.conversation.case import Case
from bot.conversation.chats import Chat
from bot.conversation.procedure import Rules
from bot.core.clock import KST, kst_day
from bot.core.wakeup import Wakeup
from bot.identity.register import CustomerRecord, CustomerRegister
from bot.issuing.kept_files import KeptFiles
from bot.issuing.port import HeldCertificate
from bot.notices import preferences as rows
from bot.notices.addresses import Addresses
from bot.notices.preferences import Choice
from bot.notices.quiet_hours import EVENING, MORNING
from bot.queues.jobs import Jobs
from bot.queues.outbox import Outbox
from bot.reminders.schedule import DAYS, moment
from bot.reminders.service import Reminders, ReminderStores
from bot.storage.sqlite import SqliteTransaction, _connect, _migrate
from ca.ledger.vault import KeyRing, Vault
from tests.support.conversation import WORDS

BEGIN = datetime(2026, 1, 1, tzinfo=KST)
LEASE = timedelta(seconds=30)
AT_ONCE = 500
RULES = Rules()
SHARE_OF = {"choose": 0.3, "again": 0.1, "block": 0.1, "revoke": 0.05}


@dataclass
class Customer:
    chat_id: int
    issued_on: date
    expires_on: date
    revoked_on: date | None = None
    choice: Choice = field(default_factory=Choice)
    blocked: bool = False
    #: What was told, and when.
    told: list[tuple[str, datetime]] = field(default_factory=list)
    #: Days on which they asked to hear of it again.
    again: set[date] = field(default_factory=set)
    #: When they last chose: what was due before is not told any more.
    chosen_at: datetime = BEGIN

    @property
    def serial(self) -> str:
        return f"{self.chat_id:X}"

    def held(self, today: date) -> tuple[HeldCertificate, ...]:
        gone = self.revoked_on is not None and self.revoked_on <= today
        status = "revoked" if gone else "good" if today <= self.expires_on else "expired"
        begin, end = (
            datetime(each.year, each.month, each.day, tzinfo=KST) for each in (self.issued_on, self.expires_on)
        )
        return (HeldCertificate(self.serial, status, begin, end),)  # type: ignore[arg-type]


class Town:
    def __init__(self, customers: int, days: int, seed: int) -> None:
        self.chance = Random(seed)
        self.days = days
        self.connection = _connect(":memory:")
        _migrate(self.connection)
        self.tx = SqliteTransaction(self.connection)
        vault = Vault(KeyRing.new())
        self.jobs = Jobs(vault, Wakeup(), LEASE)
        self.outbox = Outbox(vault, Wakeup(), LEASE)
        directory = CustomerRegister(vault)
        self.reminders = Reminders(
            ReminderStores(self.jobs, self.outbox, KeptFiles(vault), directory, Addresses(vault)),
            WORDS,
            RULES,
            DAYS,
        )
        self.customers = [self._customer(number) for number in range(1, customers + 1)]
        for each in self.customers:
            directory.put(self.tx, _record(each))
        self.downs = tuple(self._downs())

    def _customer(self, number: int) -> Customer:
        issued = (BEGIN + timedelta(days=self.chance.randrange(30))).date()
        return Customer(number, issued, issued + timedelta(days=self.chance.choice([40, 90, 200, 365])))

    def _downs(self) -> Iterator[tuple[datetime, datetime]]:
        """Now and then the house is down; once for three weeks."""
        for _ in range(self.days // 15):
            begin = BEGIN + timedelta(hours=self.chance.randrange(24 * self.days))
            yield begin, begin + timedelta(hours=self.chance.choice([1, 5, 30, 80, 170]))
        yield BEGIN + timedelta(days=self.days // 2), BEGIN + timedelta(days=self.days // 2 + 21)

    def is_down(self, now: datetime) -> bool:
        return any(begin <= now < end for begin, end in self.downs)

    def live(self) -> None:
        for hour in range(24 * self.days):
            now = BEGIN + timedelta(hours=hour, minutes=self.chance.randrange(60))
            if self.is_down(now):
                continue
            self.connection.execute("BEGIN")
            if now.astimezone(KST).hour == MORNING + 1:
                self._people(now)
            self._work(now)
            self.connection.execute("COMMIT")

    def _people(self, now: datetime) -> None:
        today = kst_day(now)
        for each in self.customers:
            if each.issued_on <= today and rows.load(self.tx, each.chat_id).watched is None and not each.told:
                self.reminders.watch(self.tx, each.chat_id, each.serial, (each.issued_on, each.expires_on), now)
                each.chosen_at = now
        for each in self.chance.sample(self.customers, max(len(self.customers) // 100, 1)):
            if each.issued_on <= today:
                self._acts(each, now)

    def _acts(self, customer: Customer, now: datetime) -> None:
        act = self.chance.choices(list(SHARE_OF), weights=list(SHARE_OF.values()))[0]
        if act == "choose":
            customer.choice = Choice(
                self.chance.random() < 0.9, self.chance.choice([366, 14, 7, 0]), self.chance.choice([8, 10, 20]),
                self.chance.choice(["chat", "sms", "mail"]),
            )  # fmt: skip
            customer.chosen_at = now
            self.reminders.choose(self.tx, customer.chat_id, customer.choice, now)
        elif act == "again" and self.reminders.again(self.tx, customer.chat_id, now):
            customer.again = {kst_day(now) + timedelta(days=1)}
        elif act == "block":
            customer.blocked = not customer.blocked
        elif act == "revoke" and customer.revoked_on is None:
            customer.revoked_on = kst_day(now)

    def _work(self, now: datetime) -> None:
        while jobs := self.jobs.claim(self.tx, now, AT_ONCE):
            for job in jobs:
                customer = self.customers[job.chat_id - 1]
                chat = Chat(
                    job.chat_id,
                    "ko",
                    Case("c0ffee", job.chat_id, customer=str(job.chat_id)),
                    blocked=customer.blocked,
                )
                held = customer.held(kst_day(now))
                if self.jobs.finish(self.tx, job):
                    self.reminders.come(self.tx, chat, int(job.task.about or b"0"), held, now)
            self._sent(now)

    def _sent(self, now: datetime) -> None:
        for key, lane in self.connection.execute("SELECT key, lane FROM outbox WHERE state = 'pending'").fetchall():
            _, chat_id, _, kind, day = str(key).split(":")
            self.customers[int(chat_id) - 1].told.append((f"{kind} {day} {str(lane).split(':')[0]}", now))
        self.connection.execute("UPDATE outbox SET state = 'sent', sealed = NULL WHERE state = 'pending'")


def _record(customer: Customer) -> CustomerRecord:
    number = f"{customer.chat_id:08}"
    phone, mail, account = f"010{number}", f"p{number}@example.kr", f"9{number}1234"
    born, given = date(1980, 1, 1), date(2020, 1, 1)
    return CustomerRecord(
        str(customer.chat_id),
        number,
        born,
        phone,
        mail,
        account,
        "resident_card",
        given,
        "8001011234567",
        "personal",
    )


# --- the book ---


def problems(local_telegram: Town) -> Counter[str]:
    """Judge each customer by what they chose and when the house was up, without the code that sends."""
    found: Counter[str] = Counter()
    for each in local_telegram.customers:
        found += _judged(local_telegram, each)
    return found


def _judged(local_telegram: Town, customer: Customer) -> Counter[str]:
    found: Counter[str] = Counter()
    days = Counter(what.rsplit(" ", 1)[0] for what, _ in customer.told)
    found["told twice"] = sum(count - 1 for count in days.values() if count > 1)
    for _, when in customer.told:
        local = when.astimezone(KST)
        found["told at night"] += not MORNING <= local.hour < EVENING
        found["told of one revoked"] += customer.revoked_on is not None and kst_day(when) > customer.revoked_on
    by_day = Counter(kst_day(when) for _, when in customer.told)
    found["several on one day"] = sum(count - 1 for count in by_day.values() if count > 1)
    found["never told of the last days"] = _left_out(local_telegram, customer)
    return +found


def _left_out(local_telegram: Town, customer: Customer) -> int:
    """Whether the expiry day's reminder, which everybody wants who wants any, did not come though it could."""
    if not customer.choice.active or customer.revoked_on is not None:
        return 0
    end = BEGIN + timedelta(days=local_telegram.days)
    due = moment(customer.expires_on, customer.choice)
    up_again = next((end_ for begin, end_ in sorted(local_telegram.downs) if begin <= due < end_), due)
    if up_again + timedelta(days=2) > end or up_again - due > timedelta(days=14) or customer.chosen_at >= due:
        return 0
    return int(not any(kst_day(when) >= customer.expires_on for _, when in customer.told))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    began = stopwatch.perf_counter()
    local_telegram = Town(wanted.customers, wanted.days, wanted.seed)
    local_telegram.live()
    told = Counter(what.split()[0] for each in local_telegram.customers for what, _ in each.told)
    ways = Counter(what.split()[-1] for each in local_telegram.customers for what, _ in each.told)
    down = sum(((end - begin) for begin, end in local_telegram.downs), timedelta())
    sys.stdout.write(f"{wanted.customers} customers, {wanted.days} days in {stopwatch.perf_counter() - began:.0f} s\n")
    sys.stdout.write(f"told: {dict(told)}; by {dict(ways)}; down {len(local_telegram.downs)} times for {down}\n")
    found = problems(local_telegram)
    sys.stdout.write(f"problems: {dict(found)}\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
