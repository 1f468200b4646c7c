"""What was found for the texts of late. The texts, which may be anything, are not kept: only their digests."""

import hashlib
import os
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Found = TypeVar("Found")
KEY_BYTES = DIGEST_BYTES = 16


class SearchCache(Generic[Found]):
    """The latest so many, by text; for any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._key = os.urandom(KEY_BYTES)
        self._kept: OrderedDict[bytes, Found] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Found | None:
        name = self._name(text)
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, text: str, found: Found) -> None:
        with self._lock:
            self._kept[self._name(text)] = found
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def _name(self, text: str) -> bytes:
        whole = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(whole, key=self._key, digest_size=DIGEST_BYTES).digest()
