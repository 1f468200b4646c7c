"""NPKI folders and zips from a customer. The sizes that a zip states are not trusted."""

import io
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ca.files.faults import FileBroken, TooBig, UnsupportedScheme, WrongKind
from ca.files.kinds import MAX_BYTES, ZIP, kind_of

MAX_ZIP_BYTES = 1024 * 1024
#: Entries of a zip, or files of a folder: a person has a few certificates, not hundreds.
MAX_ENTRIES = 500
DEEPEST = 8
CERTIFICATE, KEY = "signcert.der", "signpri.key"
ENCRYPTED_FLAG = 1
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True, slots=True)
class StoredPair:
    """signCert.der and signPri.key of one folder, not yet opened."""

    folder: str
    """As it was called where it was found; good for showing, and never for writing to."""
    certificate: bytes
    signpri: bytes


def read_npki_zip(data: bytes) -> tuple[StoredPair, ...]:
    """Return every pair in the zip; raise `FileBroken` and its kinds."""
    if len(data) > MAX_ZIP_BYTES:
        raise TooBig("too large for NPKI folders")
    if not data.startswith(ZIP):
        raise WrongKind(f"a zip is needed, and this is {kind_of(data)}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise TooBig("more files than any person has")
            wanted = [entry for entry in entries if PurePosixPath(entry.filename).name.lower() in (CERTIFICATE, KEY)]
            return _pairs((entry.filename, _entry(archive, entry)) for entry in wanted)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise FileBroken("the zip is damaged") from error


def read_npki_folder(root: Path) -> tuple[StoredPair, ...]:
    """Return every pair below this folder, the root of NPKI or one person's; links are not followed."""
    if not root.is_dir():
        raise WrongKind("a folder is needed")
    return _pairs((path.relative_to(root).as_posix(), _file(path)) for path in _files(root))


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & ENCRYPTED_FLAG:
        raise UnsupportedScheme("the zip has a password of its own, which is not read here")
    if entry.compress_type not in METHODS:
        raise UnsupportedScheme("the zip is packed in a way that is not read here")
    if entry.file_size > MAX_BYTES:
        raise TooBig("a file in the zip is too large for its kind")
    with archive.open(entry) as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooBig("a file in the zip is larger than it says")
    return content


def _files(root: Path) -> Iterator[Path]:
    seen = 0
    for name, folders, names in os.walk(root):
        folder = Path(name)
        if len(folder.relative_to(root).parts) >= DEEPEST:
            folders.clear()
        seen += len(names)
        if seen > MAX_ENTRIES:
            raise TooBig("more files than any person has")
        paths = (folder / each for each in names if each.lower() in (CERTIFICATE, KEY))
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _file(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise TooBig("a file is too large for its kind")
    return content


def _pairs(found: Iterable[tuple[str, bytes]]) -> tuple[StoredPair, ...]:
    """Pair the files of one folder; raise `WrongKind` if no folder has a pair."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, content in found:
        path = PurePosixPath(name)
        folders.setdefault(str(path.parent), {})[path.name.lower()] = content
    pairs = [(folder, files) for folder, files in sorted(folders.items()) if len(files) == 2]  # noqa: PLR2004
    if not pairs:
        raise WrongKind("no signCert.der with a signPri.key beside it")
    return tuple(StoredPair(folder, files[CERTIFICATE], files[KEY]) for folder, files in pairs)
