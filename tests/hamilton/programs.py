"""Modules as a Hamilton project has them, to be run by Hamilton and by us; `LIBRARY` stands for the package's name."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HEAD = """
from typing import Any, Dict, List, Optional, Tuple, TypedDict
import numpy as np
import pandas as pd
from LIBRARY.function_modifiers import *
from LIBRARY.htypes import Collect, Parallelizable
"""


@dataclass(frozen=True)
class Program:
    """A module's text, what it is configured with and given, and what is asked of it: all nodes unless some are named."""

    name: str
    text: str
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def source(self, library: str) -> str:
        """Return the text of the module for one of the two."""
        return (HEAD + self.text).replace("LIBRARY", library)


PROGRAMS = [
    Program(
        "plain",
        '''
def doubled(x: int, by: int = 2) -> int:
    """Doubles."""
    return x * by
def _helper(x): return x
def above(doubled: int) -> float: return doubled / 2
def anything(above: float, doubled: Any) -> Any: return [above, doubled]
def maybe(doubled: int, other: Optional[int] = None) -> Tuple[int, Any]: return doubled, other
''',
        inputs={"x": 3},
    ),
    Program(
        "variants",
        """
@config.when(mode="fast")
def made__fast(x: int) -> int: return x
@config.when_not(mode="fast")
def made__slow(x: int) -> int: return x * 10
@config.when_in(region=["uk", "us"])
def tax__known(made: int) -> int: return made + 1
@config.when_not_in(region=["uk", "us"])
def tax__other(made: int) -> int: return made + 2
@config(lambda config: config.get("mode") == "fast", target_name="special", config_used=["mode"])
def whatever(tax: int) -> int: return tax
def a__v1(tax: int) -> int: return tax
@config.when(mode="fast")
def a__b__c(tax: int) -> int: return tax * 2
""",
        config={"mode": "fast", "region": "de"},
        inputs={"x": 3},
    ),
    Program(
        "parameterized",
        '''
@parameterize(
    one={"a": source("x"), "b": value(1)},
    two=({"a": value(7), "b": source("one")}, "the second"),
)
def summed(a: int, b: int) -> int:
    """Sums {a} to {output_name}."""
    return a + b
@parameterize_values("factor", {("by_two", "twice"): 2, ("by_three", "thrice"): 3})
def times(one: int, factor: int) -> int: return one * factor
@parameterize_sources(left={"v": "one"}, right={"v": "two"})
def side(v: int) -> int: return -v
@inject(parts=group(source("left"), source("right"), value(5)), named=group(l=source("left"), r=value(2)))
def grouped(parts: List[int], named: Dict[str, int]) -> int: return sum(parts) + sum(named.values())
''',
        inputs={"x": 3},
    ),
    Program(
        "older",
        """
from LIBRARY.experimental.decorators.parameterize_frame import parameterize_frame
from LIBRARY.function_modifiers.expanders import parameterized_inputs, parametrized, parametrized_input

@parametrized("factor", {("by_two", "twice"): 2, ("by_three", "thrice"): 3})
def times(x: int, factor: int) -> int: return x * factor
@parametrized_input("v", {"by_two": ("minus_two", "minus that"), "by_three": ("minus_three", "minus the other")})
def minus(v: int) -> int: return -v
@parameterized_inputs(left={"v": "minus_two"}, right={"v": "minus_three"})
def side(v: int) -> int: return v + 1
def low(x: int) -> pd.Series: return pd.Series([x, x + 1])
def high(low: pd.Series) -> pd.Series: return low * 10

@parameterize_frame(pd.DataFrame(
    [["sum_low", "product_low", "low", 5.0], ["sum_high", "product_high", "high", 0.5]],
    columns=[["sum", "product", "column", "factor"], ["out", "out", "source", "value"]],
))
def both(column: pd.Series, factor: float) -> pd.DataFrame:
    return pd.concat([column + factor, column * factor], axis=1)
""",
        inputs={"x": 3},
    ),
    Program(
        "columns",
        '''
@extract_columns("a", ("b", "the b"))
def table(n: int) -> pd.DataFrame:
    """A table."""
    return pd.DataFrame({"a": range(n), "b": [i * 2 for i in range(n)]})
def c(a: pd.Series, b: pd.Series) -> pd.Series: return a + b
@extract_columns("d", "e", fill_with=0)
def partly(c: pd.Series) -> pd.DataFrame: return pd.DataFrame({"d": c})
@tag(owner="us", "kind"="x")
def tagged(c: pd.Series) -> float: return float(c.sum())
'''.replace('"kind"="x"', 'kind="x"'),
        inputs={"n": 4},
    ),
    Program(
        "fields",
        """
@extract_fields({"p": int, "q": str})
def record(x: int) -> dict: return {"p": x, "q": str(x)}
@extract_fields("m", "n")
def listed(p: int) -> Dict[str, int]: return {"m": p, "n": p + 1}
class Both(TypedDict):
    left: int
    right: str
@extract_fields()
def typed(m: int) -> Both: return {"left": m, "right": "r"}
@unpack_fields("first", "second")
def pair(n: int) -> Tuple[int, str]: return n, "s"
def all_of(q: str, left: int, second: str) -> str: return f"{q}{left}{second}"
""",
        inputs={"x": 3},
    ),
    Program(
        "checked",
        """
@check_output(range=(0, 10), data_type=int)
def small(x: int) -> int: return x
@check_output(values_in=["a", "b"], importance="warn")
def letter(small: int) -> str: return "a"
@check_output(allow_nans=False, max_fraction_nans=0.5)
def column(small: int) -> pd.Series: return pd.Series([1.0, 2.0])
@check_output(allow_none=False)
def thing(column: pd.Series) -> dict: return {"n": len(column)}
""",
        inputs={"x": 3},
    ),
    Program(
        "replaced",
        """
def _sum(**values: int) -> int: return sum(values.values())
@does(_sum)
def total(x: int, y: int) -> int: pass
def _scale(a: int, b: int) -> int: return a * b
@does(_scale, a="x", b="y")
def scaled(x: int, y: int) -> int: pass
@tag_outputs(up={"way": "up"}, down={"way": "down"})
@parameterize(up={"k": value(1)}, down={"k": value(-1)})
def moved(total: int, k: int) -> int: return total + k
@hamilton_exclude
def left_out(x: int) -> int: return x
@resolve_from_config(decorate_with=lambda names: parameterize(**{n: {"k": value(i)} for i, n in enumerate(names)}))
def resolved(total: int, k: int) -> int: return total * k
""",
        config={"names": ["r1", "r2"], "hamilton.enable_power_user_mode": True},
        inputs={"x": 3, "y": 4},
    ),
    Program(
        "given",
        """
def a(x: int) -> int: return x
def b(a: int) -> int: return a + 1
def c(b: int, rate: float) -> float: return b * rate
""",
        config={"rate": 0.5, "a": 100},
        inputs={"unknown": 1},
        overrides={"b": 7},
        targets=("c", "a", "rate"),
    ),
]


def make_program(seed: int) -> Program:
    """Return a module of some functions, each under a stack of decorators that chance has chosen."""
    chance = random.Random(seed)
    lines: list[str] = []
    numbers, columns = ["x"], []
    for place in range(chance.randint(4, 9)):
        name = f"f{place}"
        kind = chance.choice(
            ["plain", "plain", "config", "parameterize", "inject", "fields", "columns", "unpack", "does"]
        )
        checks = [
            line
            for line, wanted in (
                (f'@tag(stage="{chance.choice("abc")}", order=["{place}", "n"])', 0.4),
                ("@check_output(range=(-10**9, 10**9))", 0.25),
            )
            if chance.random() < wanted
        ]
        up, other = chance.choice(numbers), chance.choice(numbers)
        number = chance.randint(1, 5)
        default = f", k: int = {number}" if chance.random() < 0.4 else ""
        second = f", {other}: int" if other != up else ""
        plain = f"def {name}({up}: int{second}{default}) -> int:\n    return {up} * {number} + {place}"
        match kind:
            case "plain":
                lines += [*checks, plain]
                numbers.append(name)
            case "config":
                for word, sign in (("on", "+"), ("off", "-")):
                    condition = f"@config.{chance.choice(['when', 'when_in'])}"
                    given = f'(mode="{word}")' if condition.endswith("when") else f'(mode=["{word}", "z"])'
                    lines += [
                        condition + given,
                        *checks,
                        f"def {name}__{word}({up}: int) -> int: return {up} {sign} {number}",
                    ]
                numbers.append(name)
            case "parameterize":
                outputs = f'{name}a={{"a": source("{up}")}}, {name}b={{"a": value({number})}}'
                lines += [
                    f"@parameterize({outputs})",
                    f"def {name}(a: int, {other}: int) -> int: return a - {other}",
                ]
                numbers += [f"{name}a", f"{name}b"]
            case "inject":
                parts = f'group(source("{up}"), value({number}))'
                lines += [
                    f"@inject(parts={parts})",
                    *checks,
                    f"def {name}(parts: List[int]) -> int: return sum(parts)",
                ]
                numbers.append(name)
            case "fields":
                lines += [f'@extract_fields({{"{name}p": int, "{name}q": str}})']
                lines += [f'def {name}({up}: int) -> dict: return {{"{name}p": {up}, "{name}q": "q"}}']
                numbers.append(f"{name}p")
            case "columns":
                lines += [f'@extract_columns("{name}u", "{name}v")']
                lines += [f"def {name}({up}: int) -> pd.DataFrame:"]
                lines += [f'    return pd.DataFrame({{"{name}u": [{up}, 1], "{name}v": [{number}, 2]}})']
                columns += [f"{name}u", f"{name}v"]
            case "unpack":
                lines += [f'@unpack_fields("{name}l", "{name}r")']
                lines += [f"def {name}({up}: int) -> Tuple[int, int]: return {up}, {number}"]
                numbers += [f"{name}l", f"{name}r"]
            case "does":
                lines += [f"def _{name}(**given: int) -> int: return sum(given.values()) + {number}"]
                lines += [f"@does(_{name})", *checks, f"def {name}({up}: int{second}) -> int: pass"]
                numbers.append(name)
    if columns:
        lines.append(
            f"def last({columns[-1]}: pd.Series, {numbers[-1]}: int) -> pd.Series: return {columns[-1]} + {numbers[-1]}"
        )
    return Program(
        f"random {seed}",
        "\n".join(lines) + "\n",
        {"mode": chance.choice(["on", "off"])},
        {"x": chance.randint(-5, 5)},
    )
