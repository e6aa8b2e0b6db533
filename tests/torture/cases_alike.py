"""Values that look alike and are not the same: given, made by a node, or standing in the code."""

from collections.abc import Sequence

from tests.torture.case import NOTHING, Build, Case, Edit, sub
from tests.torture.parts import X, collector, one

CASES: list[Case] = []
case = collector(CASES)

LITERALS = "[0.0, (1, 2), True, {1: 'u'}, b'z', None, 'w']"
case(
    "alike_in_the_code",
    one(f"_K = {LITERALS}", "repr(_K)"),
    NOTHING,
    *(
        Build("b", edits=[sub("nodes.py", old, new)])
        for old, new in (
            ("0.0", "-0.0"),
            ("(1, 2)", "[1, 2]"),
            ("True", "1"),
            ("{1: 'u'}", "{1.0: 'u'}"),
            ("b'z'", "bytearray(b'z')"),
            ("None", "..."),
            ("'w'", "b'w'"),
        )
    ),
    **X,
)
case(
    "alike_in_a_body",
    one("", f"repr({LITERALS})"),
    NOTHING,
    *(
        Build("b", edits=[sub("nodes.py", old, new)])
        for old, new in (("0.0", "-0.0"), ("True", "1"), ("{1: 'u'}", "{1.0: 'u'}"), ("None", "..."))
    ),
    **X,
)

DATETIME, DECIMAL = '__import__("datetime")', '__import__("decimal")'
COLLECTIONS, FRACTIONS = '__import__("collections")', '__import__("fractions")'
ALIKE: dict[str, tuple[str, Sequence[str]]] = {
    "numbers": (
        "type(v).__name__ + repr(v)",
        ["1", "1.0", "True", "1 + 0j", f"{DECIMAL}.Decimal(1)", f"{DECIMAL}.Decimal('1.0')", f"{FRACTIONS}.Fraction(1)",
         "np.int64(1)", "np.int32(1)", "np.float64(1)", "np.bool_(True)", "np.array(1)", "'1'", "b'1'"],
    ),
    "nothings": (
        "type(v).__name__ + repr(v)",
        ["None", "''", "()", "[]", "{}", "set()", "False", "0", "b''", "np.array([])", "pd.NA", "pd.NaT", "float('nan')"],
    ),
    "zeros": (
        "repr(v)",
        ["0.0", "-0.0", "0j", "-0j", "complex(0.0, -0.0)", "np.float64(0.0)", "np.float32(0.0)", "np.float64(-0.0)"],
    ),
    "containers": (
        "type(v).__name__ + str(v)",
        ["(1, 2)", "[1, 2]", f"{COLLECTIONS}.deque([1, 2])", f"{COLLECTIONS}.deque([1, 2], 5)", "{1: 2}",
         f"{COLLECTIONS}.OrderedDict({{1: 2}})", f"{COLLECTIONS}.Counter({{1: 2}})", f"{COLLECTIONS}.defaultdict(int, {{1: 2}})",
         "{1, 2}", "frozenset({1, 2})", "range(1, 3)", "slice(1, 3)", "np.array([1, 2])", "np.array([1, 2], dtype='int32')"],
    ),
    "texts": (
        "type(v).__name__ + repr(v)",
        ["'é'", "'e\\u0301'", "'a'", "'a '", "'a\\n'", "'a\\r\\n'", "b'a'", "bytearray(b'a')", "np.str_('a')", "'\\udc80'"],
    ),
    "times": (
        "type(v).__name__ + repr(v) + str(getattr(v, 'unit', ''))",
        [f"{DATETIME}.datetime(2020, 1, 1)", f"{DATETIME}.date(2020, 1, 1)", "pd.Timestamp('2020-01-01')",
         "np.datetime64('2020-01-01')", "np.datetime64('2020-01-01', 's')",
         f"{DATETIME}.datetime(2020, 1, 1, tzinfo={DATETIME}.timezone.utc)", f"{DATETIME}.datetime(2020, 1, 1, fold=1)",
         f"{DATETIME}.datetime(2020, 1, 1, tzinfo=__import__('zoneinfo').ZoneInfo('UTC'))",
         "pd.Timestamp('2020-01-01', tz='UTC')", "pd.Timestamp('2020-01-01').as_unit('s')", "pd.Period('2020-01-01')"],
    ),
    "columns_of_text": (
        "str(v.dtype) + repr(v.iloc[1]) + str(getattr(v.dtype, 'storage', ''))",
        ["pd.Series(['u', None], dtype='str')", "pd.Series(['u', None], dtype=object)",
         "pd.Series(['u', float('nan')], dtype=object)", "pd.Series(['u', pd.NA], dtype='string[python]')",
         "pd.Series(['u', None], dtype='string[pyarrow]')", "pd.Series(['u', None], dtype='category')"],
    ),
    "columns_of_numbers": (
        "str(v.dtype) + repr(v.index) + repr(v.name)",
        ["pd.Series([1, 2])", "pd.Series([1, 2], dtype='Int64')", "pd.Series([1, 2], dtype='int64[pyarrow]')",
         "pd.Series([1.0, 2.0])", "pd.Series([1, 2], dtype=object)", "pd.Series([1, 2], name='p')",
         "pd.Series([1, 2], index=[0, 1])", "pd.Series([1, 2], index=[0.0, 1.0])", "pd.Series([1, 2], name=0)"],
    ),
    "arrays": (
        "(v.dtype.str, v.shape, v.ravel(order='K').tolist(), v.flags.f_contiguous)",
        ["np.array([[1, 2], [3, 4]])", "np.array([[1, 2], [3, 4]], order='F')", "np.array([[1, 3], [2, 4]], order='F')",
         "np.array([1, 2, 3, 4])", "np.array([[1, 2], [3, 4]], dtype='>i8')", "np.array([[1, 2, 3, 4]])"],
    ),
    "order_of_keys": ("list(v)", ["{'p': 1, 'q': 2}", "{'q': 2, 'p': 1}"]),
}  # fmt: skip
"""What a node shows of such a value, and values of which each shows another."""

ROUNDS = range(1, max(len(values) for _, values in ALIKE.values()))
LATER = [[about for about, (_, values) in ALIKE.items() if number < len(values)] for number in ROUNDS]
"""Of which kinds there is another value, in each round."""


def make(about: str, taken: str, use: str) -> str:
    """Return a node that shows what it takes."""
    return f"""
def b_{about}({taken}: object) -> object:
    ran("b_{about}")
    v = {taken}
    return {use}
"""


def give(number: int) -> dict[str, str]:
    """Return the inputs of a round."""
    return {f"v_{about}": values[min(number, len(values) - 1)] for about, (_, values) in ALIKE.items()}


def edit(about: str, before: str, after: str) -> Edit:
    """Let a node make another value."""
    return sub(
        "nodes.py", f'ran("a_{about}")\n    return {before}\n', f'ran("a_{about}")\n    return {after}\n'
    )


HEAD = "--- nodes.py\nimport numpy as np\nimport pandas as pd\n"
TARGETS = " ".join(f"b_{about}" for about in ALIKE)
case(
    "alike_given",
    HEAD + "".join(make(about, f"v_{about}", use) for about, (use, _) in ALIKE.items()),
    NOTHING,
    *(
        Build(" ".join(f"b_{about}" for about in later), inputs=give(number))
        for number, later in zip(ROUNDS, LATER, strict=True)
    ),
    Build(inputs=give(0)),
    inputs=give(0),
    target=TARGETS,
)
case(
    "alike_made",
    HEAD
    + "".join(
        f'\ndef a_{about}() -> object:\n    ran("a_{about}")\n    return {values[0]}\n'
        + make(about, f"a_{about}", use)
        for about, (use, values) in ALIKE.items()
    ),
    NOTHING,
    *(
        Build(
            " ".join(f"a_{about} b_{about}" for about in later),
            edits=[edit(about, *ALIKE[about][1][number - 1 : number + 1]) for about in later],
        )
        for number, later in zip(ROUNDS, LATER, strict=True)
    ),
    Build(edits=[edit(about, values[-1], values[0]) for about, (_, values) in ALIKE.items()]),
    target=TARGETS,
)
