"""Writes and reads a tar of several files. Its first member is a manifest of their sizes and digests, with a MAC.

The archive is written in one step, and it is verified completely before any part is used. It does not know what the
parts are.
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
MAX_MANIFEST_BYTES = 1 << 16
CHUNK_BYTES = 1 << 20
VERSION = 1

#: A message authentication code of a text: without the key nobody can make a valid archive.
Mac = Callable[[str], bytes]


class BackupDamaged(Exception):
    """The file was changed, or is not a backup of this application. No part of it was used."""


class Part(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    bundle: int
    made_at: str
    """When the backup started: everything committed before is in it."""
    schema: int
    """Of the bot's database."""
    parts: dict[str, Part]


class _SignedManifest(msgspec.Struct, frozen=True):
    content: str
    mac: str


def write(to: Path, parts: Mapping[str, Path], made_at: str, schema: int, mac: Mac) -> Manifest:
    """Write these files into an archive with mode 0600, which gets its name after it is synced to disk."""
    manifest = Manifest(VERSION, made_at, schema, {name: _part(path) for name, path in parts.items()})
    draft = to.with_name(f".{to.name}.new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                content = _with_mac(manifest, mac)
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


def check(backup: Path, mac: Mac) -> Manifest:
    """Verify the archive without writing anything. Raise `BackupDamaged` at the first difference."""
    with _reading(backup, mac) as (manifest, archive):
        for part, source in _members(backup, manifest, archive):
            _copy_verified(source, None, manifest.parts[part], part)
    return manifest


def unpack(backup: Path, into: Mapping[str, Path], mac: Mac) -> None:
    """Write these parts to new files with mode 0600, and verify them again."""
    with _reading(backup, mac) as (manifest, archive):
        for part, source in _members(backup, manifest, archive):
            if part not in into:
                continue
            handle = os.open(into[part], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                _copy_verified(source, file, manifest.parts[part], part)
                file.flush()
                os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename survive a power failure. Windows has no such call and does not need one."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _reading(backup: Path, mac: Mac) -> Iterator[tuple[Manifest, tarfile.TarFile]]:
    try:
        with tarfile.open(backup, mode="r:") as archive:
            yield _manifest(backup, archive, mac), archive
    except (tarfile.TarError, EOFError, ValueError, msgspec.MsgspecError) as error:
        raise BackupDamaged(f"{backup} is damaged, or not a backup of this application") from error


def _manifest(backup: Path, archive: tarfile.TarFile, mac: Mac) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MAX_MANIFEST_BYTES:
        raise BackupDamaged(f"{backup} does not start with a manifest: it is not a backup of this application")
    signed = msgspec.json.decode(_content(archive, first).read(), type=_SignedManifest)
    if mac(signed.content).hex() != signed.mac:
        raise BackupDamaged(f"the manifest of {backup} was changed, or belongs to another master key")
    manifest = msgspec.json.decode(signed.content, type=Manifest)
    if manifest.bundle != VERSION:
        raise BackupDamaged(f"{backup} was written by a newer release")
    return manifest


def _members(backup: Path, manifest: Manifest, archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield each part of the manifest once. Raise if a part is missing, or is not in the manifest."""
    missing = set(manifest.parts)
    while (member := archive.next()) is not None:
        if not member.isreg() or member.name not in missing:
            raise BackupDamaged(f"{backup} has a part that is not in its manifest")
        missing.remove(member.name)
        yield member.name, _content(archive, member)
    if missing:
        raise BackupDamaged(f"{backup} lacks {', '.join(sorted(missing))}")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    source = archive.extractfile(member)
    if source is None:
        raise BackupDamaged(f"{member.name} cannot be read")
    return source


def _copy_verified(source: IO[bytes], to: IO[bytes] | None, expected: Part, name: str) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if to is not None:
            to.write(chunk)
    if (size, digest.hexdigest()) != (expected.size, expected.sha256):
        raise BackupDamaged(f"{name} in the backup was changed")


def _part(path: Path) -> Part:
    with path.open("rb") as file:
        return Part(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Leave out the owner, group and time, which tell about the machine."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _with_mac(manifest: Manifest, mac: Mac) -> bytes:
    content = msgspec.json.encode(manifest).decode()
    return msgspec.json.encode(_SignedManifest(content, mac(content).hex()))
