"""Vectors of texts, kept on disk: making one takes tens of milliseconds, and staff change few texts at a time."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from bot.knowledge.search.embeddings import UNREADABLE, Floats

DIGEST_BYTES = 16


class Vectors:
    """By text; in half precision also before they are on disk, so that a head is the same with and without them."""

    def __init__(self, model: str = "", known: dict[bytes, npt.NDArray[np.float16]] | None = None) -> None:
        self._model = model
        self._known = known or {}

    @classmethod
    def read(cls, path: Path, model: str) -> Self:
        """Return none where there are none, or another model's."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                if str(kept["model"]) == model:
                    names = kept["names"].tobytes()
                    size = DIGEST_BYTES
                    digests = [names[at : at + size] for at in range(0, len(names), size)]
                    return cls(model, dict(zip(digests, kept["rows"], strict=True)))
        except (OSError, *UNREADABLE):
            pass
        return cls(model)

    def __contains__(self, text: str) -> bool:
        return _name(text) in self._known

    def put(self, texts: Sequence[str], rows: Floats) -> None:
        for text, row in zip(texts, rows, strict=True):
            self._known[_name(text)] = row.astype(np.float16)

    def rows(self, texts: Sequence[str]) -> Floats:
        """Return a row for each text; raise `KeyError` for one that is not known."""
        found: Floats = np.stack([self._known[_name(text)] for text in texts]).astype(np.float32)
        return found

    def write(self, path: Path, texts: Sequence[str]) -> None:
        """Keep those of these texts, and forget others. The file is there whole or not at all."""
        names = dict.fromkeys(_name(text) for text in texts)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            np.savez(
                file,
                model=np.array(self._model),
                names=np.frombuffer(b"".join(names), dtype=np.uint8),
                rows=np.stack([self._known[name] for name in names]),
            )
        fresh.replace(path)


def _name(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
