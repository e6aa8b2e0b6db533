"""Watch one call and tell what it was seen to read."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dagbuild.observe.observer import Observer
from dagbuild.observe.places import PathNames
from dagbuild.observe.seen import Seen
from dagbuild.store.file_digests import FileDigests


def watch(root: Path, function: Callable[[], Any], declared: Iterable[str] = ()) -> Seen:
    """Return what the call read, in a project at `root` with its cache in `root/cache`."""
    observer = Observer(PathNames(root, [root / "cache"]), FileDigests(), declared)
    observer.call(function)
    return observer.finish()


def names(seen: Seen, kind: str = "file") -> list[str]:
    """Return the names of what was observed."""
    return [o.name for o in seen.observations if o.kind == kind]


def digests(seen: Seen) -> dict[str, str]:
    """Return what was observed, by name."""
    return {o.name: o.digest for o in seen.observations}
