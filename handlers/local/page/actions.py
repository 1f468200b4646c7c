"""What people do on the page, performed by the same `Person` that tests use; and the page's first snapshot."""

from collections.abc import Callable

from handlers.local.page.phones import Attachment, Phones, mail_json, sms_json
from handlers.local.people.launch import app_url
from handlers.local.people.person import NotOnScreen, Person
from handlers.local.wire.faults import Faults
from handlers.local.wire.json_shapes import JSON
from handlers.local.world.files import Stored, image_type
from handlers.local.world.persona import Persona
from handlers.local.world.queries import Offer
from handlers.local.world.server_state import ServerState

SNAPSHOT_MESSAGES = 300  #: of each chat, in a page's first snapshot
MAX_TEXT_LENGTH = 4096


class ActionRefused(Exception):
    """The page asked for something that cannot be done now. Its message is the end of an `error.…` key."""


class PageActions:
    def __init__(
        self, state: ServerState, phones: Phones, faults: Faults, person: Callable[[int, int], Person]
    ) -> None:
        self._state = state
        self._phones = phones
        self._faults = faults
        self._person = person

    def watch(self, watcher: Callable[[JSON], None]) -> Callable[[], None]:
        return self._state.watch(watcher)

    def file(self, file_id: str) -> Stored | None:
        return self._state.files.get(file_id)

    def attachment(self, order: int, number: int) -> Attachment | None:
        for mail in self._phones.mails:
            if mail.order == order:
                return mail.attachments[number] if number < len(mail.attachments) else None
        return None

    def snapshot(self) -> JSON:
        state = self._state
        return {
            "type": "snapshot",
            "bot": {**state.bot, "name": state.about.get("name:", "")},
            "commands": state.about.get("commands_by_language", {}),
            "people": [persona_json(each) for each in state.people.personas],
            "operators": [persona_json(each) for each in state.people.operators],
            "group": state.people.operator_chat_id,
            "chats": [self._chat(chat_id) for chat_id in state.chats],
            "texts": [sms_json(each) for each in self._phones.texts],
            "mails": [mail_json(each) for each in self._phones.mails],
            "faults": self._faults.as_dict(),
            "steps": list(state.steps),
        }

    def _chat(self, chat_id: int) -> JSON:
        chat = self._state.chats[chat_id]
        return {
            "id": chat_id,
            "messages": chat.tail(SNAPSHOT_MESSAGES),
            "keyboard": chat.keyboard,
            "blocked": chat.blocked,
        }

    async def perform(self, act: JSON) -> JSON:
        kind = act["act"]
        if kind == "faults":
            return self._set_faults(act)
        if kind == "stats":
            return {"stats": self._state.stats.as_dict()}
        person = self._person_of(act)
        try:
            return await self._act_as(kind, person, act)
        except NotOnScreen:
            raise ActionRefused("gone") from None

    async def send(self, query: dict[str, str], content: bytes, mime: str) -> JSON:
        person = self._person_of(query)
        if not content:
            raise ActionRefused("empty_file")
        name = query["name"][:255]
        if image_type(content) and query.get("as") == "photo":
            await person.sends_photo(content)
        else:
            await person.sends_document(name, content, mime)
        return {}

    async def _act_as(self, kind: str, person: Person, act: JSON) -> JSON:
        match kind:
            case "say":
                text = str(act["text"]).strip()
                if not text or len(text) > MAX_TEXT_LENGTH:
                    raise ActionRefused("too_long" if text else "empty")
                await person.says(text, reply_to=act.get("reply_to"))
            case "tap":
                return {"tap": await person.taps(str(act["data"]), int(act["message"]))}
            case "contact":
                await person.shares_contact()
            case "edit":
                await person.edits(int(act["message"]), str(act["text"]))
            case "delete":
                await person.deletes(int(act["message"]))
            case "block":
                await (person.blocks() if act["blocked"] else person.unblocks())
            case "inline" | "pick":
                return await self._inline(kind, person, act)
            case "app":
                return {"url": app_url(self._state, person.persona, str(act["url"]))}
            case _:
                raise ActionRefused("unknown")
        return {}

    async def _inline(self, kind: str, person: Person, act: JSON) -> JSON:
        if kind == "inline":
            return {"offer": await self._offer(person, str(act["text"]), str(act.get("offset", "")))}
        await person.picks(str(act["query"]), str(act["result"]), reply_to=act.get("reply_to"))
        return {}

    async def _offer(self, person: Person, text: str, offset: str) -> JSON | None:
        """None if the bot does not answer in time, or the person has typed something else."""
        query_id = await person.types_inline(text, offset)
        queries, user_id = self._state.queries, person.persona.user_id

        def look(_: Person) -> Offer | bool | None:
            return queries.offer(query_id, user_id) or not queries.is_newest(query_id, user_id)

        try:
            found: Offer | bool = await person.until(look, self._state.limits.inline_age)
        except TimeoutError:
            return None
        return offer_json(found) if isinstance(found, Offer) else None

    def _person_of(self, act: JSON) -> Person:
        try:
            return self._person(int(act["user"]), int(act["chat"]))
        except KeyError:
            raise ActionRefused("unknown") from None

    def _set_faults(self, act: JSON) -> JSON:
        if act.get("clear"):
            self._faults.clear()
        else:
            self._faults.set(str(act["name"]), act["value"])
        self._state.notify(None, {"type": "faults", "faults": self._faults.as_dict()})
        return {"faults": self._faults.as_dict()}


def offer_json(offer: Offer) -> JSON:
    lines = [{"id": each.id, "title": each.title, "description": each.description} for each in offer.results]
    return {
        "query": offer.query_id,
        "results": lines,
        "button": offer.button,
        "next_offset": offer.next_offset,
    }


def persona_json(persona: Persona) -> JSON:
    return {
        "id": persona.user_id,
        "first_name": persona.first_name,
        "last_name": persona.last_name,
        "username": persona.username,
        "phone": persona.phone,
        "email": persona.email,
        "language": persona.language_code,
        "card": list(persona.card.items()),
        "guide": persona.guide,
    }
