"""What code loads by a name is what `dis` says."""

from __future__ import annotations

import dis
import importlib.util
from pathlib import Path

import pytest

from dagbuild.ground.bytecode import iter_codes, iter_loads

LONG = "\n".join(f"name_{number}.part_{number}" for number in range(300))
TEXTS = {
    "many names": f"def f():\n    {LONG.replace(chr(10), chr(10) + '    ')}\n{LONG}\n",
    "class": "class A(B):\n    x = y\n    def f(self, a):\n        return super().g(a, __class__, lambda: a)\n",
}
MODULES = ["argparse", "asyncio.tasks", "dataclasses", "enum", "pickle", "turtle", "typing"]


def read(name: str) -> str:
    """Return a text by its name, or that of a module of the standard library."""
    if name in TEXTS:
        return TEXTS[name]
    spec = importlib.util.find_spec(name)
    assert spec and spec.origin
    return Path(spec.origin).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*TEXTS, *MODULES])
def test_loads_are_those_that_dis_finds(name: str) -> None:
    """In their order, of all functions and classes; those that have two names at once are left out."""
    for code in iter_codes(compile(read(name), "<text>", "exec", dont_inherit=True)):
        expected = [
            (step.opname, step.argval)
            for step in dis.get_instructions(code)
            if step.opname.startswith("LOAD_")
            and step.opcode in {*dis.hasname, *dis.haslocal, *dis.hasfree}
            and isinstance(step.argval, str)
        ]

        assert list(iter_loads(code)) == expected
