"""One authority with a small history, laid out as files for programs that nobody here wrote."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca import Authority, Certificate, EnrolmentOrder, KeyRequest, Order, Reason
from ca.files import KeyMaterial, Scheme, folder_name, generate_key, npki_zip, write_pfx, write_signpri

NAME, IDN, PASSWORD = "홍길동", "9001011234567", "Correct-Horse-9"
LONG_NAME = "가" * 13
FOREIGN_NAME = "HONG (KILDONG) & CO"


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


@dataclass
class Exhibits:
    """The files, and what they were made from."""

    folder: Path
    authority: Authority
    key: KeyMaterial
    new: Certificate
    names: dict[str, Certificate]

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    @property
    def npki(self) -> Path:
        return self.folder / "NPKI" / "reissue-bot" / "USER" / folder_name(self.new.der)


def history(authority: Authority) -> tuple[KeyMaterial, dict[str, Certificate]]:
    """Issue an old certificate, reissue it, and put others into every state."""

    def issue(request_id: str, name: str, days: int = 90) -> Certificate:
        key = generate_key()
        begin = datetime.now(UTC) - timedelta(days=days)
        return authority.issue(Order(request_id, request_id, name, IDN, key.random_number, key.spki, not_before=begin))

    made = {name: issue(name, NAME) for name in ("old", "held", "stolen", "unspecified", "expired")}
    made |= {"long": issue("long", LONG_NAME), "foreign": issue("foreign", FOREIGN_NAME)}
    given = authority.enrol(EnrolmentOrder("new", "old", NAME, IDN, made["old"].serial))
    key = generate_key()
    made["new"] = authority.redeem(given.reference, given.code, KeyRequest(key.spki, key.random_number))
    authority.hold(made["held"].serial, "freeze")
    authority.revoke(made["stolen"].serial, Reason.KEY_COMPROMISE, "theft")
    authority.revoke(made["unspecified"].serial, Reason.UNSPECIFIED, "other")
    return key, made


def lay_out(scene: Exhibits) -> None:
    chain = (scene.authority.chain.issuing, scene.authority.chain.root)
    for name, certificate in scene.names.items():
        scene.file(f"{name}.pem", pem(certificate.der))
    for name, der in zip(("issuing", "root"), chain, strict=True):
        scene.file(f"{name}.pem", pem(der))
    scene.file("ca.pem", b"".join(pem(der) for der in chain))
    lists = {"issuing.crl": scene.authority.crl(), "root.crl": scene.authority.root_crl()}
    for name, der in lists.items():
        scene.file(name, x509.load_der_x509_crl(der).public_bytes(Encoding.PEM))
    scene.file("lists.pem", b"".join((scene.folder / name).read_bytes() for name in lists))
    for scheme in Scheme:
        scene.file(f"{scheme.name}.key", write_signpri(scene.key.pkcs8, PASSWORD.encode(), scheme))
    for compatible in (False, True):
        content = write_pfx(scene.key.pkcs8, scene.new.der, PASSWORD, chain=chain, compatible=compatible)
        scene.file(f"{'compatible' if compatible else 'modern'}.p12", content)
    archive = scene.file("npki.zip", npki_zip(scene.new.der, (scene.folder / "PBES2.key").read_bytes(), chain=chain))
    shutil.unpack_archive(archive, scene.folder)


Judge = Callable[..., subprocess.CompletedProcess[str]]
