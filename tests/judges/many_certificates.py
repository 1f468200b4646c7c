"""A thousand and more certificates of one authority, of every profile, with names as people have them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import Authority, AuthoritySettings, CaRefusal, Order, Reason, open_vault
from ca.files import KeyMaterial, generate_key
from ca.profiles.names import fit_name
from tests.judges.samples import pem

FAMILY = ("김", "이", "박", "최", "정", "강", "조", "윤", "장", "임", "남궁", "황보", "제갈", "선우")
GIVEN = "가나다라길동영희철수민준서연지우현은하늘뷁샾"
FOREIGN = (
    "NGUYEN THI HUONG", "Nguyễn Thị Hương", "O'BRIEN SEAN", "Müller-Lüdenscheidt Jörg", "王小明", "MARIA DA SILVA",
    "Łukasz Żółć", "Иван Петров", "GARCÍA (JOSÉ)", "Åse Ødegård", "J. R. R. TOLKIEN", "山田 太郎", "D'Angelo, Luca",
    "AT&T KOREA", "(주)한빛 #1", "A=B+C;D", 'X <Y> "Z"', "한빛\\테크", "Al-Ḥasan",
)  # fmt: skip
#: As many holders as keys: a key that is certified for one person is refused for another.
KEYS = 40
REASONS = (
    Reason.UNSPECIFIED,
    Reason.KEY_COMPROMISE,
    Reason.AFFILIATION_CHANGED,
    Reason.SUPERSEDED,
    Reason.CESSATION_OF_OPERATION,
    Reason.PRIVILEGE_WITHDRAWN,
)
GOOD, REVOKED = "good", "revoked"
Verdicts = dict[str, str]


@dataclass(frozen=True)
class Crowd:
    folder: Path
    authority: Authority
    #: What each certificate is in truth, by its name: `GOOD` or `REVOKED`.
    truth: Verdicts
    keys: dict[str, KeyMaterial]
    idns: dict[str, str]

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.file(name).read_bytes())


def people(chance: random.Random) -> Iterator[str]:
    """Yield names for ever: Korean ones of two to six syllables, foreign ones, as long as a certificate can carry."""
    while True:
        if chance.random() < 0.3:
            name = chance.choice(FOREIGN)
        else:
            name = chance.choice(FAMILY) + "".join(chance.choices(GIVEN, k=chance.randint(1, 4)))
        try:
            yield fit_name(name)
        except CaRefusal:
            continue


def gather(folder: Path, count: int, profiles: dict[str, int], base_url: str, seed: int = 1) -> Crowd:
    """Issue `count` certificates by these profiles (each with the length of its identity number), and end some."""
    chance = random.Random(seed)
    vault, _ = open_vault(folder / "vault.json")
    settings = AuthoritySettings(root_bits=2048, issuing_bits=2048, base_url=base_url)
    authority = Authority.open(folder / "ca", b"passphrase", vault, settings=settings)
    keys, names = [generate_key() for _ in range(KEYS)], people(chance)
    crowd = Crowd(folder, authority, {}, {}, {})
    for number in range(count):
        if number == count // 2:
            authority.roll_over()  # the second half is under another key
        profile = list(profiles)[number % len(profiles)]
        idn = "".join(chance.choices("0123456789", k=profiles[profile]))
        _issue(crowd, f"c{number}", keys[number % KEYS], next(names), idn, profile)
    for name in crowd.truth:  # at the end: a key that was revoked once is never certified again
        _end(crowd, name, chance.random())
    return crowd


def _issue(crowd: Crowd, name: str, key: KeyMaterial, person: str, idn: str, profile: str) -> None:
    holder = f"holder-{key.spki[40:48].hex()}"
    begin = datetime.now(UTC) - timedelta(days=len(crowd.truth) % 300)
    order = Order(name, holder, person, idn, key.random_number, key.spki, profile=profile, not_before=begin)
    certificate = crowd.authority.issue(order)
    crowd.file(name).write_bytes(pem(certificate.der))
    crowd.truth[name], crowd.keys[name], crowd.idns[name] = GOOD, key, idn


def _end(crowd: Crowd, name: str, fate: float) -> None:
    serial = crowd.certificate(name).serial_number
    if fate < 0.12:
        crowd.authority.revoke(serial, REASONS[serial % len(REASONS)], f"end-{name}")
    elif fate < 0.18:
        crowd.authority.hold(serial, f"hold-{name}")
        if fate < 0.15:
            crowd.authority.release(serial, f"release-{name}")
    if fate < 0.12 or 0.15 <= fate < 0.18:
        crowd.truth[name] = REVOKED


def lay_out(crowd: Crowd) -> None:
    """Write chain and lists beside the certificates."""
    whole = [crowd.authority.crl(number) for number in range(1, len(crowd.authority.issuers) + 1)]
    lists = [*whole, crowd.authority.root_crl()]
    chain = [*crowd.authority.issuers, crowd.authority.chain.root]
    (crowd.folder / "issuing.pem").write_bytes(b"".join(pem(der) for der in chain[:-1]))
    (crowd.folder / "root.pem").write_bytes(pem(chain[-1]))
    (crowd.folder / "ca.pem").write_bytes(b"".join(pem(der) for der in chain))
    written = [x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in lists]
    (crowd.folder / "lists.pem").write_bytes(b"".join(written))
