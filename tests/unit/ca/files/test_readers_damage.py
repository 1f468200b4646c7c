"""Whatever the password, what was written is read; whatever the damage, it is a fault and nothing else."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ca.files import (
    FileFault,
    Scheme,
    WrongKeyPassword,
    npki_zip,
    open_pfx,
    read_certificate,
    read_npki_zip,
    read_pem,
    read_signpri,
    write_pem,
    write_pfx,
    write_signpri,
)
from tests.support.authority import key
from tests.support.genuine_npki import (
    CERTIFICATE,
    GENUINE_PASSWORD,
    KEY,
    PASSWORD,
    SEALED,
    genuine,
    is_genuine,
)


@settings(max_examples=25, deadline=None)
@given(
    password=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    number=st.integers(0, 2),
)
def test_what_is_written_under_any_password_is_read_under_it_alone(password: str, number: int) -> None:
    secret, mine = password.encode(), key(number)
    for scheme in Scheme:
        data = write_signpri(mine.pkcs8, secret, scheme)
        assert read_signpri(data, secret) == mine
        with pytest.raises(WrongKeyPassword):
            read_signpri(data, secret + b"x")
    assert is_genuine(open_pfx(write_pfx(KEY, CERTIFICATE, password, compatible=True), password))
    assert is_genuine(read_pem(write_pem(KEY, CERTIFICATE, password), secret))


CHEAP_PFX = write_pfx(KEY, CERTIFICATE, PASSWORD, compatible=True)
READERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "signpri": (genuine("signPri"), lambda data: read_signpri(data, GENUINE_PASSWORD).pkcs8),
    "pbes2": (SEALED, lambda data: read_signpri(data, PASSWORD.encode()).pkcs8),
    "certificate": (CERTIFICATE, lambda data: read_certificate(data).spki),
    "pfx": (CHEAP_PFX, lambda data: open_pfx(data, PASSWORD).key.pkcs8),
    "genuine pfx": (genuine("pfx"), lambda data: open_pfx(data, GENUINE_PASSWORD.decode()).key.pkcs8),
    "pem": (write_pem(KEY, CERTIFICATE, PASSWORD), lambda data: read_pem(data, PASSWORD.encode()).key.pkcs8),
    "zip": (npki_zip(CERTIFICATE, SEALED), lambda data: read_npki_zip(data)[0].signpri),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_file_cut_anywhere_is_a_fault(reader: str) -> None:
    whole, read = READERS[reader]
    assert read(whole)
    for end in cuts(len(whole)):
        with pytest.raises(FileFault):
            read(whole[:end])


def cuts(size: int) -> Iterator[int]:
    yield from range(min(40, size))
    yield from range(40, size - 5, max(1, size // 60))
    yield from range(size - 5, size - 1)


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_a_fault_or_does_not_matter(reader: str, data: st.DataObject) -> None:
    whole, read = READERS[reader]
    at = data.draw(st.integers(0, len(whole) - 1))
    put = data.draw(st.binary(max_size=4))
    drop = data.draw(st.integers(0, 4))
    try:
        found = read(whole[:at] + put + whole[at + drop :])
    except FileFault:
        return
    assert isinstance(found, bytes)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | st.binary(max_size=100).map(lambda noise: b"0\x82" + len(noise).to_bytes(2) + noise))
def test_noise_is_a_fault_to_every_reader(noise: bytes) -> None:
    for _, read in READERS.values():
        with pytest.raises(FileFault):
            read(noise)
