"""More kinds of classes, and what they are generated from."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import X, collector, one

CASES: list[Case] = []
case = collector(CASES)


def edit(old: str, new: str) -> Build:
    """Return a build after an edit that `b` depends on."""
    return Build("b", edits=[sub("nodes.py", old, new)])


def free(old: str, new: str) -> Build:
    """Return a build after an edit that says nothing."""
    return Build(edits=[sub("nodes.py", old, new)])


case(
    "metaclass",
    one(
        """
class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args).v + 1

class Thing(metaclass=Meta):
    def __init__(self, v):
        self.v = v
""",
        "Thing(x)",
    ),
    NOTHING,
    edit(".v + 1", ".v + 2"),
    **X,
)
case(
    "init_subclass_keyword",
    one(
        """
class Base:
    def __init_subclass__(cls, k=0):
        cls.k = k

class Child(Base, k=1):
    pass
""",
        "Child.k + x",
    ),
    edit("k=1", "k=2"),
    edit("cls.k = k", "cls.k = k * 10"),
    **X,
)
case(
    "property_and_setter",
    one(
        """
class Box:
    @property
    def size(self):
        \"\"\"Doc.\"\"\"
        return self._size + 1

    @size.setter
    def size(self, value):
        self._size = value * 2

def _make(x):
    box = Box()
    box.size = x
    return box.size
""",
        "_make(x)",
    ),
    free("Doc.", "Other."),
    edit("_size + 1", "_size + 2"),
    edit("value * 2", "value * 3"),
    **X,
)
case(
    "class_and_static_methods",
    one(
        """
class Box:
    rate = 2

    @classmethod
    def make(cls, x):
        return cls.rate * cls._inner(x)

    @staticmethod
    def _inner(x):
        return x + 1
""",
        "Box.make(x)",
    ),
    edit("x + 1", "x + 2"),
    edit("cls.rate *", "cls.rate +"),
    **X,
)
case(
    "dataclass_options",
    one(
        """
from dataclasses import dataclass, field

def _fresh():
    return [1]

@dataclass(order=True, kw_only=True)
class P:
    k: int = 1
    names: list = field(default_factory=_fresh, repr=True)
    hidden: int = field(default=5, compare=True)
""",
        "repr(P()) + str(P(k=1) < P(k=2)) + str(P(hidden=1) == P(hidden=2)) + str(x)",
    ),
    NOTHING,
    edit("return [1]", "return [1, 2]"),
    edit("repr=True", "repr=False"),
    edit("compare=True", "compare=False"),
    edit("default=5", "default=6"),
    **X,
)
case(
    "dataclass_field_order",
    one(
        "from dataclasses import dataclass\n\n@dataclass\nclass P:\n    u: int = 1\n    v: int = 2\n",
        "repr(P(x))",
    ),
    edit("    u: int = 1\n    v: int = 2\n", "    v: int = 2\n    u: int = 1\n"),
    **X,
)
case(
    "dataclass_inherited_and_post_init",
    one(
        """
from dataclasses import dataclass

@dataclass
class P:
    u: int = 1

@dataclass
class Q(P):
    w: int = 3

    def __post_init__(self):
        self.w += 1
""",
        "Q().u + Q().w + x",
    ),
    edit("u: int = 1", "u: int = 2"),
    edit("self.w += 1", "self.w += 2"),
    **X,
)
case(
    "dataclass_replaced_by_future_annotations",
    one("from dataclasses import dataclass\n\n@dataclass\nclass P:\n    u: int = 1\n", "P(x).u").replace(
        "--- nodes.py\n", "--- nodes.py\nfrom ranlog import ran\n"
    ),
    free("from ranlog", "from __future__ import annotations\nfrom ranlog"),
    **X,
)
case(
    "named_tuple_default_and_order",
    one(
        "from typing import NamedTuple\n\nclass P(NamedTuple):\n    u: int = 1\n    v: int = 2\n",
        "tuple(P(x))",
    ),
    NOTHING,
    edit("v: int = 2", "v: int = 3"),
    **X,
)
case(
    "collections_namedtuple",
    one('from collections import namedtuple\nP = namedtuple("P", "u v", defaults=[2])', "repr(P(x))"),
    NOTHING,
    edit("defaults=[2]", "defaults=[3]"),
    edit('"u v"', '"u w"'),
    **X,
)
case(
    "typed_dict_required",
    one(
        "from typing import TypedDict\n\nclass T(TypedDict, total=True):\n    u: int\n",
        "sorted(T.__required_keys__) + [x]",
    ),
    NOTHING,
    edit("total=True", "total=False"),
    **X,
)
ENUM = """
import enum

class Color(enum.Enum):
    RED = 1
    CRIMSON = 1
    BLUE = 2

    @classmethod
    def _missing_(cls, value):
        return cls.BLUE

    def shade(self):
        return self.value * 10

class Flag(enum.IntFlag):
    U = enum.auto()
    V = enum.auto()
"""
case(
    "enum_alias_method_and_flag",
    one(ENUM, "(Color.CRIMSON.name, Color(99).name, Color.RED.shade(), list(Flag), x)"),
    NOTHING,
    edit("return cls.BLUE", "return cls.RED"),
    edit("value * 10", "value * 20"),
    edit("CRIMSON = 1", "CRIMSON = 3"),
    edit("    V = enum.auto()\n", "    V = 8\n"),
    **X,
)
case(
    "enum_with_mapped_dict",
    one("import enum\nclass E(enum.Enum):\n    U = 1\n\n_D = {E.U: len}", "_D[E.U]('ab') + x"),
    NOTHING,
    edit(": len", ": id and (lambda v: 7)"),
    **X,
)
case(
    "slots_and_class_body_calls",
    one(
        """
def _twice(v):
    return v * 2

class Box:
    __slots__ = ("v",)
    table = [_twice(i) for i in range(3)]

    def __init__(self, v):
        self.v = v

_BOX = Box(5)
""",
        "_BOX.v + sum(Box.table) + x",
    ),
    NOTHING,
    edit("Box(5)", "Box(6)"),
    edit("v * 2", "v * 3"),
    **X,
)
case(
    "cached_property_and_operators",
    one(
        """
import functools

class V:
    def __init__(self, v):
        self.v = v

    @functools.cached_property
    def half(self):
        return self.v / 2

    def __add__(self, other):
        return self.half + other
""",
        "V(x) + 1",
    ),
    edit("self.v / 2", "self.v / 4"),
    edit("self.half + other", "self.half - other"),
    **X,
)
case(
    "class_decorator",
    one(
        """
def _with_rate(rate):
    def wrap(cls):
        cls.rate = rate
        return cls
    return wrap

@_with_rate(2)
class Model:
    def go(self, x):
        return x * self.rate
""",
        "Model().go(x)",
    ),
    NOTHING,
    edit("_with_rate(2)", "_with_rate(3)"),
    edit("cls.rate = rate", "cls.rate = rate + 1"),
    **X,
)
case(
    "method_patched_later",
    one(
        "class M:\n    def go(self, x):\n        return x\n\ndef _go(self, x):\n    return x + 1\n\nM.go = _go",
        "M().go(x)",
    ),
    edit("x + 1", "x + 2"),
    free("        return x\n", "        return -x\n"),
    **X,
)
case(
    "nested_class",
    one(
        "class Outer:\n    class Inner:\n        k = 1\n\n        def go(self):\n            return self.k\n",
        "Outer.Inner().go() + x",
    ),
    edit("k = 1", "k = 2"),
    edit("return self.k", "return -self.k"),
    **X,
)
case(
    "mixin_order",
    one(
        "class P:\n    def who(self):\n        return 1\n\nclass Q:\n    def who(self):\n        return 2\n\nclass R(P, Q):\n    pass\n",
        "R().who() + x",
    ),
    edit("R(P, Q)", "R(Q, P)"),
    **X,
)
case(
    "subclasses_looked_up",
    one(
        """
class Base:
    pass

class One(Base):
    def go(self, x):
        return x + 1
""",
        "sum(c().go(x) for c in Base.__subclasses__())",
    ),
    NOTHING,
    edit("x + 1", "x + 2"),
    **X,
)
case(
    "subclass_registry",
    one(
        """
class Base:
    known = {}

    def __init_subclass__(cls):
        Base.known[cls.__name__] = cls

class One(Base):
    def go(self, x):
        return x + 1
""",
        'Base.known["One"]().go(x)',
    ),
    NOTHING,
    edit("x + 1", "x + 2"),
    **X,
)
case(
    "abstract_and_protocol",
    one(
        """
import abc
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")

class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self):
        ...

    def twice(self):
        return self.area() * 2

class Sized(Protocol):
    def area(self): ...

class Square(Shape, Generic[T]):
    def area(self):
        return 3
""",
        "Square().twice() + x",
    ),
    NOTHING,
    edit("return 3", "return 4"),
    edit("* 2", "* 5"),
    **X,
)
case(
    "annotations_of_plain_class",
    one("class Box:\n    k: int = 1\n", "Box.k + x"),
    free("k: int", "k: float"),
    edit("= 1", "= 2"),
    **X,
)
case(
    "method_doc_and_comments",
    one(
        'class Box:\n    """Doc."""\n\n    def go(self):\n        """Go."""\n        return 1\n',
        "Box().go() + x",
    ),
    free('"""Doc."""', '"""Other."""\n    # more'),
    free('"""Go."""', '"""Went."""'),
    **X,
)
case(
    "doc_that_is_read",
    one('class Box:\n    """Doc."""\n', "Box.__doc__ + str(x)"),
    edit("Doc.", "Other."),
    **X,
)
case(
    "metaclass_that_collects_fields",
    one(
        """
class Text:
    def __init__(self, size):
        self.size = size

class Meta(type):
    def __new__(meta, name, bases, body):
        fields = {k: v for k, v in body.items() if isinstance(v, Text)}
        rest = {k: v for k, v in body.items() if k not in fields}
        return super().__new__(meta, name, bases, {**rest, "_fields": fields, "count": len(fields)})

class Row(metaclass=Meta):
    u = Text(3)
    limit = [1]
""",
        "Row._fields['u'].size + Row.limit[0] + x",
    ),
    NOTHING,
    edit("Text(3)", "Text(4)"),
    edit("[1]", "[2]"),
    edit("self.size = size", "self.size = size * 2"),
    **X,
)
case(
    "attribute_that_says_nothing",
    one(
        """
import random

class Source:
    rng = random.Random(1)
    make = staticmethod(lambda: 1)
""",
        "Source.rng.getstate()[1][:3], Source.make(), x",
    ),
    NOTHING,
    edit("Random(1)", "Random(2)"),
    edit("lambda: 1", "lambda: 2"),
    **X,
)
case(
    "attrs_class",
    one(
        """
import attr
import attrs

K = 1

@attrs.define
class P:
    u: int = K

    @property
    def more(self):
        return self.u + 1

@attr.s
class Q:
    w = attr.ib(default=1)
""",
        "P().more + Q().w + x",
    ),
    NOTHING,
    edit("K = 1", "K = 2"),
    edit("self.u + 1", "self.u + 2"),
    edit("default=1", "default=2"),
    **X,
)
case(
    "unrelated_attrs_class",
    one("import attrs\n\n@attrs.define\nclass P:\n    u: int = 1\n", "x + 1"),
    free("u: int = 1", "u: int = 2"),
    **X,
)
case(
    "pydantic_model",
    one(
        """
from pydantic import BaseModel, Field, field_validator

class P(BaseModel):
    k: int = Field(default=1, ge=0)
    name: str = "u"

    @field_validator("name")
    @classmethod
    def upper(cls, value):
        return value + "!"
""",
        "repr(P(name='v')) + str(x)",
    ),
    NOTHING,
    edit("default=1", "default=2"),
    edit('+ "!"', '+ "?"'),
    edit("k: int", "k: float"),
    **X,
)
