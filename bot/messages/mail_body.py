"""The body of a mail: in the customer's language and in Korean, as text and as HTML without any link."""

from dataclasses import dataclass
from html import escape
from itertools import pairwise

from bot.messages.catalog import Catalogs, FormattedText
from bot.messages.outgoing import Mail


@dataclass(frozen=True, slots=True)
class MailBody:
    subject: str
    text: str
    #: Nothing but paragraphs and bold text: links and remote content are what phishing mails have.
    page: str = ""
    calendar: bytes | None = None


PARTING = "―" * 12


def render_mail(mail: Mail, catalogs: Catalogs) -> MailBody:
    """Korean stands below another language, for staff at the customer centre who read only Korean."""
    languages = tuple(dict.fromkeys((mail.language, catalogs.default)))
    subject = catalogs.text(mail.language, mail.subject)
    bodies = [[catalogs.rich(language, line) for line in mail.body] for language in languages]
    text = f"\n\n{PARTING}\n\n".join("\n\n".join(rich.text for rich in body) for body in bodies)
    pages = "<hr>".join(
        f'<div lang="{language}">{"".join(_paragraphs(rich) for rich in body)}</div>'
        for language, body in zip(languages, bodies, strict=True)
    )
    page = (
        f'<!DOCTYPE html><html lang="{mail.language}"><head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head><body>{pages}</body></html>"
    )
    return MailBody(subject, text, page, mail.calendar)


def _paragraphs(rich: FormattedText) -> str:
    parts = _marked(rich).split("\n\n")
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in parts)


def _marked(rich: FormattedText) -> str:
    """Escape everything, and mark what is bold or a code."""
    names = {"bold": "strong", "code": "code"}
    ends = [
        0,
        *(edge for span in rich.spans for edge in (span.start, span.start + span.length)),
        len(rich.text),
    ]
    kinds = [None, *(kind for span in rich.spans for kind in (span.kind, None))]
    pieces = [rich.text[begin:end] for begin, end in pairwise(ends)]
    return "".join(
        f"<{names[kind]}>{escape(piece)}</{names[kind]}>" if kind else escape(piece)
        for piece, kind in zip(pieces, kinds, strict=True)
    )
