"""Which folders are watched for who opens their files: a tree, links followed, without what is no data.

Left out are folders that say of themselves that they are a cache (CACHEDIR.TAG) or an environment (pyvenv.cfg), those
of version control and of node_modules, and what `PathNames` does not count. `__pycache__` stays: what another process
imports it opens there. Walked in breadth, so that where the system allows too few, those near the root are watched.
Knows nothing of how they are watched.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dagbuild.observe.places import PathNames

_NO_DATA = frozenset({".git", ".hg", ".svn", "node_modules", "site-packages", "dist-packages"})
_SAYS_SO = frozenset({"CACHEDIR.TAG", "pyvenv.cfg"})


@dataclass(eq=False, slots=True)
class Folder:
    """A watched folder: `paths` are all by which its trees lead to it, `handle` is what the system calls it."""

    number: int
    paths: list[str] = field(default_factory=list)
    handle: bytes | None = None
    links: dict[str, list[str]] = field(default_factory=dict)
    """Links, elsewhere, to files in it; by the file's name."""

    def paths_of(self, name: str) -> list[str]:
        """Return all paths that lead to a file in it; some of them may be links that lead elsewhere by now."""
        return [*(path.rstrip(os.sep) + os.sep + name for path in self.paths), *self.links.get(name, ())]


def walk(root: str, places: PathNames, number_of: Callable[[str], int | None]) -> Iterator[tuple[str, str]]:
    """Ask for the number of each folder of a tree, and yield its links to files with what they lead to.

    `number_of` says the same for a folder that is reached by two paths, or None where its tree is to be left out.
    """
    todo: deque[tuple[str, tuple[int, ...]]] = deque([(root, ())])
    while todo:
        path, above = todo.popleft()
        if path != places.root and os.path.basename(path) in _NO_DATA:  # noqa: PTH119 - there are many of them
            continue
        links, below, skip = _look_into(path)
        if skip and path != places.root:
            continue
        number = number_of(path)
        if number is None or number in above:  # a link to a folder that it is in
            continue
        inside = (*above, number)
        todo += [(each, inside) for each in below if places.counts(each + "/x")]
        for link in links:
            target = os.path.realpath(link)
            if os.path.isdir(target):  # noqa: PTH112
                if places.counts(target + "/x"):
                    todo.append((link, inside))
            elif places.counts(target):
                yield link, target


def _look_into(path: str) -> tuple[list[str], list[str], bool]:
    """Return the links and the folders in a folder, and whether it says that it holds no data."""
    links: list[str] = []
    below: list[str] = []
    skip = False
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_symlink():
                    links.append(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                elif entry.name in _SAYS_SO:
                    skip = True
    except OSError:  # gone, or not for us to read: then for the node neither
        return [], [], True
    return links, below, skip
