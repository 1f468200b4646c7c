"""Caches the embeddings of phrases on disk: computing one takes tens of milliseconds, and few phrases change."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from bot.knowledge.search.embeddings import UNREADABLE, Floats

DIGEST_BYTES = 16


class VectorCache:
    """Vectors by text. Half precision in memory too, so that a head is the same with and without the cache."""

    def __init__(self, model: str = "", vectors: dict[bytes, npt.NDArray[np.float16]] | None = None) -> None:
        self._model = model
        self._vectors = vectors or {}

    @classmethod
    def read(cls, path: Path, model: str) -> Self:
        """Return an empty cache if the file is missing, unreadable, or of another model."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                if str(archive["model"]) == model:
                    names = archive["names"].tobytes()
                    size = DIGEST_BYTES
                    digests = [names[at : at + size] for at in range(0, len(names), size)]
                    return cls(model, dict(zip(digests, archive["rows"], strict=True)))
        except (OSError, *UNREADABLE):
            pass
        return cls(model)

    def __contains__(self, text: str) -> bool:
        return _digest(text) in self._vectors

    def put(self, texts: Sequence[str], rows: Floats) -> None:
        for text, row in zip(texts, rows, strict=True):
            self._vectors[_digest(text)] = row.astype(np.float16)

    def rows(self, texts: Sequence[str]) -> Floats:
        """Return a row for each text. Raise `KeyError` if one is not cached."""
        found: Floats = np.stack([self._vectors[_digest(text)] for text in texts]).astype(np.float32)
        return found

    def write(self, path: Path, texts: Sequence[str]) -> None:
        """Write the vectors of these texts only. The file is replaced in one step."""
        digests = dict.fromkeys(_digest(text) for text in texts)
        draft = path.with_suffix(".new")
        with draft.open("wb") as file:
            np.savez(
                file,
                model=np.array(self._model),
                names=np.frombuffer(b"".join(digests), dtype=np.uint8),
                rows=np.stack([self._vectors[digest] for digest in digests]),
            )
        draft.replace(path)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
