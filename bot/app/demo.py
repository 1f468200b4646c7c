"""The demo: the real bot on this machine, with the local messenger in place of Telegram."""

import asyncio
import csv
import io
import secrets
import sys
import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import msgspec

import ca
from bot.app.demo_steps import collected
from bot.app.run import serve
from bot.cli.authority.commands import issue
from bot.cli.register import in_transaction, save_customers
from bot.conversation.procedure import Rules
from bot.core import logs
from bot.core.clock import kst_day
from bot.core.tasks import stop_on_signals
from bot.identity.register import COLUMNS, CustomerRecord
from bot.issuing import key_files
from bot.messages.catalog import Catalogs
from bot.messages.screen import Line
from bot.settings.settings import Settings, parse
from handlers.local import LocalMessenger, Persona

OPERATORS_CHAT = -1001
OPERATOR = Persona(900, "Min-ji", "Staff", None, "+821099990000", "staff@bank.example", "ko", {})
#: `expires_in` of a customer whose certificate is suspended.
ON_HOLD = "hold"
ON_HOLD_DAYS = 150


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the demo. `expires_in` is in days, or `ON_HOLD`, for their old certificate."""

    record: CustomerRecord
    user_id: int
    language: str
    expires_in: str


def customers() -> list[Customer]:
    text = files("bot.app").joinpath("demo.csv").read_text(encoding="utf-8")
    return [_customer(row) for row in csv.DictReader(io.StringIO(text))]


def _customer(row: dict[str, str]) -> Customer:
    record = msgspec.convert({column: row[column] for column in COLUMNS}, CustomerRecord, strict=False)
    return Customer(record, int(row["user_id"]), row["language"], row["expires_in"])


def persona(customer: Customer, catalogs: Catalogs) -> Persona:
    """Return the customer as a person of the messenger, with the data that they type."""
    record, language = customer.record, customer.language
    first, last = _names(record.name)
    card = {
        "name": record.name,
        "birth_date": record.birth_date.isoformat(),
        "account": record.account,
        "id_type": catalogs.text(language, Line(f"reissue.id_type.{record.id_type}")),
        "id_issued_on": record.id_issued_on.isoformat(),
    }
    phone = f"+82{record.phone[1:]}"
    return Persona(customer.user_id, first, last, None, phone, record.email, language, card, guide_of(customer))


def guide_of(customer: Customer) -> str:
    """Return what this customer demonstrates: a message `guide.…` of the page."""
    if customer.expires_in == ON_HOLD:
        return "suspended"
    days = int(customer.expires_in)
    if days < 0:
        return "expired"
    if days <= Rules().renewal_opens_days:
        return "renewal"
    return "reissue" if customer.language == "ko" else "english"


def _names(name: str) -> tuple[str, str]:
    last, _, first = name.partition(" ")
    return (first, last) if first else (name[1:], name[0])


def settings_for(messenger: LocalMessenger, token: str, data: Path, port: int) -> Settings:
    return parse(
        {
            "TELEGRAM_TOKEN": token,
            "TELEGRAM_API": messenger.api_url,
            "DATA_DIR": str(data),
            "OPERATOR_CHAT_ID": str(OPERATORS_CHAT),
            "SMS_URL": messenger.sms_url,
            "SMS_TOKEN": messenger.sms_token,
            "SMTP_URL": messenger.smtp_url,
            "LOG_LEVEL": "WARNING",
            "LISTEN": f"127.0.0.1:{port + 1 if port else 0}",
        }
    )


async def run(data: Path, port: int, *, browser: bool) -> None:
    """Serve until a signal comes; raise `OSError` if the port is in use."""
    people, catalogs = customers(), Catalogs.load()
    token = f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(26)}"
    messenger = LocalMessenger(
        token=token,
        personas=[persona(each, catalogs) for each in people],
        operators=[OPERATOR],
        operator_chat_id=OPERATORS_CHAT,
    )
    await messenger.start(port=port)
    try:
        settings = settings_for(messenger, token, data, port)
        log = logs.configure(sys.stderr, settings.process.log_level, (*settings.secrets, token))
        log.setLevel(settings.process.log_level)  # `collected` lowers the level of some loggers
        await prepare(settings, people)
        stop = stop_on_signals()
        loop = asyncio.get_running_loop()
        with collected(lambda step: loop.call_soon_threadsafe(messenger.add_step, step)):
            await serve(settings, stop, _say, lambda: _ready(messenger.page_url, browser=browser))
    finally:
        await messenger.stop()


def _ready(page: str, *, browser: bool) -> None:
    _say(f"the chat page is at {page} (Ctrl+C ends the demo)")
    print("ready", flush=True)  # noqa: T201 — tests wait for this line
    if browser:
        webbrowser.open(page)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


async def prepare(settings: Settings, people: list[Customer]) -> None:
    """Store the customers and issue their old certificates. Does nothing after the first start."""
    vault = key_files.open_vault(settings, _say)
    if await in_transaction(settings, lambda tx: tx.row("customer_count")["total"]):  # type: ignore[index]
        return
    await asyncio.to_thread(_prepare, settings, vault, people)


def _prepare(settings: Settings, vault: ca.Vault, people: list[Customer]) -> None:
    """Store the register last: it marks the preparation as complete."""
    authority = key_files.open_authority(settings, vault, _say)
    try:
        for customer in people:
            _old_certificate(authority, customer)
    finally:
        authority.close()
    save_customers(settings, vault, [each.record for each in people])


def _old_certificate(authority: ca.Authority, customer: Customer) -> None:
    record, today = customer.record, kst_day(datetime.now(UTC))
    days = ON_HOLD_DAYS if customer.expires_in == ON_HOLD else int(customer.expires_in)
    end = today + timedelta(days=days)
    begin = end - timedelta(days=365)
    certificate = issue(authority, record.customer_id, record.name, record.idn, begin, end)
    if customer.expires_in == ON_HOLD:
        authority.hold(certificate.serial, f"demo-{record.customer_id}")
