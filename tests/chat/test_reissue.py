"""The main job, over sockets: from "I lost it" to a certificate that works."""

import io
import zipfile

import ca
from tests.support.customers import AN, GILDONG
from tests.support.local_telegram import Customer, LocalTelegram


async def test_a_customer_goes_the_whole_way_in_korean(place: LocalTelegram, gildong: Customer) -> None:
    files = await gildong.reissues(GILDONG)

    names = zipfile.ZipFile(io.BytesIO(files["npki.zip"])).namelist()
    assert any(name.endswith("signCert.der") for name in names)
    assert any(name.endswith("signPri.key") for name in names)
    assert files["certificate.p12"]
    old, new = place.authority.certificates(GILDONG.customer_id)
    assert (old.status, new.status) == (ca.Status.REVOKED, ca.Status.GOOD)
    assert new.not_after == old.not_after


async def test_and_in_english(place: LocalTelegram, an: Customer) -> None:
    files = await an.reissues(AN)

    assert set(files) == {"npki.zip", "certificate.p12"}
    assert len(place.authority.certificates(AN.customer_id)) == 2
