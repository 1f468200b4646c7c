"""How a message may fail to leave, whatever carries it: the sender decides by these alone when to try again.

No text here ever holds the recipient, the message or a credential: these errors are logged.
"""


class DeliveryError(Exception):
    """The message did not leave, as far as we know."""


class Busy(DeliveryError):
    """The carrier asks for patience; trying sooner makes it worse."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy for {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class Down(DeliveryError):
    """No answer, or an answer that says nothing about this message: it may even have been sent."""


class Refused(DeliveryError):
    """The carrier will never take this message; `reason` is a short key as `credentials` or `http_400`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"refused: {reason}")
        self.reason = reason


class TooBig(Refused):
    """A file is larger than what was asked for at most."""

    def __init__(self) -> None:
        super().__init__("too_big")


class Gone(DeliveryError):
    """This recipient cannot be reached here any more; other messages to them would fail as well."""
