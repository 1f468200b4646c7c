"""Updates of every kind that the Bot API knows, well formed, from anybody: all must be accepted and processed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from handlers.local.wire.json_shapes import JSON
from tests.hostile.questions import MARKUP, ORDERS, SQL
from tests.support.customers import OPERATORS

#: Stands in each hostile text, so that an echo is seen.
MARK = "Zq7kx"
STRANGER = 777_000
CHANNEL, GROUP = -1_001_234_567_890, -4_455_667
PLATFORM = 136_817_688  #: The user who stands for channels in groups (Bot API: `Message.from`).
ANONYMOUS = 1_087_968_824  #: The user who stands for anonymous administrators.

SAID = (
    "네", "아니요", "수수료가 얼마예요?", "뒤로", "그만할래요", "", " ", "\n", "0", "-1", "NaN", "null", "1e999",
    "800521-1234567", "보안카드 12번 34 56", "비밀번호는 qwer1234! 이에요", "https://bank.example/../x", "123456",
    "000000", "홍길동", "1980-05-21", "010-1234-5678", "12345678901234", "2019-07-03", "Haneul!2026road",
    "I lost my phone", "Tôi bị mất điện thoại", "我的手机丢了", "/start", "/", "//", "/START", "/start@other_bot x",
    "인증서를 잃어버렸어요", "상담원 연결해 주세요", "취소", "재발급", "😀" * 50,
    "👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿", "٠١٢٣٤٥", "１２３４５６",
)  # fmt: skip
COMMANDS = (
    "start", "reissue", "status", "mycert", "reminders", "check", "faq", "agent", "cancel", "language", "privacy",
    "help", "files", "what", "gaps", "case", "xyz", "a" * 32, "a" * 64, "start faq", "install", "advice",
)  # fmt: skip
ODD = "\x00\x07\x1b\u202e\u2066\u2069\u200d\u200f\ufeff\ufffe\u0301\u0e47\U0010ffff"
PIECES = (*MARKUP, *SQL, *ORDERS)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes updates without their ids, as if from or to these chats."""

    chance: Random
    chats: Sequence[int]

    def text(self) -> str:
        """Most texts are repeated: their look-up is cached."""
        chance = self.chance
        if chance.random() < 0.6:
            return chance.choice(SAID)
        marked = f"{MARK}{chance.randrange(40)}"
        return chance.choice(
            [
                lambda: f"{marked} {chance.choice(PIECES)}",
                lambda: chance.choice(PIECES) + marked,
                lambda: "".join(each + chance.choice(ODD) * chance.randrange(3) for each in marked),
                lambda: (marked + chance.choice(["가", "a", "😀", "<", " ", "1", "\u202e"]) * 4096)[:4096],
                lambda: f"/{chance.choice(COMMANDS)}{chance.choice([' ', '@', '  ', chr(0)])}{marked}",
                lambda: marked + "".join(chr(chance.randrange(0x20, 0xD800)) for _ in range(20)),
            ]
        )()

    def person(self, number: int | None = None) -> JSON:
        user_id = self.chance.choice(self.chats) if number is None else number
        languages = ["ko", "en", "vi", "zh-hans", "xx", "", "e" * 100, "../en"]
        return {
            "id": user_id,
            "is_bot": False,
            "first_name": f"{MARK} {self.chance.choice(PIECES)}"[:64],
            "language_code": self.chance.choice(languages),
        }

    def private(self) -> JSON:
        return {"id": self.chance.choice(self.chats), "type": "private", "first_name": "x"}

    def message(self, chat: JSON | None = None, sender: JSON | None = None, **content: object) -> JSON:
        where = chat or self.private()
        return {
            "message_id": self.chance.choice([1, self.chance.randrange(1, 1 << 31), (1 << 31) - 1]),
            "from": sender or self.person(where["id"] if where["id"] > 0 else None),
            "chat": where,
            "date": int(time.time()),
            **(content or {"text": self.text()}),
        }

    def attached(self) -> JSON:
        """Return any content that is no text."""
        chance = self.chance
        size = chance.choice([0, 1, 900, 20_000, 50 << 20, 4 << 30, (1 << 53) - 1])
        file = {"file_id": chance.choice(["BQAC", "x" * 400, MARK]), "file_unique_id": "u", "file_size": size}
        names = [
            "signCert.der",
            "cert.cer",
            "signPri.key",
            "a.zip",
            "../../etc/passwd",
            "x" * 300,
            "",
            "사진.svg",
        ]
        kinds = ["application/pdf", "image/svg+xml", "application/x-x509-ca-cert", "", "a/b; c=d", "x" * 200]
        document = {**file, "file_name": chance.choice(names), "mime_type": chance.choice(kinds)}
        phone = chance.choice(["+82 10 1234 5678", "010", "x", "", "+" + "9" * 40, "01012345678"])
        card = {"phone_number": phone, "first_name": MARK}
        simple = {"sticker", "animation", "audio", "voice", "video", "video_note"}
        contents: list[JSON] = [
            *({name: {**file, "width": 1, "height": 1, "duration": 1}} for name in sorted(simple)),
            {"document": document},
            {"document": document, "caption": self.text()},
            {"photo": [{**file, "width": 90, "height": 9}], "caption": MARK},
            {"photo": []},
            {"contact": {**card, "user_id": chance.choice([*self.chats, STRANGER, 1 << 52])}},
            {"contact": card, "forward_origin": {"type": "user", "date": 1, "sender_user": self.person()}},
            {"location": {"latitude": 37.5, "longitude": 127.0}},
            {"venue": {"location": {"latitude": 0, "longitude": 0}, "title": MARK, "address": ""}},
            {"dice": {"emoji": "🎲", "value": 6}},
            {"poll": {"id": "1", "question": MARK, "options": []}},
            {"game": {"title": MARK, "description": "", "photo": []}},
            {"invoice": {"title": MARK, "currency": "KRW", "total_amount": 1}},
            {"successful_payment": {"currency": "KRW", "total_amount": -1, "invoice_payload": MARK}},
            {"refunded_payment": {"currency": "XTR", "total_amount": 1, "invoice_payload": MARK}},
            {"passport_data": {"data": [], "credentials": {"data": MARK, "hash": "", "secret": ""}}},
            {"paid_media": {"star_count": 1, "paid_media": []}},
            {"story": {"chat": self.private(), "id": 1}},
            {"web_app_data": {"data": MARK, "button_text": MARK}},
            {"users_shared": {"request_id": 1, "users": []}},
            {"write_access_allowed": {}},
            {"new_chat_members": [self.person()]},
            {"left_chat_member": self.person()},
            {"new_chat_title": MARK},
            {"delete_chat_photo": True},
            {"migrate_to_chat_id": GROUP},
            {"message_auto_delete_timer_changed": {"message_auto_delete_time": 1}},
            {"giveaway": {}, "boost_added": {"boost_count": 1}},
            {"gift": {}, "unknown_of_tomorrow": {MARK: [{}]}},
        ]
        return chance.choice(contents)

    def reply(self) -> JSON:
        to = self.message(self.private(), self.person(), text=self.text())
        return {"text": self.text(), "reply_to_message": to, "quote": {"text": MARK, "position": 0}}

    def data(self) -> str:
        """Return a token that no button has now."""
        tokens = (
            "submit", "yes", "no", "back", "again", "mend", "received", "home", "start", "begin", "edit", "cancel",
            "edit:name", "pick:valid", "pick:sms", "pick:agree", "tick:all", "tick:x", "files", "mycert", "topic:fees",
            "install:mac", "what:account", "language:en", "language:xx", "useful:fees", "useless:../x", "group:x",
            "remind:off", "remind:30", "remind", "topic:", "", ":", "nonsense:1", MARK, "human", "status", "faq",
        )  # fmt: skip
        revision = self.chance.choice([0, 1, 2, 3, 5, 8, 13, 40, -1, 1 << 40, "x", "", "１", "1_0", "9" * 60])
        return self.chance.choice([f"{revision}.{self.chance.choice(tokens)}", self.text()[:64], "." * 64])

    def tap(self) -> JSON:
        message = self.message(self.private(), self.person(1), text="")
        where: list[JSON] = [
            {"message": message},
            {"message": message},
            {"message": {"message_id": message["message_id"], "chat": message["chat"], "date": 0}},
            {"message": self.message({"id": GROUP, "type": "group", "title": "x"})},
            {"inline_message_id": "BAAA" + MARK},
            {},
        ]
        what = self.chance.choice([{"data": self.data()}, {"data": self.data()}, {"game_short_name": "g"}, {}])
        query_id = str(self.chance.getrandbits(63))
        return {
            "id": query_id,
            "from": self.person(),
            "chat_instance": "1",
            **self.chance.choice(where),
            **what,
        }

    def membership(self, chat: JSON, statuses: Sequence[str]) -> JSON:
        member = {"user": self.person(1_234_567_890), "until_date": 0, "status": self.chance.choice(statuses)}
        who = {"chat": chat, "from": self.person(), "date": 1}
        return {**who, "old_chat_member": member, "new_chat_member": member}

    def anything(self) -> JSON:
        """Return one update without its id."""
        kind = self.chance.choice(_NAMES)
        return KINDS[kind](self)


def _group(shapes: Shapes) -> JSON:
    chat = {"id": shapes.chance.choice([GROUP, CHANNEL, -1]), "type": "supergroup", "title": MARK}
    senders: list[JSON] = [
        {},
        {"from": shapes.person(ANONYMOUS), "sender_chat": chat},
        {"from": shapes.person(PLATFORM), "is_automatic_forward": True},
        {"from": {**shapes.person(5), "is_bot": True}},
    ]
    content = shapes.chance.choice([shapes.attached, shapes.reply, lambda: {"text": shapes.text()}])()
    return {"message": {**shapes.message(chat, **content), **shapes.chance.choice(senders)}}


def _channel(shapes: Shapes) -> JSON:
    post = shapes.message({"id": CHANNEL, "type": "channel", "title": MARK}, **shapes.attached())
    del post["from"]
    return {shapes.chance.choice(["channel_post", "edited_channel_post"]): post}


def _business(shapes: Shapes) -> JSON:
    message = {**shapes.message(), "business_connection_id": MARK}
    return shapes.chance.choice(
        [
            {"business_message": message},
            {"edited_business_message": message},
            {"deleted_business_messages": {"business_connection_id": MARK, "chat": shapes.private()}},
            {"business_connection": {"id": MARK, "user": shapes.person(), "user_chat_id": 1, "date": 1}},
        ]
    )


def _reaction(shapes: Shapes) -> JSON:
    place = {"chat": shapes.private(), "message_id": 5, "date": 1}
    return shapes.chance.choice(
        [
            {"message_reaction": {**place, "user": shapes.person(), "old_reaction": [], "new_reaction": []}},
            {"message_reaction_count": {**place, "reactions": []}},
        ]
    )


def _rare(shapes: Shapes) -> JSON:
    person = shapes.person()
    return shapes.chance.choice(
        [
            {"poll": {"id": "1", "question": MARK, "options": []}},
            {"poll_answer": {"poll_id": "1", "user": person, "option_ids": [0]}},
            {"chosen_inline_result": {"result_id": "fees", "from": person, "query": MARK}},
            {"shipping_query": {"id": "1", "from": person, "invoice_payload": MARK}},
            {"pre_checkout_query": {"id": "1", "from": person, "currency": "KRW", "total_amount": 1}},
            {"purchased_paid_media": {"from": person, "paid_media_payload": MARK}},
            {"chat_member": shapes.membership(shapes.private(), ["member", "left"])},
            {"chat_join_request": {"chat": shapes.private(), "from": person, "user_chat_id": 1, "date": 1}},
            {"chat_boost": {"chat": shapes.private(), "boost": {}}},
            {"removed_chat_boost": {"chat": shapes.private(), "boost_id": MARK}},
            {"kind_of_tomorrow": {"chat": shapes.private(), "deep": {"deeper": [MARK]}}},
            {},
        ]
    )


def _membership(shapes: Shapes) -> JSON:
    everywhere = [shapes.private(), {"id": GROUP, "type": "group", "title": MARK}]
    statuses = ["kicked", "member", "member", "left", "administrator", "restricted", "of_tomorrow"]
    return {"my_chat_member": shapes.membership(shapes.chance.choice(everywhere), statuses)}


def _inline(shapes: Shapes) -> JSON:
    query = {"id": str(shapes.chance.getrandbits(63)), "from": shapes.person(), "query": shapes.text()[:256]}
    offset = shapes.chance.choice(["", "", "20", "999999", "x", "-1", "²"])
    return {"inline_query": {**query, "offset": offset, "chat_type": "private"}}


def _operators(shapes: Shapes) -> JSON:
    """Strangers' ids in the operators' chat: numbers of unknown messages, commands with random arguments."""
    chat = {"id": OPERATORS, "type": "supergroup", "title": "Operators"}
    orders = ["/gaps", "/case", f"/case {MARK}", "/case 260101-ABCDEF-1", "/case " + "9" * 4000, "/gaps@x y"]
    content = shapes.chance.choice([shapes.attached(), {"text": shapes.chance.choice(orders)}])
    return {"message": shapes.message(chat, **content)}


KINDS: dict[str, Callable[[Shapes], JSON]] = {
    "text": lambda shapes: {"message": shapes.message()},
    "command": lambda shapes: {"message": shapes.message(text=f"/{shapes.chance.choice(COMMANDS)}")},
    "attachment": lambda shapes: {"message": shapes.message(**shapes.attached())},
    "reply": lambda shapes: {"message": shapes.message(**shapes.reply())},
    "via bot": lambda shapes: {"message": {**shapes.message(), "via_bot": shapes.person(5)}},
    "edited": lambda shapes: {"edited_message": {**shapes.message(), "edit_date": 1}},
    "tap": lambda shapes: {"callback_query": shapes.tap()},
    "inline": _inline,
    "membership": _membership,
    "group": _group,
    "channel": _channel,
    "business": _business,
    "reaction": _reaction,
    "rare": _rare,
    "operators": _operators,
}
_OFTEN = {"tap": 3, "text": 2, "attachment": 2}
_SELDOM = {"operators", "inline"}
_NAMES = [name for name in KINDS for _ in range(1 if name in _SELDOM else 2 * _OFTEN.get(name, 1))]
