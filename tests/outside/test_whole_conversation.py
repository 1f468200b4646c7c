"""A bank whose authority is in another process: the whole conversation, over CMP, by settings alone."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ca.files import open_pfx
from handlers.local import LocalMessenger
from tests.cli.conftest import write_register
from tests.support.authority_server import free_port
from tests.support.command import program, running, settings_of
from tests.support.customers import GILDONG
from tests.support.local_telegram import PASSWORD, Customer
from tests.support.single_customer import messenger_of_one

SECRET = "between-the-bank-and-its-authority-0123456789"
ID = GILDONG.customer_id


@dataclass
class Places:
    """Two folders of two processes, which share nothing but a secret."""

    authority: Path
    bank: Path
    listen: str
    serial: str

    @property
    def at_the_authority(self) -> dict[str, str]:
        return {"LISTEN": self.listen, "CA_OFFICES": str(self.authority / "offices")}

    @property
    def at_the_bank(self) -> dict[str, str]:
        return {
            "CA_ENGINE": "cmp",
            "CMP_URL": f"http://{self.listen}/cmp",
            "CMP_TRUST": str(self.bank / "trust.pem"),
            "CMP_REFERENCE": "bank",
            "CMP_SECRET_FILE": str(self.bank / "secret"),
        }

    def statuses(self) -> list[tuple[str, str | None]]:
        said = program("ca", "status", "--customer", ID, "--json", folder=self.authority)
        return [(row["status"], row.get("reason")) for row in json.loads(said.stdout)]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    authority, bank = tmp_path / "authority", tmp_path / "bank"
    offices = authority / "offices"
    offices.mkdir(parents=True)
    bank.mkdir()
    for path in (offices / "bank.secret", bank / "secret"):
        path.write_text(SECRET)
        path.chmod(0o600)
    register = str(write_register(tmp_path / "customers.csv", GILDONG))
    for folder in (authority, bank):
        assert program("customers", "import", register, folder=folder).returncode == 0
    issued = program("ca", "issue", "--customer", ID, "--json", folder=authority)
    places = Places(authority, bank, f"127.0.0.1:{free_port()}", json.loads(issued.stdout)["serial"])
    program("ca", "export", "--serial", places.serial, "--to", str(tmp_path), folder=authority)
    chain = [(tmp_path / name).read_text() for name in ("issuing.pem", "root.pem")]
    (bank / "trust.pem").write_text("".join(chain))
    adopted = program(
        "ca", "adopt", "--customer", ID, "--certificate", str(tmp_path / "cert.der"), "--json",
        folder=bank, **places.at_the_bank,
    )  # fmt: skip
    assert json.loads(adopted.stdout)["serial"] == places.serial
    return places


@pytest.fixture
async def world() -> AsyncIterator[LocalMessenger]:
    async with messenger_of_one() as made:
        yield made


async def test_from_lost_to_a_new_one_while_the_authority_comes_and_goes(world: LocalMessenger, places: Places) -> None:
    customer = Customer(world.person(101), world, "ko")
    settings = settings_of(world, places.bank / "data") | places.at_the_bank
    async with running("run", folder=places.bank, **settings) as bot:
        await customer.applies(GILDONG)
        await customer.taps("button.submit")
        await customer.sees("enrolled.password")
        await customer.says(PASSWORD)
        await customer.sees("card.delayed", patience=30)
        async with running("ca", "serve", folder=places.authority, **places.at_the_authority):
            await customer.sees("card.issued", patience=60)
            files = customer.files()
        assert await bot.ends() == 0

    identity = open_pfx(files["certificate.p12"], PASSWORD)
    assert identity.summary.real_name == GILDONG.name
    assert await asyncio.to_thread(places.statuses) == [("revoked", "superseded"), ("good", None)]
    assert not (places.bank / "data" / "ca").exists()
    assert not [line for line in bot.said if "Traceback" in line or SECRET in line]
