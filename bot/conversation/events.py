"""What can happen to a case: what a customer does, and what the bot's own jobs report."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from bot.issuing.port import Purpose, Shown


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button was pressed. `revision` is the one it was drawn with; `on_card` if it is on the current card."""

    token: str
    revision: int
    on_card: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """A text was written. `question` if it reads like one, whatever the form was asking for."""

    text: str
    question: bool = False


@dataclass(frozen=True, slots=True)
class SharedContact:
    """A contact card came. Only the sender's own proves anything (Bot API: `Contact.user_id`)."""

    phone: str
    own: bool


@dataclass(frozen=True, slots=True)
class Commanded:
    name: str


@dataclass(frozen=True, slots=True)
class Attached:
    """What the messenger says about a file before it is fetched (Bot API: `Document`); the size in bytes."""

    file_id: str = field(repr=False)
    name: str = field(repr=False)
    mime: str
    size: int | None


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file, photo, voice or sticker. `forbidden` names what may never be taken in chat, if it is that."""

    forbidden: str | None = None
    attached: Attached | None = None


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A one-time code was sent. For an unknown person nothing was sent, and that looks the same.

    `customer` is None for an unknown person: then no code is right.
    """

    digest: bytes
    salt: bytes
    expires_at: datetime
    customer: str | None


@dataclass(frozen=True, slots=True)
class CodeLapsed:
    """The code with this digest is more than three minutes old."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class Paused:
    """Too many tries: the next one is accepted from `until` on."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """The application was approved; the enrolment (참조번호, 인가코드) is open until `expires_at`."""

    reference: str
    authorization: str
    expires_at: datetime
    old_expiry: date


@dataclass(frozen=True, slots=True)
class Refused:
    """The application was refused with a code of `bot.conversation.refusals`; R11 and R14 say when to try again."""

    code: str
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    serial: str
    not_after: datetime
    files_until: datetime


@dataclass(frozen=True, slots=True)
class Delayed:
    """The authority did not answer; the same request is made again at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class FilesLapsed:
    """The certificate's files were erased at the end of their lifetime."""


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """The state of the customer's newest certificate, or None in every field if there is none."""

    serial: str | None
    status: str | None
    not_after: datetime | None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class CertificateChecked:
    """What a certificate file says, and its status at the authority; nothing in it names the holder."""

    #: The accredited authority that the file names, if it names one.
    authority: str | None
    purpose: Purpose | None
    not_before: datetime
    not_after: datetime
    #: "away" if the authority could not be asked now.
    status: Shown | Literal["away"]


@dataclass(frozen=True, slots=True)
class FileUnread:
    """A file was no certificate: forbidden in chat, something else, too big, or not available.

    Or it was not read, because there were too many: the next one is read from `until` on.
    """

    why: Literal["private_key_file", "id_photo", "broken", "big", "gone", "often"]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Nobody continued this application for so long that it is closed."""


CustomerEvent = Tapped | Said | SharedContact | Commanded | SentFile
JobEvent = (
    CodeSent
    | CodeLapsed
    | Paused
    | Approved
    | Refused
    | Issued
    | Delayed
    | FilesLapsed
    | CertificateSeen
    | CertificateChecked
    | FileUnread
    | Abandoned
)
Event = CustomerEvent | JobEvent


@dataclass(frozen=True, slots=True)
class Blocked:
    """The customer blocked the bot, or unblocked it (Bot API: `my_chat_member`)."""

    blocked: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """Staff answered a message in the operators' chat."""

    to: int
    text: str


@dataclass(frozen=True, slots=True)
class AskedByStaff:
    """A command in the operators' chat, and its argument."""

    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update: where it came from, and what happened. `event` is None if it means nothing here."""

    chat_id: int
    event: CustomerEvent | Blocked | Answered | AskedByStaff | None
    #: The message that it is, or that has the pressed button.
    message_id: int | None = None
    #: The customer's language as the messenger has it (IETF tag).
    language: str | None = None
