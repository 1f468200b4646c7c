"""The local messenger: speaks the Bot API from the other side. Knows neither the bot nor its library."""

from handlers.local.faults import Fault, Faults, Line
from handlers.local.limits import Limits
from handlers.local.line import Mail, Sms
from handlers.local.messenger import LocalMessenger
from handlers.local.person import NotOnScreen, Person
from handlers.local.persona import Persona
from handlers.local.queries import Offer, Result
from handlers.local.seen import Seen
from handlers.local.stats import Stats

__all__ = [
    "Fault",
    "Faults",
    "Limits",
    "Line",
    "LocalMessenger",
    "Mail",
    "NotOnScreen",
    "Offer",
    "Person",
    "Persona",
    "Result",
    "Seen",
    "Sms",
    "Stats",
]
