"""One customer who does anything at any time, and a bot whose results come in time or late: what must always hold."""

from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.conversation import reissue
from bot.conversation.case import BOT_TURN, ENDED, Case, Phase
from bot.conversation.events import (
    Abandoned,
    Approved,
    CertificateSeen,
    CodeLapsed,
    Commanded,
    CustomerEvent,
    Delayed,
    Event,
    FilesLapsed,
    Issued,
    JobEvent,
    Paused,
    Refused,
    Said,
    SentFile,
    SharedContact,
    Tapped,
)
from bot.conversation.flow import Text, gap, pruned
from bot.conversation.refusals import REFUSALS
from bot.conversation.turns import lookups, taps
from bot.core.clock import kst_day
from bot.engine.cases import ONCE, replace_keyboard
from bot.messages.screen import Screen
from handlers.telegram.render import render, write_token
from tests.support.conversation import (
    CODE,
    FORM,
    NOON,
    PASSWORD,
    PERSONAL,
    TRIAGE,
    WORDS,
    WRONG_CODE,
    Talk,
    approved,
    code_sent,
    issued,
    tokens,
)

MOST_UNITS = 4096
SECOND = timedelta(seconds=1)

#: Answers that every catalog's examples do not hold, so that whatever shows one shows the customer's.
GOOD = {
    "expiry": ["2027-04-19", "2026년 12월 20일", "20251231"],
    "name": ["남궁민수", "Nguyễn Thị Hoa"],
    "birth": ["1985-11-02", "771230"],
    "phone": ["010-2345-6789", "+82 10 9753 1357"],
    "account": ["987-654321-09-876", "55544433322"],
    "id_issued_on": ["2021. 4. 15.", "20180909"],
}
SAID = [
    *("네", "안녕하세요", "수수료가 얼마예요?", "뒤로", "그만할래요", "", " ", "😀" * 50, "가" * 4000),
    *("800521-1234567", "보안카드 12번 34 56", "비밀번호는 qwer1234! 이에요", "https://bank.example/../x"),
    *(CODE, WRONG_CODE, "12345", PASSWORD, "short1!", "**굵게** `{field}` {customer_centre}"),
    *(text for texts in GOOD.values() for text in texts),
]
COMMANDS = [
    *("start", "reissue", "cancel", "help", "status", "faq", "agent", "language", "privacy", "mycert"),
    *("files", "what", "reminders", "xyz"),
]
TIMES = [
    SECOND,
    timedelta(minutes=2),
    timedelta(minutes=3),
    timedelta(hours=13),
    timedelta(days=1),
    timedelta(days=40),
]

#: The way to a certificate, act by act.
STRAIGHT = (
    "[start]",
    *TRIAGE,
    *FORM,
    "the desk",
    CODE,
    "[submit]",
    "the desk",
    PASSWORD,
    "the desk",
    "[received]",
)
PERSONAL_BARE = {value.replace("-", "") for value in PERSONAL}

said = st.sampled_from(SAID) | st.text(max_size=30)
forged = st.sampled_from(
    [
        *(
            "submit",
            "yes",
            "no",
            "back",
            "again",
            "mend",
            "received",
            "home",
            "start",
            "begin",
            "edit",
            "cancel",
        ),
        *(
            "edit:name",
            "edit:via",
            "pick:valid",
            "pick:sms",
            "pick:agree",
            "tick:all",
            "tick:x",
            "files",
            "mycert",
        ),
        *("install:mac", "what:account", "topic:fees", "language:en", "useful:fees", "", ":", "nonsense:1"),
    ]
)


class Conversation(RuleBasedStateMachine):
    #: What an ended case may not keep.
    EMPTY: ClassVar[frozenset[Phase]] = frozenset({Phase.ISSUED, Phase.CLOSED, Phase.CANCELLED, Phase.IDLE})

    def __init__(self) -> None:
        super().__init__()
        self.talk = Talk(now=NOON)
        self.seen: list[tuple[str, int]] = []
        self.once: set[str] = set()
        self.secrets: set[str] = set()

    @initialize(far=st.integers(0, len(STRAIGHT)))
    def begins(self, far: int) -> None:
        """Go so far on the straight way, so that its end is seen as often as its beginning."""
        self.happens(Commanded("start"))
        self.secrets.update(PERSONAL_BARE if far > STRAIGHT.index(FORM[0]) else ())
        for act in STRAIGHT[:far]:
            if act == "the desk":
                self.the_desk_does_its_part(known=True)
            elif act.startswith("["):
                self.happens(Tapped(act[1:-1], self.talk.screen.revision))
            else:
                self.happens(Said(act))

    def happens(self, event: Event) -> None:
        before = self.talk.case
        decision = self.talk.happens(event)
        after = decision.case
        changed = replace(after, revision=before.revision) != before
        assert after.revision == before.revision + changed
        assert decision.screen.revision == after.revision
        self.walked(before, after)
        if after.phase is Phase.DECIDING and before.phase is not Phase.DECIDING:
            self.complete(after)
        if after.proven and not before.proven:
            assert event == Said(CODE, question=getattr(event, "question", False))
            assert before.proof
            assert before.proof.customer is not None
            assert self.talk.now < before.proof.expires_at
        for order in decision.jobs:
            assert order.due is None or order.due >= self.talk.now
            if order.kind in ONCE:
                key = f"{order.kind}:{after.request_id}"
                assert key not in self.once, f"{key} is ordered twice"
                self.once.add(key)
        for screen in (decision.screen, *decision.tells):
            self.shown(screen)
        self.seen += [(token, decision.screen.revision) for token in tokens(decision.screen)]

    @staticmethod
    def walked(before: Case, after: Case) -> None:
        """At most one transition; a new start is one of its own."""
        if before.phase is after.phase:
            return
        steps = {(phase, target) for (phase, _), (target, _) in reissue.ARROWS.items()}
        to_start = after.phase is Phase.IDLE
        anew = after.phase is Phase.ASKING and not after.answers
        assert (before.phase, after.phase) in steps or to_start or anew, f"{before.phase} → {after.phase}"

    def complete(self, case: Case) -> None:
        assert gap(reissue.STEPS, case.answers) is None
        assert reissue.ending(case.answers, kst_day(self.talk.now), self.talk.rules) is None
        assert pruned(reissue.STEPS, case.answers) == case.answers
        assert case.proven
        assert case.receipt
        assert case.proof
        assert case.proof.customer is not None

    def shown(self, screen: Screen) -> None:
        assert screen.lines
        for row in screen.rows:
            for button in row:
                write_token(screen.revision, button.token)
        for language in WORDS.languages:
            rendered = render(replace_keyboard(screen), WORDS, language)
            assert rendered.text.strip()
            assert len(rendered.text.encode("utf-16-le")) // 2 <= MOST_UNITS
            bare = rendered.text.replace("-", "").replace(" ", "")
            assert not [secret for secret in self.secrets if secret in bare]

    # --- the customer ---

    @precondition(lambda self: self.talk.screen.rows)
    @rule(data=st.data())
    def taps(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(tokens(self.talk.screen)))
        self.happens(Tapped(token, self.talk.screen.revision))

    @rule(well=st.sampled_from([True, True, False]))
    def goes_on(self, well: bool) -> None:
        """Do what is awaited, so that the machine gets about; or just not quite."""
        case, here = self.talk.case, tokens(self.talk.screen)
        awaited = {Phase.PROVING: (WRONG_CODE, CODE), Phase.ENROLLED: ("1234", PASSWORD)}
        if case.confirming:
            self.happens(Tapped("no" if well else "yes", case.revision))
        elif case.phase in BOT_TURN:
            self.the_desk_does_its_part(known=well)
        elif case.phase is Phase.ENROLLED or (case.proof and not case.proven):
            self.happens(Said(awaited[case.phase][well]))
            assert self.talk.last.erase
        elif isinstance(step := self.asked(), Text):
            self.answers(step, GOOD[step.id][well])
        else:
            self.happens(Tapped(here[0 if well else -1], case.revision))

    @rule(data=st.data(), on_card=st.booleans())
    def taps_what_is_old(self, data: st.DataObject, on_card: bool) -> None:
        token, revision = data.draw(st.sampled_from(self.seen))
        before = self.talk.case
        self.happens(Tapped(token, revision, on_card))
        name = token.partition(":")[0]
        if name == "tick" and on_card and self.talk.case != before:
            assert {**before.answers, "ready": ""} == {**self.talk.case.answers, "ready": ""}
            assert set(before.answers.get("ready", "").split(",")) - {""} < self.ticked()
        elif revision != before.revision and name not in {*taps.ASIDES, *lookups.BESIDE}:
            assert self.talk.case == before
            assert self.talk.last.show == ("leave" if on_card else "fresh")

    def ticked(self) -> set[str]:
        return set(self.talk.case.answers["ready"].split(","))

    @rule(token=forged)
    def taps_what_is_not_there(self, token: str) -> None:
        self.happens(Tapped(token, self.talk.case.revision))

    @rule(text=said, question=st.booleans())
    def says(self, text: str, question: bool) -> None:
        self.happens(Said(text, question))

    def answers(self, step: Text, text: str) -> None:
        value = step.parse(text, kst_day(self.talk.now))
        if step.mask and isinstance(value, str):
            self.secrets.add(value.replace("-", "").replace(" ", ""))
        self.happens(Said(text))

    def asked(self) -> object:
        """Return the step whose question stands on the screen."""
        key = self.talk.keys[-1] if self.talk.case.phase is Phase.ASKING else ""
        return next((step for step in reissue.STEPS if key == f"reissue.ask.{step.id}"), None)

    @rule(event=st.sampled_from([
        SharedContact("+821023456789", own=True), SharedContact("010", own=True), SharedContact("x", own=False),
        SentFile(), SentFile("id_photo"), SentFile("private_key_file"),
    ]))  # fmt: skip
    def sends(self, event: CustomerEvent) -> None:
        self.happens(event)

    @rule(name=st.sampled_from(COMMANDS))
    def commands(self, name: str) -> None:
        self.happens(Commanded(name))

    @rule(time=st.sampled_from(TIMES))
    def waits(self, time: timedelta) -> None:
        self.talk.now += time

    # --- results of jobs ---

    @precondition(lambda self: self.talk.case.phase in BOT_TURN)
    @rule(known=st.booleans())
    def the_desk_does_its_part(self, known: bool) -> None:
        now = self.talk.now
        results: dict[Phase, JobEvent] = {
            Phase.SENDING: code_sent(now, "C1001" if known else None),
            Phase.DECIDING: approved(now),
            Phase.ISSUING: issued(now),
        }
        self.happens(results[self.talk.case.phase])

    @precondition(lambda self: self.talk.case.phase in {Phase.DECIDING, Phase.ISSUING})
    @rule(code=st.sampled_from(sorted(REFUSALS)), later=st.booleans())
    def the_desk_refuses(self, code: str, later: bool) -> None:
        self.happens(Refused(code, self.talk.now + timedelta(hours=1) if later else None))

    @rule(which=st.sampled_from([
        *("sent", "lapsed", "own_lapsed", "paused", "approved", "refused", "issued"),
        *("delayed", "files", "seen", "abandoned"),
    ]))  # fmt: skip
    def the_desk_reports_anything(self, which: str) -> None:
        now, proof = self.talk.now, self.talk.case.proof
        results: dict[str, JobEvent | Abandoned] = {
            "sent": code_sent(now),
            "lapsed": CodeLapsed(b"of another code"),
            "own_lapsed": CodeLapsed(proof.digest if proof else b""),
            "paused": Paused(now + timedelta(minutes=10)),
            "approved": Approved("1", "2", now + SECOND, kst_day(now)),
            "refused": Refused("R13"),
            "issued": Issued("AB", now + SECOND, now + SECOND),
            "delayed": Delayed(now + timedelta(minutes=5)),
            "files": FilesLapsed(),
            "seen": CertificateSeen("AB", "hold", now),
            "abandoned": Abandoned(),
        }
        self.happens(results[which])

    # --- what always holds ---

    @invariant()
    def an_ended_case_keeps_nothing(self) -> None:
        case = self.talk.case
        if case.phase in self.EMPTY:
            assert not case.answers
            assert case.enrolment is None
            assert case.proof is None
        if case.phase in {*ENDED, Phase.ISSUED}:
            assert case.confirming is None

    @invariant()
    def answers_are_on_one_path(self) -> None:
        answers = self.talk.case.answers
        assert pruned(reissue.STEPS, answers) == answers

    @invariant()
    def a_certificate_was_paid_for_with_a_proof(self) -> None:
        if self.talk.case.phase in {Phase.ENROLLED, Phase.ISSUING}:
            assert self.talk.case.proven
            assert self.talk.case.enrolment

    @invariant()
    def no_password_is_in_the_case(self) -> None:
        assert PASSWORD not in repr(self.talk.case)


TestConversation = Conversation.TestCase
TestConversation.settings = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
