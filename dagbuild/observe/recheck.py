"""Tell whether what a run was seen to read is still so.

Asked at look-up, for records that have observations. Knows nothing of keys or stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from dagbuild.digest import Digest
from dagbuild.observe.collect import digest_variable
from dagbuild.observe.places import ABSENT, Places
from dagbuild.record import Observation


def find_changed(
    observations: Iterable[Observation],
    places: Places,
    environ: Mapping[str, str],
    digest_file: Callable[[str], Digest],
    digest_code: Callable[[str], Digest | None] = lambda _: None,
) -> Iterator[Observation]:
    """Yield the observations that hold no longer.

    `digest_file` raises OSError, `digest_code` returns None for code that is not there. A kind that this version does
    not know does not hold.
    """
    for seen in observations:
        match seen.kind:
            case "file":
                now: str | None = _digest_path(places.path(seen.name), digest_file)
            case "listing":
                now = places.digest_listing(seen.name)
            case "env":
                now = digest_variable(seen.name, environ.get(seen.name))
            case "code":
                now = digest_code(seen.name)
            case _:
                now = None
        if now != seen.digest:
            yield seen


def holds(
    observations: Iterable[Observation],
    places: Places,
    environ: Mapping[str, str],
    digest_file: Callable[[str], Digest],
    digest_code: Callable[[str], Digest | None] = lambda _: None,
) -> bool:
    """Tell whether all observations still hold."""
    return next(find_changed(observations, places, environ, digest_file, digest_code), None) is None


def _digest_path(path: str, digest_file: Callable[[str], Digest]) -> Digest | None:
    if not Path(path).exists():
        return ABSENT
    try:
        return digest_file(path)
    except OSError:
        return None
