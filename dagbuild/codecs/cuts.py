"""Where long buffers are cut into blobs.

Depends on the distance from the start only, so that rows which were there before an append keep their blobs, and on
rows instead of bytes, so that narrow and wide columns of a table are cut alike. Unaware of what the rows are.
"""

from __future__ import annotations

from dagbuild.codecs.base import UNCUT

# A change of any of these numbers re-keys artifacts, and needs a new number in `Layout.to_json`.
CUT_ROWS = 64 * 1024
CUT_SHARE = 25
WIDEST = 64


def cut(size: int, item: int) -> list[int]:
    """Return the sizes of the blobs of `size` bytes, in which each row takes `item`.

    A blob is at most 65,536 rows or a 25th of what lies before it: from some 1.6 million rows on, appending a
    hundredth writes less than a twentieth, and a column of a terabyte has a few hundred blobs. Half of that would
    write less of shorter columns, but each blob costs a file here, a mapping where it is read and a request far
    away. All but the last are whole pages on any machine.
    """
    if item == UNCUT:
        return [size]
    step = CUT_ROWS * min(item, WIDEST)
    sizes = []
    start = 0
    while start < size:
        length = max(1, start // step // CUT_SHARE) * step
        sizes.append(min(length, size - start))
        start += length
    return sizes
