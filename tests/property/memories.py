"""Small projects whose loaders keep what they read in memory, in one way or another, and what becomes of their files.

A value is the sum of the numbers in the files that a node's loaders read: so everybody can tell, without dagbuild, what
it must be and which nodes an edit concerns, whoever of them opened the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from dagbuild import Driver
from dagbuild.plan.events import How
from tests.property.builder import importing

READ = 'int((FOLDER / "{name}.txt").read_text())'
KINDS = {
    "no memory": f"def load_{{name}}():\n    return {READ}",
    "cache": f"@functools.cache\ndef load_{{name}}():\n    return {READ}",
    "global": (
        f"KEPT_{{name}} = None\n\ndef load_{{name}}():\n    global KEPT_{{name}}\n"
        f"    if KEPT_{{name}} is None:\n        KEPT_{{name}} = {READ}\n    return KEPT_{{name}}"
    ),
    "dict": (
        f"KEPT_{{name}} = {{{{}}}}\n\ndef load_{{name}}():\n    if 0 not in KEPT_{{name}}:\n"
        f"        KEPT_{{name}}[0] = {READ}\n    return KEPT_{{name}}[0]"
    ),
    "property": (
        f"class Store_{{name}}:\n    @functools.cached_property\n    def kept(self):\n        return {READ}\n\n"
        f"STORE_{{name}} = Store_{{name}}()\n\ndef load_{{name}}():\n    return STORE_{{name}}.kept"
    ),
    "memory of memory": (
        f"@functools.cache\ndef text_{{name}}():\n    return {READ}\n\nSUM_{{name}} = []\n\ndef load_{{name}}():\n"
        f"    if not SUM_{{name}}:\n        SUM_{{name}}.append(text_{{name}}())\n    return SUM_{{name}}[0]"
    ),
}
FILES = 3


@dataclass(frozen=True)
class Project:
    """For each file, how its loader keeps it; for each node, whose loaders it calls."""

    loaders: tuple[str, ...]
    nodes: tuple[tuple[int, ...], ...]

    def write(self, folder: Path) -> None:
        """Write the modules."""
        loaders = [KINDS[kind].format(name=name) for name, kind in enumerate(self.loaders)]
        head = "import functools\nfrom pathlib import Path\n\nFOLDER = Path(__file__).parent"
        (folder / "loaders.py").write_text("\n\n".join([head, *loaders]) + "\n")
        nodes = [
            f"def node_{number}() -> int:\n    return {' + '.join(f'loaders.load_{name}()' for name in names)}"
            for number, names in enumerate(self.nodes)
        ]
        (folder / "nodes.py").write_text("\n\n".join(["import loaders", *nodes]) + "\n")


@dataclass(frozen=True)
class Round:
    """The numbers in the files, and the nodes that are built then, in a process of its own."""

    numbers: tuple[int, ...]
    targets: tuple[int, ...]


def projects() -> st.SearchStrategy[Project]:
    """Return projects of three loaders and up to four nodes."""
    some = st.lists(st.integers(0, FILES - 1), min_size=1, unique=True).map(tuple)
    loaders = st.tuples(*[st.sampled_from(sorted(KINDS))] * FILES)
    return st.builds(Project, loaders, st.lists(some, min_size=2, max_size=4).map(tuple))


def rounds() -> st.SearchStrategy[list[Round]]:
    """Return up to five rounds; numbers are few, so that files come back to what they were."""
    numbers = st.tuples(*[st.integers(0, 2)] * FILES)
    targets = st.lists(st.integers(0, 3), min_size=1, unique=True).map(tuple)
    return st.lists(st.builds(Round, numbers, targets), min_size=1, max_size=5)


def check_rounds(project: Project, history: Sequence[Round]) -> None:
    """Build each round, and hold what came of it against the promises."""
    with tempfile.TemporaryDirectory(prefix="dagbuild-property-") as scratch:
        folder = Path(scratch, "project")
        folder.mkdir()
        project.write(folder)
        made: set[tuple[int, tuple[int, ...]]] = set()
        for each in history:
            for name, number in enumerate(each.numbers):
                (folder / f"{name}.txt").write_text(str(number))
            targets = sorted({number % len(project.nodes) for number in each.targets})
            known = {n: tuple(each.numbers[name] for name in project.nodes[n]) for n in targets}

            with importing(["nodes", "loaders"], folder) as modules:
                driver = Driver({}, modules[0], cache=Path(scratch, "cache"), root=folder, executor="inline")
                result = driver.build([f"node_{number}" for number in targets])
                driver.project.close()

            assert result.values == {f"node_{n}": sum(known[n]) for n in targets}, f"stale after {each}"
            new = {f"node_{n}" for n in targets if (n, known[n]) not in made}
            assert set(result.names(How.COMPUTED)) == new, f"computed too much or too little after {each}"
            made |= set(known.items())
