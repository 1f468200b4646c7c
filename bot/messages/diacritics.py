"""Latin letters without their marks: Vietnamese is typed with tone marks and, as often, without."""

import unicodedata

#: For `str.translate`, over lower-case text.
BARE = str.maketrans(
    {
        char: bare
        for char in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)))
        if (bare := unicodedata.normalize("NFD", char)[0]).isascii()
    }
    | {"đ": "d", "ı": "i", "ł": "l", "ø": "o"}
)
