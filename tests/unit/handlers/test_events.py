"""Every kind of update, and what it means in our words; what means nothing is nothing, and breaks nothing."""

import json
from typing import Any

import pytest
import telegram

from bot.conversation.events import (
    Answered,
    Attached,
    Blocked,
    Commanded,
    Incoming,
    Said,
    SentFile,
    SharedContact,
    Tapped,
)
from handlers.telegram.bot_api.update import parse_update
from handlers.telegram.events import incoming
from handlers.telegram.poller import arrival

PERSON = {"id": 42, "is_bot": False, "first_name": "길동", "language_code": "ko"}
CHAT = {"id": 42, "type": "private", "first_name": "길동"}
GROUP = {"id": -1001, "type": "supergroup", "title": "상담원"}
DATE = 1_795_400_000
FILE = {"file_id": "f", "file_unique_id": "u", "file_size": 100}
STICKER = {**FILE, "type": "regular", "width": 9, "height": 9, "is_animated": False, "is_video": False}
OURS = {"message_id": 5, "date": DATE, "chat": GROUP, "text": "상담 요청이 왔습니다."}


def message(chat: dict[str, Any] = CHAT, **content: Any) -> dict[str, Any]:
    return {"message": {"message_id": 7, "date": DATE, "chat": chat, "from": PERSON, **content}}


def query(data: str | None, chat: dict[str, Any] = CHAT, date: int = DATE) -> dict[str, Any]:
    stands_in = {"message_id": 7, "date": date, "chat": chat}
    return {
        "callback_query": {
            "id": "q",
            "from": PERSON,
            "chat_instance": "c",
            "data": data,
            "message": stands_in,
        }
    }


def named(update: dict[str, Any]) -> Incoming | None:
    """Return what it means; the library reads it, too, so that no update here is one that cannot be."""
    body = {"update_id": 1, **update}
    assert telegram.Update.de_json(body, None)
    return incoming(parse_update(json.dumps(body).encode()))


# --- texts and commands ---


@pytest.mark.parametrize(
    "text",
    ["홍길동", "010-1234-5678", "//", "/", "/한국어", "/ start", "hello /start", "/Start", "가" * 4096],
)
def test_a_text_is_said(text: str) -> None:
    assert named(message(text=text)) == Incoming(42, Said(text), 7, "ko")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/start", "start"),
        ("/start from_a_link", "start"),
        ("/reissue@reissue_bot", "reissue"),
        ("/help\nplease", "help"),
        ("/my_cert now", "my_cert"),
    ],
)
def test_a_command_is_named(text: str, name: str) -> None:
    assert named(message(text=text)) == Incoming(42, Commanded(name), 7, "ko")


def test_a_customer_without_language_has_none() -> None:
    nobody = {key: value for key, value in PERSON.items() if key != "language_code"}
    found = named({"message": {**message(text="네")["message"], "from": nobody}})
    assert found == Incoming(42, Said("네"), 7, None)


# --- buttons ---


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ("7.pick:lost", Tapped("pick:lost", 7)),
        ("-1.begin", Tapped("begin", -1)),
        ("someone else's", Tapped("", -1)),
        (None, Tapped("", -1)),
    ],
)
def test_a_button_is_tapped(data: str | None, event: Tapped) -> None:
    assert named(query(data)) == Incoming(42, event, 7, "ko")


def test_a_button_under_a_message_too_old_to_be_seen_is_tapped() -> None:
    assert named(query("7.back", date=0)) == Incoming(42, Tapped("back", 7), 7, "ko")


def test_a_button_means_nothing_in_a_group_or_without_its_message() -> None:
    assert named(query("7.back", GROUP)) is None
    inline = {"callback_query": {**query("7.back")["callback_query"], "inline_message_id": "i"}}
    del inline["callback_query"]["message"]
    assert named(inline) is None


# --- contacts and files ---


@pytest.mark.parametrize(("user_id", "own"), [(42, True), (43, False), (None, False)])
def test_only_the_senders_own_contact_is_theirs(user_id: int | None, own: bool) -> None:
    contact = {"phone_number": "+821012345678", "first_name": "길동", "user_id": user_id}
    found = named(message(contact=contact))
    assert found == Incoming(42, SharedContact("+821012345678", own), 7, "ko")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"photo": [{**FILE, "width": 90, "height": 60}]}, "id_photo"),
        ({"photo": [{**FILE, "width": 90, "height": 60}], "caption": "800521-1234567"}, "id_photo"),
        ({"document": {**FILE, "file_name": "signPri.key"}}, "private_key_file"),
        ({"document": {**FILE, "file_name": "cert.p12", "mime_type": "application/x-pkcs12"}}, "private_key_file"),
        ({"document": {**FILE, "file_name": "id.jpg", "mime_type": "image/jpeg"}}, "id_photo"),
        ({"document": {**FILE, "file_name": "report.pdf", "mime_type": "application/pdf"}}, None),
        ({"document": FILE}, None),
        ({"voice": {**FILE, "duration": 3}}, None),
        ({"video": {**FILE, "duration": 3, "width": 9, "height": 9}}, None),
        ({"sticker": STICKER}, None),
        ({"location": {"latitude": 37.5, "longitude": 127.0}}, None),
    ],
)  # fmt: skip
def test_a_file_is_judged_by_what_it_is(content: dict[str, Any], kind: str | None) -> None:
    found = named(message(**content))
    assert found
    assert isinstance(found.event, SentFile)
    assert found.event.forbidden == kind
    assert (found.event.attached is not None) == ("document" in content)


@pytest.mark.parametrize("size", [100, None])
def test_a_document_can_be_fetched_by_what_is_told_of_it(size: int | None) -> None:
    document = {"file_id": "f", "file_unique_id": "u", "file_name": "signCert.der", "mime_type": "a/b"}
    found = named(message(document={**document, **({"file_size": size} if size else {})}))
    assert found == Incoming(42, SentFile(None, Attached("f", "signCert.der", "a/b", size)), 7, "ko")
    assert "signCert" not in repr(found)


# --- staff ---


def test_an_answer_in_a_group_is_an_answer() -> None:
    found = named(message(GROUP, text="곧 전화드리겠습니다.", reply_to_message=OURS))
    assert found == Incoming(-1001, Answered(5, "곧 전화드리겠습니다."), 7)


@pytest.mark.parametrize(
    "content", [{"text": "점심 먹읍시다"}, {"text": "/start"}, {"photo": [{**FILE, "width": 9, "height": 9}]}]
)
def test_what_else_is_said_in_a_group_is_nothing(content: dict[str, Any]) -> None:
    found = named(message(GROUP, **content))
    assert found
    assert found.event is None


# --- membership, and the rest ---


@pytest.mark.parametrize(("status", "blocked"), [("kicked", True), ("member", False)])
def test_blocking_is_noticed(status: str, blocked: bool) -> None:
    bot = {"id": 9, "is_bot": True, "first_name": "bot"}
    old = {"status": "member" if blocked else "kicked", "user": bot, "until_date": 0}
    new = {"status": status, "user": bot, "until_date": 0}
    change = {"chat": CHAT, "from": PERSON, "date": DATE, "old_chat_member": old, "new_chat_member": new}
    assert named({"my_chat_member": change}) == Incoming(42, Blocked(blocked))
    assert named({"my_chat_member": {**change, "chat": GROUP}}) is None


@pytest.mark.parametrize(
    "content",
    [
        {"new_chat_title": "x"},
        {"pinned_message": {"message_id": 3, "date": DATE, "chat": CHAT, "text": "x"}},
        {},
    ],
)
def test_a_service_message_is_no_event(content: dict[str, Any]) -> None:
    found = named(message(**content))
    assert found
    assert found.event is None


@pytest.mark.parametrize("kind", ["edited_message", "channel_post", "edited_channel_post"])
def test_what_was_edited_or_posted_is_nothing(kind: str) -> None:
    assert named({kind: message(text="고친 말")["message"]}) is None


def test_an_update_of_a_kind_that_comes_later_is_nothing() -> None:
    assert named({"something_new": {"x": 1}}) is None


# --- lanes ---


@pytest.mark.parametrize(
    ("update", "lane"),
    [
        (message(text="네"), "chat:42"),
        (query("7.back"), "chat:42"),
        ({"my_chat_member": {"chat": CHAT}}, "chat:42"),
        (message(GROUP, text="네"), "chat:-1001"),
        ({"poll": {"id": "p"}}, "chat:0"),
        ({"message": "nonsense"}, "chat:0"),
        ({"message": {"chat": {"id": "x"}}}, "chat:0"),
        ({"callback_query": {"id": "q"}}, "chat:0"),
    ],
)
def test_an_update_waits_in_the_lane_of_its_chat(update: dict[str, Any], lane: str) -> None:
    came = arrival({"update_id": 9, **update})
    assert (came.update_id, came.lane) == (9, lane)
