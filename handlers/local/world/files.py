"""The files of the chats, in memory only. The oldest are dropped when there are too many."""

import hashlib
import struct
from dataclasses import dataclass
from itertools import count

from handlers.local.wire.json_shapes import JSON

_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_PNG_SIZE = slice(16, 24)


@dataclass(frozen=True, slots=True)
class Stored:
    file_id: str
    unique_id: str
    path: str  #: `file_path` of getFile
    name: str
    mime: str
    content: bytes

    def document(self) -> JSON:
        return {**self.brief(), "file_name": self.name, "mime_type": self.mime}

    def photo(self) -> list[JSON]:
        width, height = size_of(self.content)
        return [{**self.brief(), "width": width, "height": height}]

    def brief(self) -> JSON:
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": len(self.content)}


class Files:
    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._held = 0
        self._numbers = count(1)
        self._files: dict[str, Stored] = {}
        self._paths: dict[str, str] = {}

    def add(self, name: str, mime: str, content: bytes, folder: str = "documents") -> Stored:
        number = next(self._numbers)
        unique = hashlib.sha256(content).hexdigest()[:15]
        ending = name.rpartition(".")[2] if "." in name else "bin"
        path = f"{folder}/file_{number}.{ending if ending.isascii() and ending.isalnum() else 'bin'}"
        stored = Stored(f"LOCAL{number:08d}{unique}", f"AQAD{unique}", path, name, mime, content)
        self._files[stored.file_id] = stored
        self._paths[path] = stored.file_id
        self._held += len(content)
        self._forget()
        return stored

    def get(self, file_id: str) -> Stored | None:
        return self._files.get(file_id)

    def at(self, path: str) -> Stored | None:
        return self._files.get(self._paths.get(path, ""))

    def _forget(self) -> None:
        while self._held > self._keep and len(self._files) > 1:
            oldest = self._files.pop(next(iter(self._files)))
            self._paths.pop(oldest.path, None)
            self._held -= len(oldest.content)


def image_type(content: bytes) -> str | None:
    """The media type of a picture by its first bytes, or None if a browser must not show it."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for magic, mime in _MAGIC.items() if content.startswith(magic)), None)


def size_of(content: bytes) -> tuple[int, int]:
    if image_type(content) == "image/png" and len(content) >= _PNG_SIZE.stop:
        width, height = struct.unpack(">II", content[_PNG_SIZE])
        return width, height
    return 800, 600
