"""One function that makes very many nodes: each of them is little work, however many others there are."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.code.fingerprint import make_manifests
from dagbuild.loader import load_graph
from tests.support import count_lines, forget_modules

DECORATORS: dict[str, tuple[Callable[[int], str], str]] = {
    "parameterize": (lambda i: f'c{i}={{"x": dagbuild.value({i})}}', "x: int"),
    "extract_columns": (lambda i: f'"c{i}"', ""),
    "extract_fields": (lambda i: f'"c{i}"', ""),
    "unpack_fields": (lambda i: f'"c{i}"', ""),
}
TYPES = {
    "extract_columns": "pd.DataFrame",
    "unpack_fields": "tuple[int, ...]",
    "extract_fields": "dict[str, int]",
}


def work(folder: Path, decorator: str, count: int, above: str = "") -> int:
    """Return the lines that it takes to make the nodes of one function and their manifests."""
    entry, parameters = DECORATORS[decorator]
    file = folder / f"many_{decorator}_{count}.py"
    file.write_text(
        f"import dagbuild\nimport pandas as pd\n\n\n{above}@dagbuild.{decorator}({', '.join(map(entry, range(count)))})\n"
        f"def table({parameters}) -> {TYPES.get(decorator, 'int')}:\n    return 1\n"
    )
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec and spec.loader
    module = sys.modules[file.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def make() -> None:
        graph = load_graph([module], {})
        reader = SourceReader([module], str(folder))
        assert len(make_manifests(graph.nodes.values(), reader, packages={})) >= count

    try:
        return count_lines(make)
    finally:
        forget_modules(folder)


@pytest.mark.parametrize("decorator", list(DECORATORS))
def test_the_manifests_of_many_nodes_are_as_much_work_as_there_are_nodes(
    tmp_path: Path, decorator: str
) -> None:
    """The list of all of them is not gone through for each."""
    work(tmp_path, decorator, 2)  # what is looked up once in a process
    few, many = (work(tmp_path, decorator, count) for count in (60, 240))

    assert many < 4.6 * few


def test_tags_and_checks_of_many_nodes_are_as_much_work_as_there_are_nodes(tmp_path: Path) -> None:
    """Each is for one of the nodes, and the others are not gone through for it."""

    def above(count: int) -> str:
        tags = ", ".join(f'c{i}={{"of": "{i}"}}' for i in range(count))
        return (
            f"@dagbuild.tag_outputs({tags})\n@dagbuild.check_output(range=(0, 1), target_={names(count)})\n"
        )

    def names(count: int) -> list[str]:
        return [f"c{i}" for i in range(count)]

    work(tmp_path, "extract_fields", 2, above(2))
    few, many = (work(tmp_path, "extract_fields", count, above(count)) for count in (60, 240))

    assert many < 4.6 * few
