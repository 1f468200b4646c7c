"""Caches search results by a keyed digest of the text, because a text may hold anything and is not kept."""

import hashlib
import os
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")
KEY_BYTES = DIGEST_BYTES = 16


class SearchCache(Generic[Value]):
    """A least-recently-used cache. Safe from any thread."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._key = os.urandom(KEY_BYTES)
        self._values: OrderedDict[bytes, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Value | None:
        digest = self._digest(text)
        with self._lock:
            value = self._values.get(digest)
            if value is not None:
                self._values.move_to_end(digest)
            return value

    def put(self, text: str, value: Value) -> None:
        with self._lock:
            self._values[self._digest(text)] = value
            if len(self._values) > self._max_size:
                self._values.popitem(last=False)

    def _digest(self, text: str) -> bytes:
        encoded = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(encoded, key=self._key, digest_size=DIGEST_BYTES).digest()
