"""Edits of classes, their methods and what they are made from."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import X, collector

CASES: list[Case] = []
case = collector(CASES)

MODEL = '''
--- lib.py
class Base:
    def offset(self):
        return 1

class Model(Base):
    """Doc."""
    rate = 2

    def __init__(self, k):
        self.k = k

    def predict(self, x):
        return x * self.rate + self.k + self.offset()

    def other(self):
        return 1
'''
USE_MODEL = """
--- nodes.py
from lib import Model

def b(x: int) -> int:
    ran("b")
    return Model(3).predict(x)
"""
case(
    "method_edited",
    USE_MODEL + MODEL,
    Build(edits=[sub("lib.py", '"""Doc."""', '"""Other."""')]),
    Build("b", edits=[sub("lib.py", "x * self.rate", "x * self.rate * 2")]),
    **X,
)
case(
    "base_method_edited",
    USE_MODEL + MODEL,
    Build("b", edits=[sub("lib.py", "        return 1\n\nclass", "        return 2\n\nclass")]),
    **X,
)
case("class_attribute", USE_MODEL + MODEL, Build("b", edits=[sub("lib.py", "rate = 2", "rate = 3")]), **X)
case(
    "dataclass_default",
    """
--- nodes.py
from dataclasses import dataclass, field

@dataclass
class Params:
    alpha: float = 0.5
    names: list = field(default_factory=lambda: ["u"])

def b(x: int) -> float:
    ran("b")
    return Params().alpha * x
""",
    NOTHING,
    Build("b", edits=[sub("nodes.py", "0.5", "0.25")]),
    **X,
)
case(
    "enum_value",
    """
--- nodes.py
import enum

class Color(enum.Enum):
    RED = 1
    BLUE = 2

def b(x: int) -> int:
    ran("b")
    return x + Color.RED.value
""",
    NOTHING,
    Build("b", edits=[sub("nodes.py", "RED = 1", "RED = 7")]),
    **X,
)
case(
    "instance_from_upstream",
    """
--- nodes.py
from lib import Model

def a() -> object:
    ran("a")
    return Model(3)

def b(a: object, x: int) -> int:
    ran("b")
    return a.predict(x)
"""
    + MODEL,
    NOTHING,
    Build("b", maybe="a", edits=[sub("lib.py", "x * self.rate", "x * self.rate * 2")]),
    **X,
)
case(
    "module_instance_state",
    """
--- nodes.py
from lib import Model
_MODEL = Model(3)

def b(x: int) -> int:
    ran("b")
    return _MODEL.predict(x)
"""
    + MODEL,
    NOTHING,
    Build("b", edits=[sub("nodes.py", "Model(3)", "Model(4)")]),
    **X,
)
case(
    "descriptor_edited",
    """
--- nodes.py
from lib import Box

def b(x: int) -> int:
    ran("b")
    return Box().size + x
--- lib.py
import functools

class Times:
    def __init__(self, k):
        self.k = k

    def __get__(self, obj, owner):
        return obj.base * self.k

class Box:
    size = Times(2)

    @functools.cached_property
    def base(self):
        return 5
""",
    NOTHING,
    Build("b", edits=[sub("lib.py", "Times(2)", "Times(3)")]),
    Build("b", edits=[sub("lib.py", "return 5", "return 6")]),
    Build("b", edits=[sub("lib.py", "obj.base * self.k", "obj.base + self.k")]),
    **X,
)
