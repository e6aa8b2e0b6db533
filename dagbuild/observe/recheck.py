"""Tell whether what a run was seen to read is still so.

Asked at look-up, for records that have observations. Knows nothing of keys or stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from dagbuild.ground.digest import Digest
from dagbuild.model.record import SAVED, UNOBSERVED, Observation
from dagbuild.observe.places import ABSENT, Digester, PathNames, digest_paths


def find_changed(
    observations: Iterable[Observation],
    places: PathNames,
    environ: Mapping[str, str],
    files: Digester,
    digest_code: Callable[[str], Digest | None],
    *,
    observing: bool,
) -> Iterator[Observation]:
    """Yield the observations that hold no longer.

    `digest_code` returns None for code that is not there. A kind that this version does
    not know does not hold; that nobody watched the run does unless we are `observing`.
    """
    observations = list(observations)
    paths = {o.name: places.path(o.name) for o in observations if o.kind in ("file", SAVED) and o.name}
    digests = digest_paths(files, [path for path in paths.values() if Path(path).is_file()])
    for seen in observations:
        match seen.kind:
            case "file" | "saved" if seen.name:
                path = paths[seen.name]
                now: str | None = digests.get(path) if Path(path).exists() else ABSENT
            case "listing":
                now = places.digest_listing(seen.name)
            case "env":
                now = places.digest_variable(seen.name, environ)
            case "code":
                now = digest_code(seen.name)
            case UNOBSERVED.kind:
                now = None if observing else seen.digest
            case _:
                now = None
        if now != seen.digest:
            yield seen
