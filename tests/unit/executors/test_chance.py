"""What nodes draw from the generators of random numbers that a process shares."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dagbuild.model.record import UNSEEN
from dagbuild.project.determinism import check_determinism
from tests.support import build, load_project, write_files


@dataclass(frozen=True)
class Generator:
    """A shared generator: how it is imported, seeded, drawn from and looked at."""

    imports: str
    seed: str
    draw: str

    def seed_here(self, number: int) -> None:
        exec(f"import {self.imports}\n{self.seed.format(number)}")

    def draw_after(self, number: int) -> float:
        """Return what somebody draws first who has seeded it."""
        names: dict[str, Any] = {}
        exec(f"import {self.imports}\n{self.seed.format(number)}\nfound = {self.draw}", names)
        return float(names["found"])


GENERATORS = {
    "random": Generator("random", "random.seed({})", "random.random()"),
    "numpy": Generator("numpy as np", "np.random.seed({})", "float(np.random.rand())"),
}

NODES = """
    import {imports}
    {start}

    def one() -> float:
        return {draw}

    def loud() -> float:
        {seed}
        return {draw}

    def two() -> float:
        return {draw}
"""


@pytest.fixture(params=GENERATORS)
def generator(request: pytest.FixtureRequest) -> Iterator[Generator]:
    state, numpy_state = random.getstate(), np.random.get_state()
    yield GENERATORS[request.param]
    random.setstate(state)
    np.random.set_state(numpy_state)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def draw(folder: Path, generator: Generator, *names: str, start: str = "") -> dict[str, Any]:
    """Build the nodes anew, in this order, and return what they draw."""
    text = NODES.format(
        imports=generator.imports, start=start, seed=generator.seed.format(7), draw=generator.draw
    )
    write_files(folder, {"dagbuild.toml": 'modules = ["chance_nodes"]\n', "chance_nodes.py": text})
    return dict(build(folder, *names, force=names).values)


def find_unseen(folder: Path, name: str) -> list[str]:
    """Return what `dagbuild check` says of a node's code."""
    project = load_project(folder)
    try:
        return [
            note.text for note in project.find_suspicions([name]).notes.get(name, ()) if note.kind == UNSEEN
        ]
    finally:
        project.close()


SEEDING = {
    "at once": "{seed}",
    "from a variable": "number = 3; {number}",
    "in a function": "def _start() -> None: {seed}\n    _start()",
    "for its result": "_ = {seed}",
    "in a helper's module": "import chance_lib",
}


@pytest.mark.parametrize("way", SEEDING)
def test_every_node_draws_what_importing_has_seeded(way: str, generator: Generator, folder: Path) -> None:
    """Where the project seeds the generator when it is imported, each node finds it just seeded."""
    seed = generator.seed.format(3)
    write_files(folder, {"chance_lib.py": f"import {generator.imports}\n{seed}\n"})
    start = SEEDING[way].format(seed=seed, number=generator.seed.format("number"))

    values = draw(folder, generator, "one", "loud", "two", start=start)

    wanted = generator.draw_after(3)
    assert values == {"one": wanted, "loud": generator.draw_after(7), "two": wanted}
    assert find_unseen(folder, "one") == []


def test_nobody_draws_what_another_node_has_seeded(generator: Generator, folder: Path) -> None:
    """Where nobody seeds it when importing, nodes draw different numbers, and none goes on where another began."""
    values = draw(folder, generator, "one", "loud", "two")

    after = generator.draw_after(7)
    assert values["loud"] == after
    assert len({after, *values.values()}) == 3
    assert "which nobody seeds" in "".join(find_unseen(folder, "one"))


def test_two_builds_in_a_row_draw_different_numbers(generator: Generator, folder: Path) -> None:
    """Nothing repeats by accident, though the generator is given back as it was found."""
    first = draw(folder, generator, "one", "loud")

    assert draw(folder, generator, "one", "loud")["one"] != first["one"]


def test_what_a_caller_seeds_decides_whatever_else_runs(generator: Generator, folder: Path) -> None:
    """A notebook that seeds before it builds gets the same numbers again, for each node those of its name."""
    generator.seed_here(1)
    first = draw(folder, generator, "one", "loud", "two")
    generator.seed_here(2)
    other = draw(folder, generator, "one", "loud", "two")
    generator.seed_here(1)
    again = draw(folder, generator, "two")

    assert again["two"] == first["two"] != other["two"]


def test_the_caller_finds_the_generator_as_it_was(generator: Generator, folder: Path) -> None:
    """Whatever nodes draw and seed, the next number of the caller's is the one it would have been."""
    wanted = generator.draw_after(5)
    generator.seed_here(5)

    draw(folder, generator, "one", "loud", "two")

    names: dict[str, Any] = {}
    exec(f"import {generator.imports}\nfound = {generator.draw}", names)
    assert names["found"] == wanted


def test_a_variable_called_seed_seeds_nothing(generator: Generator, folder: Path) -> None:
    """A generator of one's own, or a number, is nobody's shared generator."""
    start = (
        "import random as r, numpy as n\n    seed = 3\n    mine = r.Random(seed), n.random.default_rng(seed)"
    )

    values = draw(folder, generator, "one", "two", start=start)

    assert values["one"] != values["two"]


def test_what_is_drawn_without_a_seed_is_not_deterministic(generator: Generator, folder: Path) -> None:
    """Two runs of one node on purpose draw twice."""
    draw(folder, generator, "one")
    project = load_project(folder)

    try:
        assert check_determinism(project, "one") != []
        assert check_determinism(project, "loud") == []
    finally:
        project.close()
