"""What must hold while hostile updates come, seen from within: the log, each step of each case, each text shown."""

import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from bot.conversation import reissue
from bot.conversation.case import BOT_TURN, ENDED, Case, Phase
from bot.conversation.decide import Decision
from bot.conversation.events import Approved, Event, Issued, Said
from bot.conversation.flow import gap, pruned
from bot.conversation.procedure import Rules
from bot.core.clock import kst_day
from bot.core.logs import JsonLines, Redactor
from bot.engine import cases
from bot.messages.outgoing import chat_lane
from bot.queues.inbox import Waiting
from bot.storage.database import Transaction
from handlers.local import LocalMessenger
from handlers.local.wire.json_shapes import JSON
from tests.hostile.updates_shapes import MARK
from tests.support.local_telegram import LocalTelegram

#: Why an update may be parked: it does not have the shape of an update, and nothing else.
MALFORMED = frozenset({"Malformed"})
#: An answer to a webhook: accepted, not an update, too long. Any other makes the messenger repeat it for ever.
ANSWERS = frozenset({200, 400, 413})
REMEMBERED = 4_000
STORY = 5
SHOWN = 300
STEPS = {(phase, target) for (phase, _), (target, _) in reissue.ARROWS.items()}


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    detail: str
    story: tuple[bytes, ...] = ()

    def __str__(self) -> str:
        told = "\n".join(f"    {each!r}" for each in self.story)
        return f"{self.what}: {self.detail}\n{told}"


def shortened(body: bytes) -> bytes:
    return body if len(body) <= 2 * SHOWN else body[:SHOWN] + b" ... " + body[-SHOWN:]


@dataclass
class Watch(logging.Handler):
    findings: list[Finding] = field(default_factory=list)
    parked: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    phases: Counter[Phase] = field(default_factory=Counter)
    steps: Counter[tuple[Phase, Phase]] = field(default_factory=Counter)
    told_staff: int = 0

    def __post_init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines = JsonLines(Redactor())
        self._bodies: OrderedDict[int, bytes] = OrderedDict()
        self._stories: dict[int, deque[bytes]] = {}
        self._turns: OrderedDict[int, tuple[str, int]] = OrderedDict()
        self._next_turn = count(1)
        self._done: dict[str, int] = {}

    __hash__ = logging.Handler.__hash__

    # --- what was sent ---

    def sends(self, chat_id: int, number: int, body: bytes, *, sound: bool) -> None:
        if sound and chat_id and number not in self._turns:
            self._turns[number] = (chat_lane(chat_id), next(self._next_turn))
            if len(self._turns) > REMEMBERED:
                self._turns.popitem(last=False)
        told = shortened(body)
        self._bodies[number] = told
        if len(self._bodies) > REMEMBERED:
            self._bodies.popitem(last=False)
        self._stories.setdefault(chat_id, deque(maxlen=STORY)).append(told)

    def forgets(self) -> None:
        """Forget what came so far: none of it can come again."""
        self._turns.clear()

    def finds(self, what: str, detail: str, chat_id: int | None = None, number: int | None = None) -> None:
        if number is not None and number in self._bodies:
            story: tuple[bytes, ...] = (self._bodies[number],)
        else:
            story = tuple(self._stories.get(chat_id or 0, ()))
        self.findings.append(Finding(what, detail, story))

    def answered(self, status: int, chat_id: int, body: bytes, *, sound: bool) -> None:
        if status not in ({200} if sound else ANSWERS):
            self.findings.append(Finding("answer", f"{status} in chat {chat_id}", (shortened(body),)))

    # --- the log ---

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING:
            return
        text, number = record.getMessage(), getattr(record, "update", None)
        if MARK in self._lines.format(record):
            self.finds("content in the log", text, number=number)
        if text == "update parked":
            why = str(getattr(record, "why", ""))
            self.parked[why] += 1
            if why not in MALFORMED:
                self.finds("parked", why, number=number)
        elif record.levelno >= logging.ERROR:
            self.finds("error in the log", self._lines.format(record)[:3_000], number=number)
        else:
            self.warned[text] += 1

    # --- what is shown ---

    def looks(self, change: JSON) -> None:
        if change["type"] != "message" or not change["message"]["from"]["is_bot"]:
            return
        message = change["message"]
        text = message.get("text") or message.get("caption") or ""
        self.told_staff += change["chat"] < 0 and "Malformed" in text
        if MARK in text:
            self.finds("echo", text[:200], change["chat"])
        if any(each["type"] in {"text_link", "text_mention"} for each in message.get("entities", ())):
            self.finds("a link that is not ours", text[:200], change["chat"])

    # --- the steps ---

    def decided(self, before: Case, event: Event, decision: Decision, now: datetime, rules: Rules) -> None:
        after = decision.case
        self.phases[after.phase] += 1
        if before.phase is not after.phase:
            self.steps[before.phase, after.phase] += 1
        for flaw in flaws(before, event, after, now, rules):
            named = f"{before.phase} → {after.phase} by {type(event).__name__}: {flaw}"
            self.finds("step", named, before.chat_id)

    def in_order(self, lane: str, number: int) -> None:
        """What was posted one after the other, each when the one before was accepted, is processed in that order."""
        its_lane, turn = self._turns.get(number, ("", 0))
        if its_lane != lane:
            return
        if self._done.get(lane, 0) > turn:
            self.finds("order", f"{turn} after {self._done[lane]} in {lane}", number=number)
        self._done[lane] = turn


def flaws(before: Case, event: Event, after: Case, now: datetime, rules: Rules) -> Iterator[str]:
    """Yield what is wrong with this step: at most one arrow of the flow, with everything that it requires."""
    if after.revision - before.revision not in {0, 1}:
        yield "the revision jumps"
    if after.proven and not before.proven:
        proof = before.proof
        if not isinstance(event, Said) or proof is None or proof.customer is None or now >= proof.expires_at:
            yield "proven without a code"
    if after.phase in {Phase.ENROLLED, Phase.ISSUING} and not (after.proven and after.enrolment):
        yield "no proof, or no decision"
    if after.phase in ENDED and (after.answers or after.proof or after.enrolment):
        yield "an ended case keeps something"
    if before.phase is not after.phase:
        yield from _flaws_of_a_step(before, event, after, now, rules)


def _flaws_of_a_step(before: Case, event: Event, after: Case, now: datetime, rules: Rules) -> Iterator[str]:
    left = after.phase is Phase.IDLE and before.phase in {Phase.ASKING, *ENDED}
    anew = after.phase is Phase.ASKING and not after.answers and before.phase not in BOT_TURN
    if (before.phase, after.phase) not in STEPS and not left and not anew:
        yield "no such arrow"
    if after.phase is Phase.ENROLLED and not isinstance(event, Approved):
        yield "enrolled without a decision"
    if after.phase is Phase.ISSUED and not isinstance(event, Issued):
        yield "issued without a certificate"
    if after.phase is Phase.DECIDING and not _complete(after, now, rules):
        yield "submitted without all that it takes"


def _complete(case: Case, now: datetime, rules: Rules) -> bool:
    answers = case.answers
    whole = gap(reissue.STEPS, answers) is None and pruned(reissue.STEPS, answers) == answers
    proven = case.proven and case.proof is not None and case.proof.customer is not None
    return bool(whole and proven and case.receipt and reissue.ending(answers, kst_day(now), rules) is None)


@contextmanager
def watching(watch: Watch, messenger: LocalMessenger) -> Iterator[None]:
    """Look at every record, every decision and every text until the end."""
    real, root = cases.decide, logging.getLogger()

    def decide(case: Case, event: Event, now: datetime, rules: Rules) -> Decision:
        decision = real(case, event, now, rules)
        watch.decided(case, event, decision, now, rules)
        return decision

    forget = messenger.state.watch(watch.looks)
    root.addHandler(watch)
    cases.decide = decide  # type: ignore[attr-defined]
    try:
        yield
    finally:
        cases.decide = real  # type: ignore[attr-defined]
        root.removeHandler(watch)
        forget()


def watch_the_order(watch: Watch, local_telegram: LocalTelegram) -> None:
    """When an update is processed, all earlier ones of its chat are."""
    inbox = local_telegram.app.shared.queues.inbox
    real = inbox.finish

    def finish(tx: Transaction, waiting: Waiting) -> bool:
        done = real(tx, waiting)  # The second one finds it done.
        if done:
            watch.in_order(waiting.lane, waiting.update_id)
        return done

    inbox.finish = finish  # type: ignore[method-assign]
