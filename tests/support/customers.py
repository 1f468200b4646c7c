"""Customers for tests: what the register knows of them, and how they are reached."""

from datetime import date

from bot.identity.register import CustomerRecord
from handlers.local import Persona

GILDONG = CustomerRecord(
    customer_id="C1001",
    name="홍길동",
    birth_date=date(1980, 5, 21),
    phone="01012345678",
    email="gildong@customers.example",
    account="12345678901234",
    id_type="resident_card",
    id_issued_on=date(2019, 7, 3),
    idn="8005211234567",
)
AN = CustomerRecord(
    customer_id="C1004",
    name="NGUYEN VAN AN",
    birth_date=date(1995, 8, 9),
    phone="01045678901",
    email="an@customers.example",
    account="4567890123456",
    id_type="foreigner_card",
    id_issued_on=date(2023, 2, 28),
    idn="9508095567890",
)
OPERATORS = -1001
STAFF = Persona(900, "Min-ji", "Staff", None, "+821099990000", "staff@bank.example", "ko", {})


def persona(record: CustomerRecord, user_id: int, language: str = "ko") -> Persona:
    phone = f"+82{record.phone[1:]}"
    return Persona(user_id, record.name[1:], record.name[0], None, phone, record.email, language, {})


def crowd(count: int) -> list[CustomerRecord]:
    """Return this many different customers, all with valid data."""
    return [
        CustomerRecord(
            customer_id=f"C{number:06}",
            name=f"김{chr(0xAC00 + number % 11172)}",
            birth_date=date(1950 + number % 50, 1 + number % 12, 1 + number % 28),
            phone=f"010{20_000_000 + number:08}",
            email=f"c{number}@customers.example",
            account=f"{10**12 + number}",
            id_type="resident_card",
            id_issued_on=date(2020, 1, 2),
            idn=f"{8_000_000_000_000 + number}",
        )
        for number in range(count)
    ]
