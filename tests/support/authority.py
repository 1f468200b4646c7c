"""A small authority for tests: cheap keys, a clock that is set by hand, and orders with sensible values."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ca import (
    Authority,
    AuthoritySettings,
    Certificate,
    Enrolment,
    EnrolmentOrder,
    KeyRequest,
    Order,
    Token,
    Vault,
    open_vault,
)
from ca.files import KeyMaterial, generate_key
from ca.values.environment import Environment, no_hook


def token_of(text: str) -> Token | None:
    module, _, rest = text.partition("|")
    label, _, pin_file = rest.partition("|")
    return Token(Path(module), label, Path(pin_file)) if text else None


PASSPHRASE = b"correct horse battery staple"
NAME = "홍길동"
IDN = "9001011234567"
HOLDER = "C-0001"
SETTINGS = AuthoritySettings(root_bits=2048, issuing_bits=2048, busy_timeout=timedelta(seconds=10))
#: Set by `tests.judges.softhsm`, which has this whole folder of tests run with the keys in a token.
TOKEN = token_of(os.environ.get("CA_TESTS_TOKEN", ""))
MORNING = datetime(2027, 3, 10, 1, 30, 15, tzinfo=UTC)


class Crash(BaseException):
    """The process is gone: nothing may catch it."""


@dataclass
class Clock:
    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@cache
def key(number: int) -> KeyMaterial:
    return generate_key()


def request(number: int) -> KeyRequest:
    return KeyRequest(key(number).spki, key(number).random_number)


def order(request_id: str = "old", number: int = 0, **changes: Any) -> Order:
    plain = Order(request_id, HOLDER, NAME, IDN, key(number).random_number, key(number).spki)
    return replace(plain, **changes)


def enrolment(request_id: str = "new", replaces: int | None = None, **changes: Any) -> EnrolmentOrder:
    return replace(EnrolmentOrder(request_id, HOLDER, NAME, IDN, replaces), **changes)


@dataclass
class SmallAuthority:
    folder: Path
    clock: Clock = field(default_factory=Clock)
    settings: AuthoritySettings = SETTINGS
    token: Token | None = TOKEN
    """None: the keys are in files whatever the others do, as those of another house are."""

    def __post_init__(self) -> None:
        self.vault: Vault = open_vault(self.folder / "vault.json")[0]
        self.authority = self.open()

    def open(self, passing: Callable[[str], None] = no_hook) -> Authority:
        return Authority.open(
            self.folder / "ca",
            PASSPHRASE,
            self.vault,
            settings=self.settings,
            token=self.token,
            environment=Environment(now=self.clock, passing=passing),
        )

    def restart(self, dies_at: str | None = None) -> None:
        """Come back as a new process would; dies at a step if it is told to."""

        def passing(step: str) -> None:
            if step == dies_at:
                raise Crash(step)

        self.authority.close()
        self.authority = self.open(passing)

    def old(self, **changes: Any) -> Certificate:
        return self.authority.issue(order(**changes))

    def reissue(self, replaces: int, request_id: str = "new", number: int = 1) -> tuple[Enrolment, Certificate]:
        given = self.authority.enrol(enrolment(request_id, replaces))
        return given, self.authority.redeem(given.reference, given.code, request(number))

    def ledger_bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted((self.folder / "ca").glob("ledger.sqlite3*")))


def copy_of(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return folder
