"""Who is found by the claimed identity, where the code is sent, and that a stranger sees the same as everybody."""

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest

from bot.conversation.events import CodeSent, Paused
from bot.conversation.turns.texts import CODE_LIFETIME, digest
from bot.identity.limits import Limit, Limits
from bot.identity.proof import DEFAULT_LIMITS, Claim, Identity, IdentityLimits, mismatches
from bot.identity.register import CustomerRecord, CustomerRegister
from bot.messages.outgoing import Mail, Message, Sms
from bot.storage.database import Transaction
from ca.ledger.vault import Vault
from tests.support.conversation import ANSWERS, NOON
from tests.support.customers import AN, GILDONG, crowd

MINUTE = timedelta(minutes=1)
NEVER = Limit(10**6, MINUTE, MINUTE, MINUTE)
OPEN = IdentityLimits(NEVER, NEVER, NEVER, NEVER)
WRONG = {"name": "김철수", "birth": "1999-09-09", "phone": "01099990000", "account": "9999999999"}


def claim_of(record: CustomerRecord, via: str = "sms") -> Claim:
    return Claim(
        record.name,
        record.birth_date.isoformat(),
        record.phone,
        record.account,
        record.id_type,
        record.id_issued_on.isoformat(),
        via,
    )


@pytest.fixture
def directory(vault: Vault, tx: Transaction) -> CustomerRegister:
    directory = CustomerRegister(vault)
    for record in (GILDONG, AN, *crowd(20)):
        directory.put(tx, record)
    return directory


class Drawn:
    """Entropy that counts how it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, size: int) -> bytes:
        self.asked.append(size)
        return bytes([len(self.asked) % 256]) * size


def identity(directory: CustomerRegister, vault: Vault, policy: IdentityLimits = OPEN) -> tuple[Identity, Drawn]:
    drawn = Drawn()
    return Identity(directory, Limits(vault), policy, drawn), drawn


def sent(who: Identity, tx: Transaction, claim: Claim) -> tuple[CodeSent, str, Message]:
    found = who.send_code(tx, 42, claim, "ko", NOON)
    assert not isinstance(found, Paused)
    return found


def code_in(message: Message) -> str:
    found = re.search(r"'code': '(\d{6})'", repr(message))
    assert found
    return found[1]


# --- who is found ---


def test_the_claim_is_read_from_the_answers() -> None:
    claim = Claim.of(ANSWERS)
    assert (claim.name, claim.birth, claim.via) == ("홍길동", "1985-11-02", "sms")


def test_everything_right_finds_the_customer(directory: CustomerRegister, vault: Vault, tx: Transaction) -> None:
    event, lane, message = sent(identity(directory, vault)[0], tx, claim_of(GILDONG))
    assert (event.customer, event.expires_at, lane) == ("C1001", NOON + CODE_LIFETIME, "sms")
    assert isinstance(message, Sms)
    assert message.to == GILDONG.phone
    assert event.digest == digest(event.salt, code_in(message))


@pytest.mark.parametrize("right", list(combinations(WRONG, 2)), ids="+".join)
def test_two_of_four_are_enough(
    directory: CustomerRegister, vault: Vault, tx: Transaction, right: tuple[str, str]
) -> None:
    claim = replace(claim_of(GILDONG), **{field: value for field, value in WRONG.items() if field not in right})
    event, _, message = sent(identity(directory, vault)[0], tx, claim)
    assert event.customer == "C1001"
    assert isinstance(message, Sms)
    assert message.to == GILDONG.phone, "the code goes to the register's number, whatever was typed"


@pytest.mark.parametrize("right", [*WRONG, None])
def test_one_of_four_finds_nobody(
    directory: CustomerRegister, vault: Vault, tx: Transaction, right: str | None
) -> None:
    claim = replace(claim_of(GILDONG), **{field: value for field, value in WRONG.items() if field != right})
    event, _, message = sent(identity(directory, vault)[0], tx, claim)
    assert (event.customer, getattr(message, "to", None)) == (None, "")


def test_the_better_fit_is_meant(directory: CustomerRegister, vault: Vault, tx: Transaction) -> None:
    claim = replace(claim_of(GILDONG), phone=AN.phone)
    assert sent(identity(directory, vault)[0], tx, claim)[0].customer == "C1001"


def test_between_two_that_fit_alike_nobody_is_meant(directory: CustomerRegister, vault: Vault, tx: Transaction) -> None:
    claim = replace(claim_of(GILDONG), phone=AN.phone, account=AN.account)
    event, _, message = sent(identity(directory, vault)[0], tx, claim)
    assert (event.customer, getattr(message, "to", None)) == (None, "")
    twin = CustomerRecord(
        **{**{each: getattr(GILDONG, each) for each in GILDONG.__struct_fields__}, "customer_id": "C1"}
    )
    directory.put(tx, twin)
    assert sent(identity(directory, vault)[0], tx, claim_of(GILDONG))[0].customer is None


# --- where the code goes ---


def test_a_mail_goes_to_the_registers_address(directory: CustomerRegister, vault: Vault, tx: Transaction) -> None:
    event, lane, message = sent(identity(directory, vault)[0], tx, claim_of(GILDONG, "mail"))
    assert (event.customer, lane) == ("C1001", "mail")
    assert isinstance(message, Mail)
    assert message.to == GILDONG.email


def test_without_an_address_the_code_goes_to_the_phone(
    directory: CustomerRegister, vault: Vault, tx: Transaction
) -> None:
    fields = {each: getattr(AN, each) for each in AN.__struct_fields__}
    directory.put(tx, CustomerRecord(**{**fields, "email": ""}))
    _, lane, message = sent(identity(directory, vault)[0], tx, claim_of(AN, "mail"))
    assert lane == "sms"
    assert isinstance(message, Sms)
    assert message.to == AN.phone


@pytest.mark.parametrize("via", ["sms", "mail"])
def test_a_stranger_costs_the_same_work_and_sees_the_same(
    directory: CustomerRegister, vault: Vault, tx: Transaction, via: str
) -> None:
    known, strange = claim_of(GILDONG, via), replace(claim_of(GILDONG, via), **WRONG)
    (here, drawn), (there, decoy) = identity(directory, vault), identity(directory, vault)
    real, lane, message = sent(here, tx, known)
    event, other_lane, nothing = sent(there, tx, strange)
    assert drawn.asked == decoy.asked
    assert (lane, type(message)) == (other_lane, type(nothing))
    assert (real.expires_at, len(real.digest), len(real.salt)) == (
        event.expires_at,
        len(event.digest),
        len(event.salt),
    )
    assert (event.customer, getattr(nothing, "to", None)) == (None, "")


def test_codes_have_six_digits_and_are_drawn_anew(directory: CustomerRegister, vault: Vault, tx: Transaction) -> None:
    who, _ = identity(directory, vault)
    codes = [code_in(sent(who, tx, claim_of(GILDONG))[2]) for _ in range(20)]
    assert {len(code) for code in codes} == {6}
    assert len(set(codes)) == 20
    zero = Identity(directory, Limits(vault), OPEN, bytes)
    assert code_in(sent(zero, tx, claim_of(GILDONG))[2]) == "000000", "zeros in front count"


# --- what does not fit ---


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "김철수", "R01"),
        ("birth", "1980-05-22", "R02"),
        ("account", "12345678901235", "R03"),
        ("phone", "01012345679", "R04"),
        ("id_type", "passport", "R11"),
        ("id_issued_on", "2019-07-04", "R11"),
    ],
)
def test_each_field_that_differs_has_its_code(field: str, value: str, code: str) -> None:
    assert mismatches(GILDONG, claim_of(GILDONG)) == []
    assert mismatches(GILDONG, replace(claim_of(GILDONG), **{field: value})) == [code]


def test_every_code_is_told_in_its_order() -> None:
    claim = replace(claim_of(GILDONG), **WRONG, id_type="passport")
    assert mismatches(GILDONG, claim) == ["R01", "R02", "R03", "R04", "R11"]


@pytest.mark.parametrize("name", ["nguyen van an", "NguyenVanAn", "NGUYEN VAN-AN"])
def test_a_name_in_another_spelling_is_the_same_name(name: str) -> None:
    assert mismatches(AN, replace(claim_of(AN), name=name)) == []


# --- limits ---


def tries(who: Identity, tx: Transaction, claim: Claim, chat_id: int, most: int = 50) -> int:
    """Return how many codes this chat gets before it has to wait."""
    for number in range(most):
        if isinstance(who.send_code(tx, chat_id, claim, "ko", NOON), Paused):
            return number
    return most


def test_a_chat_waits_after_five_codes(directory: CustomerRegister, vault: Vault, tx: Transaction) -> None:
    who, _ = identity(directory, vault, DEFAULT_LIMITS)
    assert tries(who, tx, claim_of(GILDONG), chat_id=1) == 5
    paused = who.send_code(tx, 1, claim_of(GILDONG), "ko", NOON)
    assert paused == Paused(NOON + DEFAULT_LIMITS.chat.pause)
    assert not isinstance(who.send_code(tx, 1, claim_of(GILDONG), "ko", NOON + 10 * MINUTE), Paused)


@pytest.mark.parametrize("known", [True, False])
def test_a_person_is_protected_across_chats_known_or_not(
    directory: CustomerRegister, vault: Vault, tx: Transaction, known: bool
) -> None:
    claim = claim_of(GILDONG) if known else replace(claim_of(GILDONG), **WRONG)
    who, _ = identity(directory, vault, DEFAULT_LIMITS)
    assert sum(tries(who, tx, claim, chat_id) for chat_id in range(10)) == DEFAULT_LIMITS.person.tries


def test_a_phone_that_is_tried_under_many_names_is_protected(
    directory: CustomerRegister, vault: Vault, tx: Transaction
) -> None:
    who, _ = identity(directory, vault, DEFAULT_LIMITS)
    born = date(1970, 1, 1)
    claims = [
        replace(claim_of(GILDONG), birth=(born + timedelta(days=each)).isoformat(), account=f"{10**11 + each}")
        for each in range(20)
    ]
    answers = [who.send_code(tx, 100 + number, claim, "ko", NOON) for number, claim in enumerate(claims)]
    assert [isinstance(each, Paused) for each in answers] == [False] * 8 + [True] * 12


def test_a_chat_that_waits_uses_up_nothing_of_its_victim(
    directory: CustomerRegister, vault: Vault, tx: Transaction
) -> None:
    who, _ = identity(directory, vault, DEFAULT_LIMITS)
    for _ in range(30):
        who.send_code(tx, 1, claim_of(GILDONG), "ko", NOON)
    assert tries(who, tx, claim_of(GILDONG), chat_id=2) == DEFAULT_LIMITS.person.tries - 5


def test_applications_that_do_not_fit_are_counted_by_person(
    directory: CustomerRegister, vault: Vault, tx: Transaction
) -> None:
    who, _ = identity(directory, vault, DEFAULT_LIMITS)
    found = [who.count_refusal(tx, "C1001", NOON) for _ in range(6)]
    assert found == [None] * 5 + [NOON + DEFAULT_LIMITS.refusals.pause]
    assert who.count_refusal(tx, "C1004", NOON) is None
