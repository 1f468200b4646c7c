"""Bugs that write what nobody but the customer may read."""

import logging
from typing import Any

import msgspec

from bot.conversation.chats import Chats
from bot.queues.jobs import Jobs
from handlers.telegram.processor import UpdateProcessor
from tests.crash.mutants.patching import named


class Open:
    """Encrypts nothing."""

    def __init__(self, vault: Any) -> None:
        self._vault = vault

    def seal(self, plaintext: bytes, **_place: str) -> bytes:
        return plaintext

    def open(self, sealed: bytes, **_place: str) -> bytes:
        return sealed

    def digest(self, label: str, value: str) -> bytes:
        digest: bytes = self._vault.digest(label, value)
        return digest


def _unsealed(store: Any) -> None:
    build = store.__init__

    def built(self: Any, vault: Any, *rest: Any) -> None:
        build(self, Open(vault), *rest)

    store.__init__ = built


def case_in_the_clear() -> None:
    """A customer's answers are stored in plain text."""
    _unsealed(Chats)


def password_in_the_clear() -> None:
    """The data of a job is stored in plain text; one job needs a password."""
    _unsealed(Jobs)


def update_in_the_log() -> None:
    """Updates are logged as they come."""
    named_ = UpdateProcessor._named

    def logged(self: UpdateProcessor, waiting: Any) -> Any:
        logging.getLogger("handlers.telegram.processor").debug(
            "update", extra={"body": msgspec.json.decode(waiting.body)}
        )
        return named_(self, waiting)

    UpdateProcessor._named = logged  # type: ignore[method-assign]


MUTANTS = named(case_in_the_clear, password_in_the_clear, update_in_the_log)
