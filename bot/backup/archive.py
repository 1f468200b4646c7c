"""One file with several parts: a tar whose first member is a manifest of their sizes and digests, under a keyed hash.

It is there whole or not at all, and nothing of it is used before all of it was held against the manifest. It does not
know what the parts are.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 16
AT_ONCE = 1 << 20
VERSION = 1

#: A keyed hash of a text: who has not the key cannot make a bundle that is taken for one of ours.
Mac = Callable[[str], bytes]


class BundleDamaged(Exception):
    """The file is not what was written, or not ours: nothing of it was used."""


class Part(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    bundle: int
    made_at: str
    """When it was begun: nothing that was committed before is missing."""
    schema: int
    """Of the desk's database."""
    parts: dict[str, Part]


class _Signed(msgspec.Struct, frozen=True):
    content: str
    mac: str


def write(to: Path, parts: Mapping[str, Path], made_at: str, schema: int, mac: Mac) -> Manifest:
    """Put these files into one of mode 0600, which appears with its last byte on disk."""
    manifest = Manifest(VERSION, made_at, schema, {name: _part(path) for name, path in parts.items()})
    draft = to.with_name(f".{to.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                content = _signed(manifest, mac)
                archive.addfile(_member(MANIFEST, len(content)), io.BytesIO(content))
                for name, path in parts.items():
                    with path.open("rb") as source:
                        archive.addfile(_member(name, manifest.parts[name].size), source)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(to)
        sync_folder(to.parent)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def check(bundle: Path, mac: Mac) -> Manifest:
    """Read all of it, and write nothing; raise `BundleDamaged` at the first thing that is not as it was written."""
    with _reading(bundle, mac) as (manifest, archive):
        for part, source in _members(bundle, manifest, archive):
            _pour(source, None, manifest.parts[part], part)
    return manifest


def unpack(bundle: Path, into: Mapping[str, Path], mac: Mac) -> None:
    """Write these parts to new files of mode 0600, once more held against the manifest."""
    with _reading(bundle, mac) as (manifest, archive):
        for part, source in _members(bundle, manifest, archive):
            if part not in into:
                continue
            handle = os.open(into[part], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                _pour(source, file, manifest.parts[part], part)
                file.flush()
                os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a name outlive a power cut; Windows has no such call, and needs none."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _reading(bundle: Path, mac: Mac) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    try:
        with tarfile.open(bundle, mode="r:") as archive:
            yield _manifest(bundle, archive, mac), archive
    except (tarfile.TarError, EOFError, ValueError, msgspec.MsgspecError) as error:
        raise BundleDamaged(f"{bundle} is damaged, or no backup of ours") from error


def _manifest(bundle: Path, archive: tarfile.TarFile, mac: Mac) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > LARGEST_MANIFEST:
        raise BundleDamaged(f"{bundle} does not begin with a manifest: it is no backup of ours")
    signed = msgspec.json.decode(_content(archive, first).read(), type=_Signed)
    if mac(signed.content).hex() != signed.mac:
        raise BundleDamaged(f"the manifest of {bundle} was changed, or belongs to another master key")
    manifest = msgspec.json.decode(signed.content, type=Manifest)
    if manifest.bundle != VERSION:
        raise BundleDamaged(f"{bundle} was written by a newer release")
    return manifest


def _members(bundle: Path, manifest: Manifest, archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield every part that the manifest names, once; raise at any other, and if one is missing."""
    left = set(manifest.parts)
    while (member := archive.next()) is not None:
        if not member.isreg() or member.name not in left:
            raise BundleDamaged(f"{bundle} has a part that is not in its manifest")
        left.remove(member.name)
        yield member.name, _content(archive, member)
    if left:
        raise BundleDamaged(f"{bundle} lacks {', '.join(sorted(left))}")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    source = archive.extractfile(member)
    if source is None:
        raise BundleDamaged(f"{member.name} cannot be read")
    return source


def _pour(source: IO[bytes], to: IO[bytes] | None, expected: Part, name: str) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(AT_ONCE):
        digest.update(chunk)
        size += len(chunk)
        if to is not None:
            to.write(chunk)
    if (size, digest.hexdigest()) != (expected.size, expected.sha256):
        raise BundleDamaged(f"{name} in the backup was changed")


def _part(path: Path) -> Part:
    with path.open("rb") as file:
        return Part(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Say nothing about the machine."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _signed(manifest: Manifest, mac: Mac) -> bytes:
    content = msgspec.json.encode(manifest).decode()
    return msgspec.json.encode(_Signed(content, mac(content).hex()))
