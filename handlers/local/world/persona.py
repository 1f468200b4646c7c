"""A person who uses the messenger, with the data that they can type."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handlers.local.wire.json_shapes import JSON


@dataclass(frozen=True, slots=True)
class Persona:
    user_id: int
    first_name: str
    last_name: str
    username: str | None
    phone: str  #: international form, "+821012345678"
    email: str
    language_code: str
    card: Mapping[str, str] = field(default_factory=dict)  #: message key -> value, in the order of display
    guide: str = ""  #: message `guide.…` of the page that says what this person demonstrates

    def user(self) -> JSON:
        """The persona as the Bot API's User."""
        optional = {
            "last_name": self.last_name,
            "username": self.username,
            "language_code": self.language_code,
        }
        return {
            "id": self.user_id,
            "is_bot": False,
            "first_name": self.first_name,
            **{name: value for name, value in optional.items() if value},
        }

    def private_chat(self) -> JSON:
        optional = {"last_name": self.last_name, "username": self.username}
        return {
            "id": self.user_id,
            "type": "private",
            "first_name": self.first_name,
            **{name: value for name, value in optional.items() if value},
        }


def digits(phone: str) -> str:
    """The digits of a phone number in international form: 010-1234-5678 equals +82 10 1234 5678."""
    only = "".join(character for character in phone if character.isdecimal())
    return "82" + only[1:] if only.startswith("0") else only
