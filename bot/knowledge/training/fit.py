"""Makes the head upon the model's vectors from all known ways of asking: `reissue-bot faq build`.

A softmax regression with a little decay, by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4). The
same phrases and vectors give the same head.
"""

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from bot.knowledge.search.embeddings import Encoder, Floats, Head, centred, made_of
from bot.knowledge.search.vectors import Vectors

Vector = npt.NDArray[np.float64]
#: How far the weights may go: chosen on noisy questions, and stopped before every phrase is learnt by heart.
DECAY, ROUNDS = 0.1, 40
MEMORY = 10
#: What a step must gain at least, of what its slope promises.
GAIN = 1e-4
SHORTEST_STEP = 1e-6
AT_ONCE = 64

Told = Callable[[int, int], None]


def build(
    phrases: Sequence[tuple[str, str]], encoder: Encoder, told: Told, kept: Vectors | None = None
) -> Head:
    """Make the head. `told` hears how many texts are done, of how many.

    Vectors that are `kept` from an earlier time are not made again, and those that were made are kept.
    """
    known = sorted(set(phrases))
    vectors = _vectors([text for _, text in known], encoder, told, Vectors() if kept is None else kept)
    owners = tuple(sorted({owner for owner, _ in known}))
    numbers = {owner: number for number, owner in enumerate(owners)}
    mean: Floats = vectors.mean(axis=0)
    weights, bias = _fitted(centred(vectors, mean), np.array([numbers[owner] for owner, _ in known]))
    return Head(owners, mean, weights, bias, made_of(phrases))


def _vectors(texts: Sequence[str], encoder: Encoder, told: Told, kept: Vectors) -> Floats:
    new = [text for text in dict.fromkeys(texts) if text not in kept]
    for begin in range(0, len(new), AT_ONCE):
        batch = new[begin : begin + AT_ONCE]
        kept.put(batch, encoder.vectors(batch))
        told(len(texts) - len(new) + begin + len(batch), len(texts))
    return kept.rows(texts)


def _fitted(vectors: Floats, owners: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    inputs = np.hstack([vectors, np.ones((len(vectors), 1))]).astype(np.float64)
    shape = (inputs.shape[1], int(owners.max()) + 1)
    wanted = np.eye(shape[1])[owners]
    decay = DECAY / len(inputs)

    def loss(flat: Vector) -> tuple[float, Vector]:
        weights = flat.reshape(shape)
        logits = inputs @ weights
        logits -= logits.max(axis=1, keepdims=True)
        sums = np.exp(logits).sum(axis=1, keepdims=True)
        missed = -((logits - np.log(sums)) * wanted).sum() / len(inputs)
        slope = inputs.T @ (np.exp(logits) / sums - wanted) / len(inputs)
        slope[:-1] += decay * weights[:-1]  # the bias is free
        return float(missed + decay / 2 * (weights[:-1] ** 2).sum()), slope.ravel()

    fitted = _lowest(loss, np.zeros(shape).ravel()).reshape(shape).astype(np.float32)
    return fitted[:-1], fitted[-1]


def _lowest(loss: Callable[[Vector], tuple[float, Vector]], at: Vector) -> Vector:
    value, slope = loss(at)
    past: deque[tuple[Vector, Vector]] = deque(maxlen=MEMORY)
    for _ in range(ROUNDS):
        way = _direction(slope, past)
        step = 1.0 if past else 1 / max(float(np.linalg.norm(slope)), 1.0)
        while True:
            there = at - step * way
            lower, steepness = loss(there)
            if lower <= value - GAIN * step * float(slope @ way) or step < SHORTEST_STEP:
                break
            step /= 2
        if (there - at) @ (steepness - slope) > 0:
            past.append((there - at, steepness - slope))
        at, value, slope = there, lower, steepness
    return at


def _direction(slope: Vector, past: Sequence[tuple[Vector, Vector]]) -> Vector:
    way, shares = slope.copy(), []
    for moved, turned in reversed(past):
        share = float(moved @ way) / float(turned @ moved)
        shares.append(share)
        way -= share * turned
    if past:
        moved, turned = past[-1]
        way *= float(moved @ turned) / float(turned @ turned)
    for (moved, turned), share in zip(past, reversed(shares), strict=True):
        way += moved * (share - float(turned @ way) / float(turned @ moved))
    return way
