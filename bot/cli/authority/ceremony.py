"""`reissue-bot ca ceremony`: two persons make the authority's keys, and sign what they did.

The root's key lies in a folder of its own, on a medium that is carried away afterwards, under a passphrase of which
each person knows one half.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from getpass import getpass
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import ca
from bot.issuing import key_files
from bot.settings.settings import Settings, load
from ca.ceremonies.root import joined
from ca.keys.signer import FileStore
from ca.values.disk import write_whole

PERSONS = 2
WARNING = "Keep the medium with the root apart from this machine, and the two halves apart from each other."


class CeremonyStopped(Exception):
    """The ceremony cannot go on; nothing that was made before is lost."""


@dataclass
class Protocol:
    """What happened, in order, for whoever has to believe it later."""

    kind: str
    persons: tuple[str, ...]
    steps: list[dict[str, str]] = field(default_factory=list)

    def note(self, step: str, **facts: str) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.steps.append({"at": at, "step": step, **facts})
        _say(f"{len(self.steps)}. {step}" + "".join(f"\n   {name} {value}" for name, value in facts.items()))

    def written(self) -> bytes:
        software = {name: version(name) for name in ("reissue-bot", "cryptography")}
        content = {"ceremony": self.kind, "persons": self.persons, "software": software, "steps": self.steps}
        return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    ceremony = actions.add_parser("ceremony", help="make or renew the authority's keys, by two persons")
    kinds = ceremony.add_subparsers(title="ceremonies", required=True, metavar="CEREMONY")
    explained = {
        "make": (_make, "make the root, apart, and the first issuing key, in the data folder or its token"),
        "roll-over": (_roll_over, "make the next issuing key; the former ones go on answering"),
        "root-crl": (_root_crl, "renew the root's revocation list"),
    }
    for name, (command, explanation) in explained.items():
        kind = kinds.add_parser(name, help=explanation, description=explanation)
        kind.add_argument("--root", type=Path, required=True, metavar="DIR", help="folder of the root's key")
        kind.add_argument("--person", action="append", default=[], metavar="NAME", help="give it twice")
        kind.add_argument(
            "--half-file",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="a person's half of the passphrase, instead of typing it; give it twice",
        )
        kind.set_defaults(command=command)


def _make(arguments: argparse.Namespace) -> int:
    settings = load()
    if (settings.storage.data_dir / "ca" / "root.der").exists():
        raise CeremonyStopped(f"{settings.storage.data_dir / 'ca'} has an authority already; this would not change it")
    return _hold("make", arguments, settings, lambda _, __: None)


def _roll_over(arguments: argparse.Namespace) -> int:
    def act(authority: ca.Authority, protocol: Protocol) -> None:
        authority.roll_over()
        protocol.note("made the next issuing key", ordinal=str(len(authority.issuers)))

    return _hold("roll-over", arguments, load(), act)


def _root_crl(arguments: argparse.Namespace) -> int:
    return _hold("root-crl", arguments, load(), lambda authority, _: authority.renew_root_crl())


def _hold(
    kind: str,
    arguments: argparse.Namespace,
    settings: Settings,
    act: Callable[[ca.Authority, Protocol], object],
) -> int:
    protocol = Protocol(kind, _persons(arguments.person))
    root = _root(arguments, protocol, first=kind == "make")
    authority = key_files.open_authority(settings, key_files.open_vault(settings, _say), _say, root)
    try:
        act(authority, protocol)
        protocol.note("the root's certificate", sha256=_fingerprint(authority.chain.root))
        protocol.note("the certificate of the key that issues", sha256=_fingerprint(authority.chain.issuing))
        protocol.note("the root's revocation list", sha256=_fingerprint(authority.root_crl()))
        head = authority.audit_head()
        protocol.note("the end of the audit", entries=str(head.entries), digest=head.digest)
    finally:
        authority.close()
    _sign(root, protocol)
    _say(WARNING)
    return 0


def _persons(given: list[str]) -> tuple[str, ...]:
    names = list(given)
    while len(names) < PERSONS:
        names.append(input(f"name of person {len(names) + 1}: ").strip())
    if len(set(names)) != PERSONS or not all(names):
        raise CeremonyStopped("a ceremony has two persons, with different names")
    return tuple(names)


def _root(arguments: argparse.Namespace, protocol: Protocol, *, first: bool) -> ca.Root:
    folder: Path = arguments.root
    if first:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (folder / "root.key").exists():
            protocol.note("found a root, which is used", folder=str(folder))
    elif not (folder / "root.key").exists():
        raise CeremonyStopped(f"{folder} has no root.key: is the medium there?")
    new = not (folder / "root.key").exists()
    halves = [_half(name, arguments.half_file[at : at + 1], new=new) for at, name in enumerate(protocol.persons)]
    try:
        passphrase = joined(*halves)
    except ValueError as error:
        raise CeremonyStopped(str(error)) from None
    root = ca.Root(folder, FileStore(folder, passphrase))
    if not new:
        root.unlock()
    protocol.note("both halves of the passphrase were given", by=" and ".join(protocol.persons))
    return root


def _half(name: str, file: list[Path], *, new: bool) -> str:
    if file:
        return file[0].read_text(encoding="utf-8").strip()
    typed = getpass(f"{name}, your half of the passphrase: ")
    if new and getpass(f"{name}, the same again: ") != typed:
        raise CeremonyStopped("the two were not the same; nothing was made")
    return typed


def _sign(root: ca.Root, protocol: Protocol) -> None:
    """Sign with the root's key: the text begins with a brace, so that it can never be taken for a certificate."""
    content = protocol.written()
    stem = f"protocol-{protocol.kind}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    write_whole(root.folder / f"{stem}.json", content)
    write_whole(root.folder / f"{stem}.sig", root.unlock().sign(content))
    write_whole(root.folder / "root.pub", _public_pem(root))
    _say(f"protocol {root.folder / stem}.json, signed by the root; to check it:")
    _say(f"  openssl dgst -sha256 -verify root.pub -signature {stem}.sig {stem}.json")


def _public_pem(root: ca.Root) -> bytes:
    return root.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
