"""Trains the classifier head on all known phrasings: `reissue-bot faq build`.

A softmax regression with weight decay, optimised by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.4).
The same phrases and vectors give the same head.
"""

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from bot.knowledge.search.embeddings import ClassifierHead, Encoder, Floats, centre, fingerprint
from bot.knowledge.search.vectors import VectorCache

Vector = npt.NDArray[np.float64]
#: Weight decay and the number of iterations, chosen on noisy questions; more iterations overfit.
DECAY, MAX_ITERATIONS = 0.1, 40
HISTORY_SIZE = 10
#: The sufficient decrease of a line search step (Armijo condition).
SUFFICIENT_DECREASE = 1e-4
MIN_STEP = 1e-6
BATCH_SIZE = 64

ProgressCallback = Callable[[int, int], None]


def build(
    phrases: Sequence[tuple[str, str]],
    encoder: Encoder,
    on_progress: ProgressCallback,
    cache: VectorCache | None = None,
) -> ClassifierHead:
    """Train the head. `on_progress` gets the number of embedded texts and the total.

    Vectors in the `cache` are not computed again, and new ones are added to it.
    """
    known = sorted(set(phrases))
    vectors = _encode([text for _, text in known], encoder, on_progress, VectorCache() if cache is None else cache)
    labels = tuple(sorted({label for label, _ in known}))
    numbers = {label: number for number, label in enumerate(labels)}
    mean: Floats = vectors.mean(axis=0)
    weights, bias = _train(centre(vectors, mean), np.array([numbers[label] for label, _ in known]))
    return ClassifierHead(labels, mean, weights, bias, fingerprint(phrases))


def _encode(texts: Sequence[str], encoder: Encoder, on_progress: ProgressCallback, cache: VectorCache) -> Floats:
    new = [text for text in dict.fromkeys(texts) if text not in cache]
    for begin in range(0, len(new), BATCH_SIZE):
        batch = new[begin : begin + BATCH_SIZE]
        cache.put(batch, encoder.encode(batch))
        on_progress(len(texts) - len(new) + begin + len(batch), len(texts))
    return cache.rows(texts)


def _train(vectors: Floats, labels: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    inputs = np.hstack([vectors, np.ones((len(vectors), 1))]).astype(np.float64)
    shape = (inputs.shape[1], int(labels.max()) + 1)
    one_hot = np.eye(shape[1])[labels]
    decay = DECAY / len(inputs)

    def loss(flat: Vector) -> tuple[float, Vector]:
        weights = flat.reshape(shape)
        logits = inputs @ weights
        logits -= logits.max(axis=1, keepdims=True)
        sums = np.exp(logits).sum(axis=1, keepdims=True)
        cross_entropy = -((logits - np.log(sums)) * one_hot).sum() / len(inputs)
        gradient = inputs.T @ (np.exp(logits) / sums - one_hot) / len(inputs)
        gradient[:-1] += decay * weights[:-1]  # the bias has no decay
        return float(cross_entropy + decay / 2 * (weights[:-1] ** 2).sum()), gradient.ravel()

    fitted = _minimise(loss, np.zeros(shape).ravel()).reshape(shape).astype(np.float32)
    return fitted[:-1], fitted[-1]


def _minimise(loss: Callable[[Vector], tuple[float, Vector]], at: Vector) -> Vector:
    value, gradient = loss(at)
    history: deque[tuple[Vector, Vector]] = deque(maxlen=HISTORY_SIZE)
    for _ in range(MAX_ITERATIONS):
        direction = _direction(gradient, history)
        step = 1.0 if history else 1 / max(float(np.linalg.norm(gradient)), 1.0)
        while True:
            candidate = at - step * direction
            new_value, new_gradient = loss(candidate)
            limit = value - SUFFICIENT_DECREASE * step * float(gradient @ direction)
            if new_value <= limit or step < MIN_STEP:
                break
            step /= 2
        if (candidate - at) @ (new_gradient - gradient) > 0:
            history.append((candidate - at, new_gradient - gradient))
        at, value, gradient = candidate, new_value, new_gradient
    return at


def _direction(gradient: Vector, history: Sequence[tuple[Vector, Vector]]) -> Vector:
    """Return the two-loop recursion of L-BFGS; the names are the book's s, y and alpha."""
    direction, alphas = gradient.copy(), []
    for s, y in reversed(history):
        alpha = float(s @ direction) / float(y @ s)
        alphas.append(alpha)
        direction -= alpha * y
    if history:
        s, y = history[-1]
        direction *= float(s @ y) / float(y @ y)
    for (s, y), alpha in zip(history, reversed(alphas), strict=True):
        direction += s * (alpha - float(y @ direction) / float(y @ s))
    return direction
