"""Steps before a parameter and behind an output: edits to them, to what they are given, to which of them there are."""

from tests.torture.case import NOTHING, Build, Case, sub
from tests.torture.parts import collector

CASES: list[Case] = []
case = collector(CASES)

STEPS = """
--- nodes.py
from dagbuild import apply_to, group, mutate, pipe_input, pipe_output, source, step, value
from lib import less

def rate(x: int) -> int:
    ran("rate")
    return x + 1

def _help(v):
    return v + 1

def _more(v: int, by: int) -> int:
    ran("more")
    return _help(v) + by

def _times(v: int, by: int) -> int:
    ran("times")
    return v * by
"""
LIB = """
--- lib.py
from ranlog import ran

def less(v: int) -> int:
    ran("less")
    return v - 1
"""
MORE = """
def _more(v: int, by: int) -> int:
    ran("more")
    return _help(v) + by
"""
BEFORE = (
    STEPS
    + """
@pipe_input(step(_more, 2), step(_times, by=source("rate")), step(less))
def a(x: int, rate: int) -> int:
    ran("a")
    return x * 100 + rate
"""
    + LIB
)
BEHIND = (
    STEPS
    + """
@pipe_output(step(_more, value(2)), step(_times, by=3).when(mode="on"), step(less))
def a(x: int) -> int:
    ran("a")
    return x * 100

def b(a: int) -> int:
    ran("b")
    return a
"""
    + LIB
)
TRANSFORMS = """
--- nodes.py
from dagbuild import apply_to, mutate, source

def a(x: int) -> int:
    ran("a")
    return x * 100

def other(x: int) -> int:
    ran("other")
    return x

@mutate(a, apply_to(other, by=7), by=2)
def _more(v: int, by: int) -> int:
    ran("more")
    return v + by

@mutate(a)
def half(v: int) -> int:
    ran("half")
    return v // 2
"""


def edit(old: str, new: str, run: str, file: str = "nodes.py") -> Build:
    """Return a build after an edit."""
    return Build(run, edits=[sub(file, old, new)])


case(
    "step_before_edited",
    BEFORE,
    NOTHING,
    edit("return v * by", "return v * by + 1", "times less a"),
    edit("return v + 1", "return v + 3", "more times less a"),
    edit("return v - 1", "return v - 2", "less a", "lib.py"),
    edit("x * 100", "x * 10", "a"),
    edit("return x + 1", "return x + 4", "rate times less a"),
    config={"x": 1},
    target="a",
)
case(
    "step_before_given_something_else",
    BEFORE,
    edit("step(_more, 2)", "step(_more, by=2)", ""),
    edit("step(_more, by=2)", "step(_more, by=4)", "more times less a"),
    edit('by=source("rate")', "by=2", "times"),
    edit("step(_times, by=2)", 'step(_times, by=source("x"))', "times less a"),
    config={"x": 1},
    target="a",
)
case(
    "step_before_untouched",
    BEFORE,
    edit("    return v * by", '    """Told."""\n    # why\n    return v * by', ""),
    edit("def _help(v)", "def _new(v: int) -> int:\n    return v\n\ndef _help(v)", ""),
    edit("step(_more, 2)", 'step(_more, 2).named("first")', ""),
    edit("step(less))\n", 'step(less), on_input="x", namespace="deep")\n', ""),
    config={"x": 1},
    target="a",
)
case(
    "step_before_added_moved_and_left_out",
    BEFORE,
    edit("step(less))", "step(less), step(less))", "less a"),
    edit("step(less), step(less))", "step(less))", ""),
    edit('step(_more, 2), step(_times, by=source("rate"))', 'step(_times, by=source("rate")), step(_more, 2)',
         "times more less a"),
    config={"x": 1},
    target="a",
)  # fmt: skip
case(
    "step_behind_edited",
    BEHIND,
    NOTHING,
    edit("return v * by", "return v * by + 1", "times less b"),
    edit("x * 100", "x * 10", "a more times less b"),
    edit("x * 10\n", "x * 5 * 2\n", "a"),
    edit("return a\n", "return a + 1\n", "b"),
    config={"x": 1, "mode": "on"},
    first=Build("a more times less b"),
)
case(
    "step_behind_by_config",
    BEHIND,
    Build("less b", config={"x": 1, "mode": "off"}),
    Build("", config={"x": 1, "mode": "on"}),
    Build("", config={"x": 1, "mode": "on", "more": 3}),
    edit('when(mode="on")', 'when_in(mode=["on", "off"])', ""),
    Build("", config={"x": 1, "mode": "off"}),
    config={"x": 1, "mode": "on"},
    first=Build("a more times less b"),
)
case(
    "transforms",
    TRANSFORMS,
    NOTHING,
    edit("return v // 2", "return v // 4", "half"),
    edit("by=2", "by=30", "more half"),
    edit("by=7", "by=8", "more"),
    edit("x * 100", "x * 10", "a more half"),
    edit("return v + by", "return v + by + 100", "more half"),
    edit("    return v // 4", '    """Told."""\n    return v // 4', ""),
    edit("@mutate(a)\ndef half", '@mutate("a")\ndef half', ""),
    config={"x": 1},
    target="a other",
)
case(
    "transforms_change_places",
    TRANSFORMS,
    Build(
        "half more",
        edits=[sub("nodes.py", "@mutate(a)\ndef half", "@mutate(a)\ndef last"), sub("nodes.py", "@mutate(a, apply_to", """
@mutate(a)
def half(v: int) -> int:
    ran("half")
    return v // 2

@mutate(a, apply_to"""), sub("nodes.py", "@mutate(a)\ndef last", "def _last")],
    ),
    config={"x": 1},
    target="a other",
)  # fmt: skip

case(
    "steps_renamed_and_moved",
    BEHIND,
    Build(edits=[sub("nodes.py", "def a(x", "def total(x"), sub("nodes.py", "def b(a: int)", "def b(total: int)"),
                 sub("nodes.py", "return a\n", "return total\n")]),
    Build(edits=[sub("nodes.py", "_times", "_by"), sub("nodes.py", "step(less)", "step(minus)"),
                 sub("nodes.py", "import less", "import less as minus")]),
    Build(edits=[sub("nodes.py", MORE, "\nfrom lib import _more\n"),
                 sub("lib.py", "from ranlog import ran\n", "from ranlog import ran\n\ndef _help(v):\n    return v + 1\n" + MORE)]),
    Build("a", edits=[sub("nodes.py", "x * 100", "x * 50 * 2")]),
    config={"x": 1, "mode": "on"},
    first=Build("a more times less b"),
)  # fmt: skip

case(
    "steps_come_and_go_behind_a_node",
    BEHIND.replace("value(2))", 'value(2)).when(mode="on")').replace(
        "step(less))", 'step(less).when(mode="on"))'
    ),
    Build("more times less b", config={"x": 1, "mode": "on"}),
    Build("", config={"x": 1, "mode": "off"}),
    Build("", config={"x": 1, "mode": "on"}),
    config={"x": 1, "mode": "off"},
    first=Build("a b"),
)
