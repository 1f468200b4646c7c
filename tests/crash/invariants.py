"""I1–I7: what must hold after every crash, read from the files and the chats while no bot lives."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

import ca
from bot.issuing import key_files
from bot.settings.settings import parse
from handlers.local.wire.json_shapes import JSON
from tests.crash import leaks
from tests.crash.database_view import sqlite_flaws
from tests.crash.environment import Stage
from tests.crash.robot_customer import CODE, Robot, pattern
from tests.support.local_telegram import TOKEN

NOTICES = {key: pattern(f"notice.{key}") for key in ("approved", "issued", "refused")}
ISSUED_BY_TEXT = pattern("sms.issued")
FILES = ("npki.zip", "certificate.p12")
NOTICE = "the notice"
#: Old certificates, issued by hand before the test.
BY_HAND = "by-hand-"
#: Customers whose secrets are searched for; more would only take longer.
SEARCHED = 12
LIVE = """
SELECT intent.holder, SUM(certificate.status = 'good') AS live FROM certificate JOIN intent USING (serial)
GROUP BY intent.holder HAVING live <> 1
"""
HALFWAY = "SELECT serial, hex(tbs) FROM intent WHERE serial NOT IN (SELECT serial FROM certificate)"

HEAD = "SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Application:
    request_id: str
    chat_id: int
    receipt: str
    outcome: str | None
    serial: str | None


@dataclass
class Verdict:
    requests: int = 0
    certificates: int = 0
    #: Customers who wait for ever, and accepted requests without a certificate.
    lost: int = 0
    #: Certificates, applications or text messages beyond the one that was asked for.
    doubled: int = 0
    never_told: int = 0
    #: Notices and files that came to a chat, and how many of them came twice.
    notices: int = 0
    repeated: int = 0
    #: How many of these came again because the messenger's reply to the first was lost.
    unheard: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def glimpse(stage: Stage) -> tuple[list[str], dict[str, str], ca.AuditHead]:
    """Return what is wrong at any moment (I2), what is stored but not signed yet (I4), and the audit's head (I5)."""
    with closing(sqlite3.connect(ledger_file(stage), timeout=30)) as connection:
        wrong = [f"I2: {holder} has {live} live certificates" for holder, live in connection.execute(LIVE)]
        entries, digest = connection.execute(HEAD).fetchone()
        return wrong, dict(connection.execute(HALFWAY).fetchall()), ca.AuditHead(entries, digest.hex())


def ledger_file(stage: Stage) -> Path:
    return stage.folder / "ca" / "ledger.sqlite3"


def judge(stage: Stage, halfway: dict[str, str] | None = None, head: ca.AuditHead | None = None) -> Verdict:
    """Check everything; the customers must have had the time to finish."""
    settings = parse(stage.settings())
    verdict = Verdict()
    applications = _applications(stage)
    with closing(key_files.open_authority(settings, key_files.open_vault(settings, print), print)) as authority:
        held = {
            robot.folk.user_id: authority.certificates(robot.folk.record.customer_id) for robot in stage.robots.values()
        }
        verdict.problems += _signatures(authority, head)
        known = {record.serial for records in held.values() for record in records}
        verdict.problems += _kept(stage, halfway or {}, known)
    for robot in stage.robots.values():
        mine = [each for each in applications if each.chat_id == robot.folk.user_id]
        _finished(verdict, robot)
        _certified(verdict, robot, mine, held[robot.folk.user_id])
        _told(verdict, robot, mine, stage.hearing.unheard)
    _texted(verdict, stage, applications)
    verdict.problems += _taken(stage)
    verdict.problems += _in_line(stage, applications)
    verdict.problems += leaked(stage)
    verdict.problems += _whole(stage)
    return verdict


def _applications(stage: Stage) -> list[Application]:
    query = "SELECT request_id, chat_id, receipt, outcome, serial FROM applications"
    return [Application(*row) for row in stage.books.rows(query)]


def _finished(verdict: Verdict, robot: Robot) -> None:
    if robot.left or (robot.finished and not robot.wrong):
        return
    verdict.lost += 1
    why = robot.wrong or f"stands before this screen, and nothing comes:\n{robot.person.dump()}"
    verdict.problems.append(f"lost: customer {robot.folk.user_id} in round {robot.done + 1}: {why}")


def _certified(verdict: Verdict, robot: Robot, mine: list[Application], held: tuple[ca.Record, ...]) -> None:
    """I1 and I2."""
    new = [each for each in held if not each.request_id.startswith(BY_HAND)]
    verdict.requests += len(mine)
    verdict.certificates += len(new)
    by_request = {each.request_id: f"{each.serial:X}" for each in new}
    for each in mine:
        if each.outcome != "issued" and (robot.finished or each.request_id in by_request):
            verdict.lost += 1
            verdict.problems.append(f"I1: {each.request_id} ended as {each.outcome}")
        if each.outcome == "issued" and by_request.get(each.request_id) != each.serial:
            verdict.lost += 1
            verdict.problems.append(f"I1: the certificate of {each.request_id} is not the one in the ledger")
    strangers = len(new) - sum(each.request_id in by_request for each in mine)
    more = max(0, len(mine) - robot.submitted)
    if strangers or more:
        verdict.doubled += strangers + more
        verdict.problems.append(f"I1: {strangers} certificates and {more} applications that nobody asked for")
    live = [each for each in held if each.status is ca.Status.GOOD]
    if len(live) != 1:
        verdict.problems.append(f"I2: {robot.folk.record.customer_id} has {len(live)} live certificates")


def _told(verdict: Verdict, robot: Robot, mine: list[Application], unheard: Collection[tuple[int, int]]) -> None:
    """I3, and how many messages came twice."""
    chat = robot.person.chat.messages.values()
    sent = [each for each in chat if each["from"]["is_bot"] and "edit_date" not in each]

    def count(copies: list[JSON], wanted: int) -> int:
        again = max(0, len(copies) - wanted)
        lost = sum((robot.folk.user_id, each["message_id"]) in unheard for each in copies)
        verdict.notices += len(copies)
        verdict.repeated += again
        verdict.unheard += min(again, lost)
        return len(copies)

    for each in mine:
        for key, known in NOTICES.items():
            texts = [one for one in sent if known.search(one.get("text", "")) and each.receipt in one["text"]]
            expected = key == ("issued" if each.outcome == "issued" else each.outcome)
            if not count(texts, 1) and expected:
                verdict.never_told += 1
                verdict.problems.append(f"I3: nobody was told how {each.receipt} ended")
    issued = sum(each.outcome == "issued" for each in mine)
    for name in FILES:
        files = [each for each in sent if each.get("document", {}).get("file_name") == name]
        if count(files, issued) < issued:
            verdict.never_told += issued - len(files)
            verdict.problems.append(f"I3: {robot.folk.user_id} got {len(files)} of {issued} {name}")


def _texted(verdict: Verdict, stage: Stage, applications: list[Application]) -> None:
    """The gateway recognises a repetition by its key: a text message comes once, even if we never saw its receipt."""
    issued = Counter(each.chat_id for each in applications if each.outcome == "issued")
    for robot in stage.robots.values():
        texts = Counter(each.text for each in stage.messenger.sms_of(robot.folk.record.phone))
        for text, times in texts.items():
            more = times - (1 if CODE.match(text) else issued[robot.folk.user_id])
            if more > 0:
                verdict.doubled += more
                verdict.problems.append(f"a text came {more} times too often to {robot.folk.user_id}: {text}")
        told = sum(times for text, times in texts.items() if ISSUED_BY_TEXT.search(text))
        if told < issued[robot.folk.user_id] and not robot.left:
            verdict.never_told += 1
            verdict.problems.append(f"I3: {robot.folk.user_id} was told by text {told} times of all that was issued")


def _taken(stage: Stage) -> Iterator[str]:
    """F1: every update that we acknowledged is stored."""
    if stage.messenger.stats.pending:
        return
    kept = {number for (number,) in stage.books.rows("SELECT update_id FROM inbox")}
    lost = [number for number in stage.numbers() if number not in kept]
    if lost:
        yield f"F1: updates {lost} were acknowledged, and are nowhere"


def _in_line(stage: Stage, applications: list[Application]) -> Iterator[str]:
    """F2: what one transaction wrote comes to the chat in that order."""
    told = stage.books.rows("SELECT key FROM outbox WHERE key LIKE 'issued:%' OR key LIKE 'result:%' ORDER BY seq")
    written = {key: place for place, (key,) in enumerate(told)}
    chats = Counter(each.chat_id for each in applications)
    for each in applications:
        if each.outcome != "issued" or chats[each.chat_id] > 1:
            continue
        marks = {f"issued:{each.request_id}.{name}": name for name in FILES}
        marks[f"result:{each.request_id}:issued:chat"] = NOTICE
        places = _first_places(stage.robots[each.chat_id])
        in_order = sorted(marks.keys() & written.keys(), key=written.__getitem__)
        came = [places[marks[key]] for key in in_order if marks[key] in places]
        if came != sorted(came):
            yield f"F2: the files and the notice of {each.receipt} overtook each other"


def _first_places(robot: Robot) -> dict[str, int]:
    """Return the first position in the chat of each file and of the notice."""
    found: dict[str, int] = {}
    for number, message in sorted(robot.person.chat.messages.items()):
        name = message["document"]["file_name"] if "document" in message else ""
        if NOTICES["issued"].search(message.get("text", "")):
            name = NOTICE
        if name:
            found.setdefault(name, number)
    return found


def _signatures(authority: ca.Authority, head: ca.AuditHead | None) -> Iterator[str]:
    """I4 and I5: the chain is whole and equals the state, and names the stored bytes before their signature."""
    yield from (f"I5: {problem}" for problem in authority.verify_audit(head).problems)
    with authority._ledger.reading() as tx:
        lines = [(row["seq"], row["kind"], row["subject"]) for row in tx.all("whole_audit")]
        stored = {row["serial"]: tx.open(row["tbs"], "intent", "tbs", row["serial"]) for row in tx.all("whole_intent")}
        signed = {
            row["serial"]: tx.open(row["der"], "certificate", "der", row["serial"])
            for row in tx.all("whole_certificate")
        }
    first = {(kind, subject): seq for seq, kind, subject in reversed(lines)}
    for serial, der in signed.items():
        if first.get(("intent", serial), 1 << 62) >= first.get(("signed", serial), 0):
            yield f"I4: {serial} was signed before its bytes were written down"
        tbs = x509.load_der_x509_certificate(der).tbs_certificate_bytes
        if hashlib.sha256(tbs).digest() != hashlib.sha256(stored.get(serial, b"")).digest():
            yield f"I4: {serial} is over other bytes than those that were stored"


def _kept(stage: Stage, halfway: dict[str, str], known: set[int]) -> Iterator[str]:
    """I4: bytes that were seen on disk without their signature are unchanged, and are what was signed in the end."""
    with closing(sqlite3.connect(ledger_file(stage), timeout=30)) as connection:
        stored = dict(connection.execute("SELECT serial, hex(tbs) FROM intent").fetchall())
    for serial, tbs in halfway.items():
        if stored.get(serial) != tbs or int(serial, 16) not in known:
            yield f"I4: {serial} was to be signed when the process died, and was not"


def leaked(stage: Stage) -> list[str]:
    """I6; only while nobody writes."""
    some = [robot.folk for robot in stage.robots.values()][:SEARCHED]
    secrets = {TOKEN, stage.messenger.sms_token, *(each for folk in some for each in folk.secrets)}
    texts = [CODE.match(each.text) for each in stage.messenger.phones.texts]
    files = [*leaks.files_of(stage.folder), *stage.books.files()]
    return list(leaks.found(files, secrets, [each[1] for each in texts if each]))


def _whole(stage: Stage) -> Iterator[str]:
    """I7."""
    yield from stage.books.flaws()
    yield from sqlite_flaws(ledger_file(stage))
