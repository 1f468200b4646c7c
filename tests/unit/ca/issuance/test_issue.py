from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ca import CaRefusal, Status
from ca.asn1.vid import read_identify_data, virtual_id
from tests.support.authority import HOLDER, IDN, NAME, SmallAuthority, key, order


def test_the_same_order_again_is_the_same_certificate(small_ca: SmallAuthority) -> None:
    first = small_ca.authority.issue(order())
    small_ca.clock.pass_(hours=5)
    small_ca.restart()
    assert small_ca.authority.issue(order()) == first
    assert len(small_ca.authority.certificates(HOLDER)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": "김철수"},
        {"holder": "C-0002"},
        {"idn": "9001011234568"},
        {"number": 1},
        {"not_after": date(2027, 5, 1)},
    ],
)
def test_a_request_id_belongs_to_one_order(small_ca: SmallAuthority, change: dict[str, object]) -> None:
    small_ca.authority.issue(order())
    with pytest.raises(CaRefusal, match="R15 reason=request_reused"):
        small_ca.authority.issue(order(**change))


def test_subject_holds_name_and_digits_in_the_korean_order(small_ca: SmallAuthority) -> None:
    certificate = x509.load_der_x509_certificate(small_ca.old().der)
    subject = [(part.oid, part.value) for part in certificate.subject]
    assert subject == [
        (NameOID.COUNTRY_NAME, "kr"),
        (NameOID.ORGANIZATION_NAME, "reissue-bot"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "personal4IB"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "IBK"),
        (NameOID.COMMON_NAME, f"{NAME}()0003041202703100000001"),
    ]


def test_the_second_certificate_of_a_day_has_the_next_number(small_ca: SmallAuthority) -> None:
    first, second = small_ca.old(), small_ca.old(request_id="other", number=1, holder="C-0002")
    names = [x509.load_der_x509_certificate(c.der).subject.rfc4514_string() for c in (first, second)]
    assert "0000001," in names[0]
    assert "0000002," in names[1]


def test_vid_proves_the_identity_number_with_r(small_ca: SmallAuthority) -> None:
    data = read_identify_data(x509.load_der_x509_certificate(small_ca.old().der))
    assert data.real_name == NAME
    assert data.user_info[0].vid.virtual_id == virtual_id(IDN, key(0).random_number)


def test_serials_are_positive_long_and_unlike(small_ca: SmallAuthority) -> None:
    serials = {small_ca.old(request_id=f"r{n}").serial for n in range(20)}
    assert len(serials) == 20
    assert {serial.bit_length() for serial in serials} == {127}


def test_a_serial_is_never_used_twice(small_ca: SmallAuthority) -> None:
    taken = small_ca.old().serial
    draws = iter([taken.to_bytes(16, "big"), b"\x01" * 16])
    small_ca.authority._registrar._issuance._entropy = lambda _: next(draws)
    assert small_ca.old(request_id="other", number=1).serial == int.from_bytes(b"\x41" + b"\x01" * 15, "big")


KST_MIDNIGHT = datetime(2026, 5, 31, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "begin"),
    [
        (date(2026, 6, 1), KST_MIDNIGHT),
        (
            datetime(2026, 6, 1, 9, 30, 59, tzinfo=timezone(timedelta(hours=9))),
            datetime(2026, 6, 1, 0, 30, tzinfo=UTC),
        ),
        (None, datetime(2027, 3, 10, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_certificate_begins_at_midnight_or_at_its_minute(
    small_ca: SmallAuthority, given: date | datetime | None, begin: datetime
) -> None:
    assert small_ca.old(not_before=given).not_before == begin


def test_a_back_dated_certificate_lasts_a_calendar_year_and_expires_by_the_clock(
    small_ca: SmallAuthority,
) -> None:
    certificate = small_ca.old(not_before=date(2026, 3, 9))
    assert certificate.not_after == datetime(2027, 3, 9, 14, 59, 59, tzinfo=UTC)
    small_ca.clock.now = certificate.not_after
    assert small_ca.authority.certificates(HOLDER)[0].status is Status.GOOD
    small_ca.clock.pass_(seconds=1)
    assert small_ca.authority.certificates(HOLDER)[0].status is Status.EXPIRED


@pytest.mark.parametrize(
    "dates",
    [
        {"not_before": date(2027, 4, 2), "not_after": date(2027, 4, 1)},
        {"not_after": date(2099, 1, 1)},
        {"not_before": date(1999, 1, 1)},
    ],
)
def test_impossible_dates_are_refused(small_ca: SmallAuthority, dates: dict[str, date]) -> None:
    with pytest.raises(CaRefusal, match="R15 reason=dates"):
        small_ca.old(**dates)
    assert small_ca.old().serial  # and with possible ones it is issued


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "가" * 14}, "name_too_long"),
        ({"name": ""}, "name_unfit"),
        ({"name": " 홍길동"}, "name_unfit"),
        ({"name": "홍\x00길동"}, "name_unfit"),
        ({"name": "홍\u200b길동"}, "name_unfit"),
        ({"name": "홍\u202e길동"}, "name_unfit"),
        ({"idn": "900101-1234567"}, "idn_unfit"),
        ({"idn": "٩٠٠١٠١١٢٣٤٥٦٧"}, "idn_unfit"),
        ({"profile": "../settings"}, "unknown_profile"),
        ({"random_number": b"short"}, "random_number"),
    ],
)
def test_what_a_certificate_cannot_carry_is_refused_before_a_serial_is_used(
    small_ca: SmallAuthority, change: dict[str, object], reason: str
) -> None:
    with pytest.raises(CaRefusal, match="R15") as refusal:
        small_ca.old(**change)
    assert refusal.value.fields["reason"] == reason
    with small_ca.authority._ledger.reading() as tx:
        assert list(tx.all("whole_intent")) == []


def test_thirteen_syllables_fit(small_ca: SmallAuthority) -> None:
    name = "가" * 13
    assert read_identify_data(x509.load_der_x509_certificate(small_ca.old(name=name).der)).real_name == name


def test_decomposed_names_are_composed(small_ca: SmallAuthority) -> None:
    decomposed = "홍길동"
    assert read_identify_data(x509.load_der_x509_certificate(small_ca.old(name=decomposed).der)).real_name == NAME
