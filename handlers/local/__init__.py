"""The local messenger: a Bot API server in this process. It never imports the bot or its Telegram library."""

from handlers.local.messenger import LocalMessenger
from handlers.local.page.phones import Mail, Sms
from handlers.local.people.person import NotOnScreen, Person
from handlers.local.people.seen import SeenMessage
from handlers.local.wire.faults import Fault, Faults, GatewayState
from handlers.local.wire.limits import Limits
from handlers.local.wire.stats import Stats
from handlers.local.world.persona import Persona
from handlers.local.world.queries import Offer, Result

__all__ = [
    "Fault",
    "Faults",
    "GatewayState",
    "Limits",
    "LocalMessenger",
    "Mail",
    "NotOnScreen",
    "Offer",
    "Person",
    "Persona",
    "Result",
    "SeenMessage",
    "Sms",
    "Stats",
]
