"""The result, told on the customer's other channels, too: what happens to a certificate should never be news."""

from datetime import datetime

from bot.case import Case
from bot.clock import kst_day
from bot.directory import Directory, Record
from bot.message import Mail, Sms
from bot.screen import Day, Line, Param
from bot.store.chats import Chat
from bot.store.database import Transaction
from bot.store.outbox import Outbox


class Notices:
    def __init__(self, directory: Directory, outbox: Outbox) -> None:
        self._directory = directory
        self._outbox = outbox

    def issued(
        self,
        tx: Transaction,
        chat: Chat,
        case: Case,
        cause: str,
        now: datetime,
        calendar: bytes | None = None,
    ) -> None:
        """`calendar` is a file that reminds of the expiry; it goes with the mail."""
        certificate = case.certificate
        if certificate is not None:
            params: dict[str, Param] = {
                "receipt": case.receipt or "",
                "until": Day(kst_day(certificate.not_after)),
            }
            self._send(tx, chat, case.customer, ("issued", params), cause, now, calendar)

    def refused(self, tx: Transaction, chat: Chat, case: Case, cause: str, now: datetime) -> None:
        params: dict[str, Param] = {"receipt": case.receipt or "", "code": case.refusal or ""}
        customer = case.proof.customer if case.proof else case.customer
        self._send(tx, chat, customer, ("refused", params), cause, now)

    def _send(
        self,
        tx: Transaction,
        chat: Chat,
        customer: str | None,
        what: tuple[str, dict[str, Param]],
        cause: str,
        now: datetime,
        calendar: bytes | None = None,
    ) -> None:
        record = self._directory.record(tx, customer) if customer else None
        if record is None:
            return
        self._sms(tx, chat, record, Line(f"sms.{what[0]}", what[1]), cause, now)
        if record.email:
            subject, body = Line(f"mail.{what[0]}.subject", what[1]), Line(f"mail.{what[0]}", what[1])
            mail = Mail(record.email, subject, (body, Line("mail.warning")), chat.language, calendar)
            self._outbox.add(tx, f"{cause}.mail", f"mail:{cause}", mail, now)

    def _sms(
        self, tx: Transaction, chat: Chat, record: Record, line: Line, cause: str, now: datetime
    ) -> None:
        self._outbox.add(tx, f"{cause}.sms", f"sms:{cause}", Sms(record.phone, line, chat.language), now)
