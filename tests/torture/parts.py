"""Small pieces of projects that many cases share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.torture.case import Build, Case, install, sub

X: dict[str, Any] = {"config": {"x": 1}}

A = """
def a(x: int) -> int:
    ran("a")
    return x + 1
"""
B = """
def b(a: int) -> int:
    ran("b")
    return a * 10
"""
C = """
def c(a: int) -> int:
    ran("c")
    return a - 5
"""
AB = "--- nodes.py" + A + B

LIB = """
--- lib.py
def f(x):
    return x + 1

def g(x):
    return x + 100
"""
EDIT_F = sub("lib.py", "x + 1\n", "x + 2\n")

TINYLIB = """
--- site:tinylib/__init__.py
_STATE = {"k": 1}
_FUNCS = {}
FACTOR = 2

class Options(dict):
    pass

options = Options(k=1)

def configure(k):
    _STATE["k"] = k

def scale(x):
    return x * _STATE["k"] * FACTOR * options["k"]

def register(fn):
    _FUNCS[fn.__name__] = fn
    return fn

def call(name, x):
    return _FUNCS[name](x)

class Base:
    def run(self, x):
        return self.step(x) * 10

class Plugin:
    known = {}

    def __init_subclass__(cls):
        Plugin.known[cls.__name__] = cls

class Wrap:
    def __init__(self, fn):
        self.fn = fn

    def __call__(self, x):
        return self.fn(x)
"""
INSTALLED = install("tiny-lib", "1.0", "tinylib")


def collector(cases: list[Case]) -> Callable[..., None]:
    """Return a function that adds a case: its name, files and builds."""

    def add(name: str, files: str, *builds: Build, **more: Any) -> None:
        cases.append(Case(name, files, builds, **more))

    return add


def uses(import_line: str, call: str = "f(x)") -> str:
    """Return nodes of which `a`, and so `b`, use something imported, and `c` does not."""
    return f"""
--- nodes.py
{import_line}

def a(x: int) -> int:
    ran("a")
    return {call}
{B}
def c(x: int) -> int:
    ran("c")
    return x * 3
"""


def const(declaration: str, use: str, more: str = "") -> str:
    """Return nodes of which `a` uses what is declared above it."""
    return f"""
--- nodes.py
{declaration}

def a(x: int) -> object:
    ran("a")
    return {use}

def b(a: object) -> str:
    ran("b")
    return "v" + str(a)
{more}
"""


def one(declaration: str, use: str, more: str = "") -> str:
    """Return a single node `b` that uses what is declared above it."""
    return f"""
--- nodes.py
{declaration}

def b(x: int) -> object:
    ran("b")
    return {use}
{more}
"""
