"""What others hang on syntax trees.

CPython has one `ast.Add()`, one `ast.Load()` for all trees of a process, and tools that show tracebacks leave links on
them. A walk that follows such a link leaves its own tree, and may never end: it is tried in a process with limits.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

LINKS = {
    "nothing": "",
    "parents": """
        for node in ast.walk(foreign):
            for child in ast.iter_child_nodes(node):
                child.parent = node
    """,
    "parents, the tree gone": """
        for node in ast.walk(foreign):
            for child in ast.iter_child_nodes(node):
                child.parent = node
        del foreign, node, child
    """,
    "lists of neighbours": """
        for node in ast.walk(foreign):
            for child in ast.iter_child_nodes(node):
                child.beside = [node, *ast.iter_child_nodes(node)]
    """,
    "itself": """
        for node in ast.walk(foreign):
            node.me = node
    """,
    "the tree": """
        for node in ast.walk(foreign):
            node.tree = [foreign]
    """,
}

CHILD = """
import ast, linecache, resource, sys, types

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

foreign = ast.parse("-x + y * (not z) if a <= b and c else [d.e[0] for f in g]\\n" * 20)
{links}
from dagbuild import Driver
from dagbuild.code.closure import SourceReader

BODY = '''
import ast
RATE = -1 + 2 * 2
TREE = ast.parse("x + y")
def base() -> int:
    return -1 + 2 * (3 if not RATE and RATE <= 4 else RATE)
def scaled(base: int) -> int:
    return base * RATE + len(TREE.body)
'''
cell = "/tmp/ipykernel_1/2.py"
linecache.cache[cell] = (len(BODY), None, BODY.splitlines(True), cell)
module = types.ModuleType("notebook")
exec(compile(BODY, cell, "exec"), module.__dict__)
sys.modules["notebook"] = module

warm = types.ModuleType("warm")
exec("def one() -> int:\\n    return 1\\n", warm.__dict__)
Driver({{}}, warm, cache=None).execute(["one"])  # what is imported late is there from here on
before = peak()
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, resource.RLIM_INFINITY))  # more than all that is loaded here
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
print(Driver({{}}, module, cache=None).execute(["scaled"])["scaled"])
print(SourceReader([module]).closure([module.scaled, module.base]).digest)
# Whoever swallows a MemoryError has taken the memory first.
sys.exit("took more than 256 MB" if peak() - before > 256 << 20 else 0)
"""


def tell(links: str) -> str:
    """Return what a process says of its nodes after somebody has left links on the shared parts of trees."""
    run = subprocess.run(
        [sys.executable, "-c", CHILD.format(links=textwrap.dedent(links))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


@pytest.fixture(scope="module")
def expected() -> str:
    return tell("")


@pytest.mark.parametrize("links", LINKS)
def test_links_on_shared_nodes_lead_nowhere(links: str, expected: str) -> None:
    """Neither time nor memory nor any fingerprint depends on what hangs on the parts that all trees share."""
    assert tell(LINKS[links]) == expected
