"""Projects of many small nodes, for benchmarks: layers of functions in modules, with helpers that they share."""

from __future__ import annotations

from pathlib import Path

A_MODULE = 50


def write_project(folder: Path, nodes: int, each: int = A_MODULE) -> None:
    """Write a project of so many nodes, `each` of them in a module; each takes two of the layer above."""
    folder.mkdir(parents=True)
    names = [f"n{number}" for number in range(nodes)]
    modules = []
    for start in range(0, nodes, each):
        modules.append(f"part{start // each}")
        lines = ["from helpers import add, scale", ""]
        for number in range(start, min(start + each, nodes)):
            lines += ["", _function(number, names), ""]
        (folder / f"{modules[-1]}.py").write_text("\n".join(lines))
    (folder / "helpers.py").write_text(
        "STEP = 3\n\n\ndef add(a, b):\n    return a + b\n\n\ndef scale(x):\n    return (x * STEP) % 1009\n"
    )
    (folder / "dagbuild.toml").write_text(f"modules = {modules!r}\ntargets = ['n{nodes - 1}']\n")


def upstream(number: int) -> list[int]:
    """Return the nodes that a node takes."""
    return [number - 1, number // 2] if number > 2 else []


def _function(number: int, names: list[str]) -> str:
    above = [names[up] for up in upstream(number)]
    taken = ", ".join(f"{name}: int" for name in above)
    body = f"scale(add({above[0]}, {above[1]})) + {number}" if above else str(number)
    return f"def {names[number]}({taken}) -> int:\n    return {body}"
