"""Invented customers, with secrets that must not be found anywhere afterwards."""

from dataclasses import dataclass
from datetime import date

from bot.identity.register import CustomerRecord
from handlers.local import Persona

FIRST_USER = 5_000
#: Syllables in an order that no text of ours has, so that a name found on disk is a leak.
SYLLABLES = "갑뭇쾨펑뷸챗꿩툇웩뎅"


@dataclass(frozen=True, slots=True)
class Folk:
    record: CustomerRecord
    user_id: int
    password: str

    @property
    def persona(self) -> Persona:
        phone = f"+82{self.record.phone[1:]}"
        return Persona(self.user_id, "Guest", str(self.user_id), None, phone, self.record.email, "ko", {})

    @property
    def phone_as_typed(self) -> str:
        digits = self.record.phone
        return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"

    @property
    def secrets(self) -> tuple[str, ...]:
        record = self.record
        return (
            record.name, record.phone, self.phone_as_typed, self.persona.phone, record.account, record.email,
            record.idn, record.birth_date.isoformat(), self.password,
        )  # fmt: skip


def folk(count: int) -> list[Folk]:
    return [_folk(number) for number in range(count)]


def _folk(number: int) -> Folk:
    name = "홍" + "".join(SYLLABLES[int(digit)] for digit in f"{number:04}")
    birth = date(1950 + number % 45, 1 + number % 12, 1 + number % 28)
    record = CustomerRecord(
        customer_id=f"F{number:05}",
        name=name,
        birth_date=birth,
        phone=f"010{37_000_000 + number * 7:08}",
        email=f"quux{number}@folk.example",
        account=f"{770_000_000_000 + number * 13}",
        id_type="resident_card",
        id_issued_on=date(2020, 1, 2),
        idn=f"{birth:%y%m%d}1{number * 11:06}",
    )
    return Folk(record, FIRST_USER + number, f"Bada!{number:03}sunsetGlow")
