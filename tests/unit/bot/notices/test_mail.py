"""Settings of the mail server: read with care, never repeated."""

import pytest

from bot.notices.mail import Mailer
from bot.settings.smtp import SmtpUrlBroken, parse_smtp_url


@pytest.mark.parametrize(
    ("url", "port", "tls", "starttls"),
    [
        ("smtp://mail.example", 25, False, None),
        ("smtp://mail.example?starttls", 587, False, True),
        ("smtp://mail.example:2525/?starttls", 2525, False, True),
        ("smtp://user:p%40ss@mail.example", 25, False, True),
        ("smtp://user:p%40ss@localhost:1025", 1025, False, None),
        ("smtp://user:p%40ss@[::1]:1025", 1025, False, None),
        ("smtps://user:p%40ss@mail.example", 465, True, False),
    ],
)
def test_an_address_is_read(url: str, port: int, *, tls: bool, starttls: bool | None) -> None:
    read = parse_smtp_url(url)
    assert (read.port, read.tls, read.starttls) == (port, tls, starttls)
    assert read.password in {None, "p@ss"}
    assert "p@ss" not in repr(read)


@pytest.mark.parametrize(
    "url", ["", "http://mail.example", "smtp://", "smtp://h:port", "smtp://h/path", "mail.example"]
)
def test_an_address_that_is_none_is_not_repeated(url: str) -> None:
    with pytest.raises(SmtpUrlBroken) as caught:
        Mailer(url, "no-reply@bank.example")
    assert caught.value.__cause__ is None
    assert not url or url not in str(caught.value)


@pytest.mark.parametrize("sender", ["", "bank", "Bank <bank>", "a@b.example\r\nBcc: c@d.example"])
def test_a_sender_is_an_address(sender: str) -> None:
    with pytest.raises(SmtpUrlBroken):
        Mailer("smtp://mail.example", sender)
