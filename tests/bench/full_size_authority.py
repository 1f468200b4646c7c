"""An authority as an operator opens it, with keys of full size and the machine's clock."""

import shutil
from pathlib import Path

from ca import (
    Authority,
    AuthoritySettings,
    Certificate,
    Enrolment,
    EnrolmentOrder,
    KeyRequest,
    Order,
    open_vault,
)
from tests.bench.openssl_ca import StockAuthority
from tests.support.authority import IDN, NAME, PASSPHRASE

RANDOM_NUMBER = bytes(range(20))


class House:
    """A copy of the authority in a folder of its own, so that every variant begins with an empty ledger."""

    def __init__(self, folder: Path, settings: AuthoritySettings) -> None:
        self.folder = folder
        vault = open_vault(folder / "vault.json")[0]
        self.authority = Authority.open(folder / "ca", PASSPHRASE, vault, settings=settings)

    def copied(self, folder: Path) -> "House":
        shutil.copytree(self.folder, folder)
        return House(folder, self.authority.settings)

    def stock(self, folder: Path) -> StockAuthority:
        pkcs8 = (self.folder / "ca" / "issuing.key").read_bytes()
        return StockAuthority(folder, self.authority.chain.issuing, pkcs8, PASSPHRASE)

    def issue(self, number: int, spki: bytes) -> Certificate:
        return self.authority.issue(Order(f"r-{number}", f"C-{number}", NAME, IDN, RANDOM_NUMBER, spki))

    def enrol(self, number: int) -> Enrolment:
        record = self.authority.record_for(f"r-{number}")
        assert record is not None
        return self.authority.enrol(EnrolmentOrder(f"n-{number}", f"C-{number}", NAME, IDN, record.serial))

    def redeem(self, given: Enrolment, spki: bytes) -> None:
        self.authority.redeem(given.reference, given.code, KeyRequest(spki, RANDOM_NUMBER))
