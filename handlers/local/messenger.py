"""The local messenger: one server in place of Telegram, the SMS gateway, the mail server and the customers' phones."""

import ipaddress
import random
import secrets
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from aiohttp import web

from handlers.local.api import Api
from handlers.local.methods.editing import Editing
from handlers.local.methods.inline import Inline
from handlers.local.methods.profile import Profile
from handlers.local.methods.sending import Sending
from handlers.local.page.actions import PageActions
from handlers.local.page.live import Page
from handlers.local.page.phones import Mail, Phones, Sms
from handlers.local.page.routes import Routes
from handlers.local.people.person import TIMEOUT_S, Person
from handlers.local.people.seen import dump_of
from handlers.local.wire.faults import FaultInjector, Faults
from handlers.local.wire.json_shapes import JSON
from handlers.local.wire.limits import Limits, Throttle
from handlers.local.wire.stats import Stats
from handlers.local.world.persona import Persona, digits
from handlers.local.world.server_state import People, ServerState, first_id
from handlers.local.world.updates import Updates
from handlers.local.world.webhook import Webhook

T = TypeVar("T")
SHUTDOWN_SECONDS = 0.5  #: in which open connections may end by themselves


class LocalMessenger:
    def __init__(
        self,
        *,
        token: str,
        personas: Sequence[Persona],
        operators: Sequence[Persona] = (),
        operator_chat_id: int | None = None,
        limits: Limits | None = None,
        faults: Faults | None = None,
        seed: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits or Limits()
        self.faults = faults or Faults()
        self.sms_token = secrets.token_urlsafe(16)
        self.state = ServerState(token, People(personas, operators, operator_chat_id), self.limits, now)
        self._injector = FaultInjector(self.faults, random.Random(seed), self.state.stats.faults)  # noqa: S311 - no secret
        self.updates = Updates(self._injector, self.state.stats, first_id(now()), self.state.wakeup.wake)
        self.phones = Phones(self.state, self._injector, self.sms_token)
        self._webhook: Webhook | None = None
        self._runner: web.ServerRunner | None = None
        self._page: Page | None = None
        self.methods: tuple[str, ...] = ()  #: the Bot API methods that are implemented
        self.api_url = ""
        self.smtp_url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens on loopback only. Raises `ValueError` for any other address."""
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("the local messenger listens on loopback only")
        self._webhook = Webhook(self.state, self._injector)
        server = web.Server(self._routes(self._webhook), access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0][1]
        shown = f"[{host}]" if ":" in host else host
        self.api_url = f"http://{shown}:{bound}"
        await self.phones.start(host)
        smtp_port = self.phones.port
        self.smtp_url = f"smtp://{shown}:{smtp_port}"

    async def stop(self) -> None:
        self.updates.close()
        if self._webhook is not None:
            await self._webhook.close()
        if self._page is not None:
            await self._page.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.phones.stop()

    @property
    def page_url(self) -> str:
        return self.api_url + "/"

    @property
    def sms_url(self) -> str:
        return self.api_url + "/sms"

    @property
    def stats(self) -> Stats:
        stats = self.state.stats
        stats.pending = self.updates.pending + (self._webhook.pending if self._webhook else 0)
        return stats

    def person(self, user_id: int, chat_id: int | None = None) -> Person:
        """A person in their private chat or in the given chat. Raises `KeyError` for an unknown one."""
        chat = self.state.chats[user_id if chat_id is None else chat_id]
        return Person(chat.members[user_id], chat, self.state, self.updates)

    def operator(self, user_id: int) -> Person:
        """A member of the operators' chat. Raises `KeyError` for an unknown one."""
        group = self.state.people.operator_chat_id
        if group is None:
            raise KeyError(user_id)
        return self.person(user_id, group)

    def admit(self, persona: Persona) -> Person:
        """Adds a person while the server runs, as benchmarks do thousands of times."""
        self.state.admit(persona)
        return self.person(persona.user_id)

    def sms_of(self, phone: str) -> tuple[Sms, ...]:
        number = digits(phone)
        return tuple(sms for sms in self.phones.texts if sms.to == number)

    def receive_sms(self, phone: str, text: str) -> Sms:
        """Delivers an SMS that did not come through the gateway."""
        return self.phones.receive(phone, text)

    def mail_of(self, address: str) -> tuple[Mail, ...]:
        return tuple(mail for mail in self.phones.mails if mail.to == address.lower())

    async def until(
        self,
        look: Callable[["LocalMessenger"], T | bool | None],
        timeout: float = TIMEOUT_S,  # noqa: ASYNC109 - the error has a dump
    ) -> T:
        """The first truthy value of `look`, which is called after every change. Raises `TimeoutError` with a dump."""
        try:
            return await self.state.wakeup.until(lambda: look(self), timeout)
        except TimeoutError:
            raise TimeoutError(f"not seen within {timeout} s\n{self.dump()}") from None

    async def until_sms(self, phone: str, after: int = 0, timeout: float = TIMEOUT_S) -> Sms:  # noqa: ASYNC109
        """The next SMS to that phone whose `order` is above `after`."""
        return await self.until(lambda m: next((s for s in m.sms_of(phone) if s.order > after), None), timeout)

    async def until_mail(self, address: str, after: int = 0, timeout: float = TIMEOUT_S) -> Mail:  # noqa: ASYNC109
        return await self.until(lambda m: next((e for e in m.mail_of(address) if e.order > after), None), timeout)

    def push_update(self, update: JSON) -> None:
        """Queues this update without any check. Adds an `update_id` if it has none."""
        self.updates.push_raw(update)

    def repeat_updates(self, many: int = 1) -> None:
        """Delivers the last `many` waiting updates twice."""
        self.updates.repeat(many)

    def shuffle_updates(self) -> None:
        """Puts the waiting updates into a random order."""
        self.updates.shuffle()

    def add_step(self, step: JSON) -> None:
        """Shows a step of the bot's work on the page. It has names and counts only, see `site/steps.js`."""
        self.state.add_step(step)

    def dump(self) -> str:
        phones = self.phones
        chats = (
            dump_of(chat, next(iter(chat.members.values()))) for chat in self.state.chats.values() if chat.messages
        )
        return "\n".join([*chats, f"texts: {phones.texts[-5:]}", f"mails: {phones.mails[-5:]}"])

    def _routes(self, webhook: Webhook) -> Routes:
        throttle = Throttle(self.limits, self.state.now)
        calls = {
            **Sending(self.state, throttle).methods(),
            **Editing(self.state, throttle).methods(),
            **Inline(self.state).methods(),
            **Profile(self.state, self.updates, webhook).methods(),
        }
        self.methods = tuple(calls)
        actions = PageActions(self.state, self.phones, self.faults, self.person)
        self._page = Page(actions, self.limits.upload)
        api = Api(self.state, calls, self._injector)
        webhook.perform = api.perform_webhook_reply
        return Routes(api, self.phones, self._page)
