"""How sending a message can fail, on any channel. The sender decides by these errors alone when to try again.

No error text holds the recipient, the message or a credential: these errors are logged.
"""


class DeliveryError(Exception):
    """The message was not sent, as far as we know."""


class Busy(DeliveryError):
    """The channel asks to wait; trying sooner makes it worse."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy for {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class Down(DeliveryError):
    """No answer, or an answer that says nothing about this message: it may even have been sent."""


class Refused(DeliveryError):
    """The channel will never accept this message; `reason` is a short key such as `credentials` or `http_400`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"refused: {reason}")
        self.reason = reason


class TooBig(Refused):
    """A file is larger than the limit that was given."""

    def __init__(self) -> None:
        super().__init__("too_big")


class Gone(DeliveryError):
    """This recipient cannot be reached here any more; other messages to them would fail as well."""
