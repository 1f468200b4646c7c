"""The whole application for tests: with the real Telegram library, talking over sockets to the local messenger."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ca
from bot.app.build import Application, opened
from bot.app.run import running
from bot.cli.authority.commands import issue
from bot.identity.register import CustomerRecord, CustomerRegister
from bot.issuing import key_files
from bot.issuing.passphrase import read_passphrase
from bot.messages.catalog import Catalogs
from bot.messages.screen import Line
from bot.settings.settings import Settings, parse
from bot.storage.database import Database, Transaction
from bot.storage.opening import open_database
from bot.storage.postgres import PostgresDatabase, PostgresTransaction
from bot.storage.sqlite import SqliteDatabase
from handlers.local import Limits, LocalMessenger, Persona, SeenMessage, Sms
from handlers.local.people.person import Person
from tests.support.customers import OPERATORS, STAFF

TOKEN = "1234567890:AAtestTokenForTheTownOnly_0123456789ab"
PASSWORD = "Haneul!2026road"
WORDS = Catalogs.load(facts={"customer_centre": "1566-2566, 1588-2588"})
OLD_DAYS_LEFT = 200


class MovableClock:
    """The real time, moved on by tests instead of by sleeping; it can be stopped, for screens that show it."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.stands_at: datetime | None = None

    def now(self) -> datetime:
        return (self.stands_at or datetime.now(UTC)) + self.ahead


@dataclass
class LocalTelegram:
    messenger: LocalMessenger
    settings: Settings
    authority: ca.Authority
    clock: MovableClock
    serials: dict[str, int] = field(default_factory=dict)
    app: Application = field(init=False)
    indoors: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def opens(self) -> None:
        stack = self.indoors
        self.app = await stack.enter_async_context(opened(self.settings, print, clock=self.clock))
        await stack.enter_async_context(running(self.app))

    async def restarts(self, after: timedelta = timedelta()) -> None:
        """Stop the application as SIGTERM does, and start it again, maybe days later."""
        await self.indoors.aclose()
        self.clock.ahead += after
        await self.opens()

    async def later(self, after: timedelta) -> None:
        """Let time pass, wake all workers, and wait until everything that fell due is done."""
        self.clock.ahead += after
        for each in (self.app.telegram.processor, self.app.engine.job_runner, self.app.engine.sender):
            each._wakeup.wake()
        await self.quiet()

    async def quiet(self, patience: float = 20) -> None:
        """Wait until nothing is due."""
        async with asyncio.timeout(patience):
            while await self.busy():
                pass

    async def until(self, look: Callable[[], object], patience: float = 20) -> None:
        """Wait for something that wakes no worker."""
        async with asyncio.timeout(patience):
            while not look():
                await self.busy()

    async def busy(self) -> bool:
        now = self.clock.now().timestamp() + 0.5  # What is written while we ask falls due a little later.
        counts = " + ".join(
            f"(SELECT COUNT(*) FROM {table} WHERE state = 'pending' AND due_at <= {now})"
            for table in ("inbox", "outbox", "jobs")
        )
        coming = self.messenger.stats.pending  # Read first: what has left it is in the rows already.
        return await self.rows(f"SELECT {counts}") != [(0,)] or coming > 0

    @property
    def staff(self) -> "Customer":
        """A member of staff, in the operators' chat."""
        return Customer(self.messenger.operator(STAFF.user_id), self.messenger, "ko")

    def customer(self, user_id: int, language: str = "ko", record: CustomerRecord | None = None) -> "Customer":
        return Customer(self.messenger.person(user_id), self.messenger, language, record)

    async def is_sound(self) -> bool:
        """Whether the database file is intact; a server checks that by itself."""
        if isinstance(self.app.shared.database, PostgresDatabase):
            return True
        return await self.rows("PRAGMA integrity_check") == [("ok",)]

    async def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Run a query in the bot's database; only tests do."""
        return await looked(self.app.shared.database, sql)


async def looked(database: Database, sql: str) -> list[tuple[object, ...]]:
    """Run any statement, in either engine."""
    if isinstance(database, PostgresDatabase):
        found: list[Any] = await database.unit(lambda tx: _fetched(tx, sql))
    else:
        assert isinstance(database, SqliteDatabase)
        found = await database.hop(lambda: database._conn.execute(sql).fetchall())
    return [tuple(row) for row in found]


def _fetched(tx: Transaction, sql: str) -> list[Any]:
    assert isinstance(tx, PostgresTransaction)
    assert tx._pipeline
    cursor = tx._connection.execute(sql)  # type: ignore[arg-type]
    tx._pipeline.sync()
    return cursor.fetchall() if cursor.description else []


class Customer:
    """A customer at the other end. It works with catalog keys, so that a test reads the same in every language."""

    def __init__(
        self, person: Person, messenger: LocalMessenger, language: str, record: CustomerRecord | None = None
    ) -> None:
        self.person = person
        self.messenger = messenger
        self.language = language
        self._record = record
        self._read_until = 0

    @property
    def record(self) -> CustomerRecord:
        """What the register knows of them."""
        assert self._record is not None
        return self._record

    def words(self, key: str, **params: object) -> str:
        return WORDS.text(self.language, Line(key, params))  # type: ignore[arg-type]

    def pattern(self, key: str) -> re.Pattern[str]:
        """Return a pattern for a text with parameters."""
        template = re.sub(r"\*\*|`", "", WORDS._template(self.language, key))
        parts = re.split(r"\{\w+\}", template)
        return re.compile(".+?".join(re.escape(part) for part in parts), re.DOTALL)

    async def sees(self, key: str, patience: float = 10) -> SeenMessage:
        """Wait until the newest message with buttons, or any newer one, has this text."""
        pattern = self.pattern(key)

        def look(person: Person) -> SeenMessage | None:
            return next(
                (each for each in reversed(person.messages) if each.from_bot and pattern.search(each.text)),
                None,
            )

        return await self.person.until(look, patience)

    def shows(self, key: str) -> bool:
        """Whether any message in the chat now has this text."""
        pattern = self.pattern(key)
        return any(each.from_bot and pattern.search(each.text) for each in self.person.messages)

    async def reads(self, key: str, after: int = 0, patience: float = 10) -> SeenMessage:
        """Wait for a message of the bot below this one that has the text."""
        pattern = self.pattern(key)

        def look(person: Person) -> SeenMessage | None:
            later = (each for each in reversed(person.messages) if each.message_id > after and each.from_bot)
            return next((each for each in later if pattern.search(each.text)), None)

        return await self.person.until(look, patience)

    @property
    def newest(self) -> int:
        """The newest message's id: later ones are above it."""
        return self.person.last.message_id if self.person.last else 0

    def texts(self) -> list[str]:
        return [each.text for each in self.person.messages if each.from_bot]

    async def taps(self, key: str, **params: object) -> None:
        label = self.words(key, **params)
        await self.person.until(lambda person: person.screen and button(person.screen, label), 10)
        await self.person.taps(label)

    async def says(self, text: str) -> None:
        await self.person.says(text)

    async def code(self, phone: str, after: int = 0) -> str:
        sms = await self.messenger.until_sms(phone, after)
        found = re.search(r"\b(\d{6})\b", sms.text)
        assert found
        return found[1]

    async def next_code(self, phone: str) -> str:
        """Wait for a code that was not read before."""
        pattern, after = self.pattern("sms.code"), self._read_until

        def look(messenger: LocalMessenger) -> Sms | None:
            later = (each for each in messenger.sms_of(phone) if each.order > after)
            return next((each for each in later if pattern.search(each.text)), None)

        sms = await self.messenger.until(look)
        self._read_until = sms.order
        found = re.search(r"\b(\d{6})\b", sms.text)
        assert found
        return found[1]

    async def asked(self, key: str, tap: str) -> None:
        await self.sees(f"reissue.ask.{key}")
        await self.taps(f"reissue.{key}.{tap}")

    async def triage(self, reason: str = "lost") -> None:
        await self.person.starts()
        await self.taps("button.start")
        await self.tells_why(reason)

    async def tells_why(self, reason: str = "lost") -> None:
        await self.asked("reason", reason)
        await self.asked("state", "valid")
        await self.sees("reissue.ask.expiry")
        await self.taps("reissue.expiry.unknown")
        await self.asked("who", "self")
        await self.sees("reissue.ask.ready")
        await self.taps("reissue.ready.all")
        await self.asked("consent", "agree")

    async def fills_in(
        self, record: CustomerRecord, via: str = "sms", begin: str = "name", until: str | None = None
    ) -> None:
        """Fill in the form, from this step on up to `until`, which stays open."""
        form = {
            "name": record.name,
            "birth": record.birth_date.isoformat(),
            "phone": record.phone,
            "account": record.account,
            "id_type": record.id_type,
            "id_issued_on": record.id_issued_on.isoformat(),
            "via": via,
        }
        steps = list(form)
        for step in steps[steps.index(begin) :]:
            if step == until:
                await self.sees(f"reissue.ask.{step}")
                return
            tapped = step in {"id_type", "via"}
            await (self.asked(step, form[step]) if tapped else self.answers(step, form[step]))

    async def applies(self, record: CustomerRecord) -> None:
        """Apply from the first message to the review, with a proven identity."""
        await self.triage()
        await self.fills_in(record)
        await self.proves(record)

    async def answers(self, step: str, text: str) -> None:
        await self.sees(f"reissue.ask.{step}")
        await self.says(text)

    async def proves(self, record: CustomerRecord) -> None:
        await self.sees("proof.sent.sms")
        await self.says(await self.next_code(record.phone))
        await self.sees("reissue.review")

    async def reissues(self, record: CustomerRecord, password: str = PASSWORD) -> dict[str, bytes]:
        """Apply to the end, and return the files by name."""
        await self.triage()
        await self.fills_in(record)
        await self.proves(record)
        await self.taps("button.submit")
        await self.sees("enrolled.password")
        await self.says(password)
        await self.sees("card.issued", patience=30)
        return self.files()

    def files(self) -> dict[str, bytes]:
        return {each.document.name: each.document.content for each in self.person.messages if each.document}


def button(seen: SeenMessage, label: str) -> bool:
    return any(each.text == label for row in seen.keyboard for each in row)


def authority_template(folder: Path, records: Sequence[CustomerRecord] = ()) -> Path:
    """Make an authority once, with these customers' old certificates; every test gets a copy, because keys take
    time.
    """
    vault, _ = ca.open_vault(folder / "keys" / "master.json")
    passphrase, _ = read_passphrase(folder / "keys" / "ca-passphrase")
    authority = ca.Authority.open(folder / "ca", passphrase, vault)
    try:
        for each in records:
            old_certificate(authority, each)
    finally:
        authority.close()
    return folder


def settings_for(messenger: LocalMessenger, folder: Path, **changes: str) -> Settings:
    return parse(
        {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API": messenger.api_url,
            "DATA_DIR": str(folder),
            "OPERATOR_CHAT_ID": str(OPERATORS),
            "SMS_URL": messenger.sms_url,
            "SMS_TOKEN": messenger.sms_token,
            "SMTP_URL": messenger.smtp_url,
            "LISTEN": "127.0.0.1:0",
            **changes,
        }
    )


async def register(settings: Settings, vault: ca.Vault, records: Sequence[CustomerRecord]) -> None:
    database = await open_database(settings.storage.database_url)
    directory = CustomerRegister(vault)

    def put(tx: Transaction) -> None:
        for record in records:
            directory.put(tx, record)

    try:
        await database.unit(put)
    finally:
        await database.close()


def old_certificate(authority: ca.Authority, record: CustomerRecord, days_left: int = OLD_DAYS_LEFT) -> int:
    end: date = datetime.now(UTC).date() + timedelta(days=days_left)
    return issue(authority, record.customer_id, record.name, record.idn, end - timedelta(days=365), end).serial


def held_already(authority: ca.Authority, record: CustomerRecord, days: Mapping[str, int | None]) -> int | None:
    """Return the serial number of the old certificate, made unless the template has it; None in `days` makes none."""
    if record.customer_id not in days:
        found = authority.certificates(record.customer_id)
        return found[-1].serial if found else old_certificate(authority, record)
    left = days[record.customer_id]
    return None if left is None else old_certificate(authority, record, left)


@asynccontextmanager
async def local_telegram(
    template: Path,
    folder: Path,
    records: Sequence[CustomerRecord],
    personas: Sequence[Persona],
    limits: Limits | None = None,
    days_left: Mapping[str, int | None] | None = None,
    **changes: str,
) -> AsyncIterator[LocalTelegram]:
    """`days_left` is how long an old certificate is still valid, by customer; None for no certificate at all."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    messenger = LocalMessenger(
        token=TOKEN,
        personas=personas,
        operators=[STAFF],
        operator_chat_id=OPERATORS,
        limits=limits or Limits(throttled=False),
    )
    await messenger.start()
    settings = settings_for(messenger, folder, **changes)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(messenger.stop)
        vault = key_files.open_vault(settings, print)
        authority = key_files.open_authority(settings, vault, print)
        stack.callback(authority.close)
        await register(settings, vault, records)
        held = {each.customer_id: held_already(authority, each, days_left or {}) for each in records}
        serials = {customer: serial for customer, serial in held.items() if serial is not None}
        made = LocalTelegram(messenger, settings, authority, MovableClock(), serials)
        stack.push_async_callback(made.indoors.aclose)
        await made.opens()
        yield made
