"""Ways in which files, variables, other modules and the state of the process decide a helper's number: see `ways.py`."""

from __future__ import annotations

from tests.property.way import Way

TEXT = {"data/$key.txt": "$number"}
OTHER_TEXT = {"data/$key.txt": "$number", "data/$key.md": "about it"}
MODULE = {"deep_$key.py": "def give():\n    return $number\n"}
WORLD = {
    "file": Way("""
def $name()$arrow:
$doc    with open("data/$key.txt") as stream:
        return int(stream.read())$others
""", TEXT),
    "file beside the module": Way("""
def $name()$arrow:
$doc    return int((pathlib.Path(__file__).parent / "data" / "$key.txt").read_text())$others
""", TEXT),
    "file at import": Way("""
_NUMBER_$own = int((pathlib.Path(__file__).parent / "data" / "$key.txt").read_text())


def $name()$arrow:
$doc    return _NUMBER_$own$others
""", TEXT),
    "table of a file": Way("""
_PATH_$own = pathlib.Path(__file__).with_name("data")


def $name()$arrow:
$doc    return json.loads((_PATH_$own / "$key.json").read_text())["number"]$others
""", {"data/$key.json": '{"number": $number, "other": 1}'}),
    "names in a folder": Way("""
def $name()$arrow:
$doc    return int(next(iter(os.listdir("data/$key")))[4:])$others
""", {"data/$key/file$number": ""}),
    "pattern": Way("""
def $name()$arrow:
$doc    return sum(int(path.stem.partition("-")[2]) for path in pathlib.Path("data").glob("$key-*.csv"))$others
""", {"data/$key-$number.csv": ""}),
    "variable": Way("""
def $name()$arrow:
$doc    return int(os.environ["NUMBER_$key"])$others
""", variables={"NUMBER_$key": "$number"}, alone=True),
    "variable by another name": Way("""
_get_$own = os.getenv


def $name()$arrow:
$doc    return int(_get_$own("NUMBER_" + "$key"))$others
""", variables={"NUMBER_$key": "$number"}, alone=True),
    "variable at import": Way("""
_NUMBER_$own = int(os.environ.get("NUMBER_$key", "0"))


def $name()$arrow:
$doc    return _NUMBER_$own$others
""", variables={"NUMBER_$key": "$number"}, alone=True),
    "whole environment": Way("""
def $name()$arrow:
$doc    return int(dict(os.environ)["NUMBER_$key"])$others
""", variables={"NUMBER_$key": "$number"}, alone=True),
    "copy of the environment": Way("""
def $name()$arrow:
$doc    known = {**os.environ, "OTHER": "1"}
    return int(known["NUMBER_$key"])$others
""", variables={"NUMBER_$key": "$number"}, alone=True),
    "file in C": Way("""
def $name()$arrow:
$doc    import ctypes

    found = ctypes.CDLL(None).open(b"data/$key.txt", 0)
    try:
        return int(os.read(found, 9))$others
    finally:
        os.close(found)
""", TEXT),
    "package data": Way("""
def $name()$arrow:
$doc    return int(pkgutil.get_data(__name__, "data/$key.txt"))$others
""", TEXT),
    "remembered file": Way("""
@functools.lru_cache
def _load_$own():
    return int(open("data/$key.txt").read())


def $name()$arrow:
$doc    return _load_$own()$others
""", TEXT, alone=True),
    "file in a global": Way("""
_NUMBER_$own = None


def $name()$arrow:
$doc    global _NUMBER_$own
    if _NUMBER_$own is None:
        _NUMBER_$own = int(open("data/$key.txt").read())
    return _NUMBER_$own$others
""", TEXT, alone=True),
    "remembered variable": Way("""
@functools.cache
def _load_$own():
    return int(os.environ["NUMBER_$key"])


def $name()$arrow:
$doc    return _load_$own()$others
""", variables={"NUMBER_$key": "$number"}, alone=True),
    "remembered property of a file": Way("""
class _Kind_$key:
    @functools.cached_property
    def number(self):
        return int(open("data/$key.txt").read())


_ONE_$own = _Kind_$key()


def $name()$arrow:
$doc    return _ONE_$own.number$others
""", TEXT, alone=True),
    "import in a body": Way("""
def $name()$arrow:
$doc    import deep_$key

    return deep_$key.give()$others
""", MODULE, alone=True),
    "import of a name in a body": Way("""
def $name()$arrow:
$doc    from deep_$key import give

    return give()$others
""", MODULE, alone=True),
    "import by name": Way("""
def $name()$arrow:
$doc    return importlib.import_module("deep_$key").give()$others
""", MODULE, alone=True),
    "name in a text": Way("""
_NUMBER_$key = $number


def $name()$arrow:
$doc    return eval("_NUMBER_$key")$others
"""),
    "name in a query": Way("""
_NUMBER_$key = $number


def $name()$arrow:
$doc    import pandas as pd

    return len(pd.DataFrame({"p": range(5)}).query("p < @_NUMBER_$key"))$others
"""),
    "order of attributes": Way("""
class _Kind_$key:
$ordered

def $name()$arrow:
$doc    return [key for key in vars(_Kind_$key) if key.startswith("n")].index("n_first")$others
"""),
    "wrapper": Way("""
class _Wrapper_$key:
    def __init__(self, function, number):
        functools.update_wrapper(self, function)
        self.number = number

    def __call__(self):
        return self.__wrapped__() + self.number


def _zero_$own():
    return 0$others


$name = _Wrapper_$key(_zero_$own, $number)
"""),
    "precision at import": Way("""
decimal.getcontext().prec = 10 + $number


def $name()$arrow:
$doc    return decimal.getcontext().prec - 10$others
""", alone=True, fixed=True),
    "token at import": Way("""
_VARIABLE_$own = contextvars.ContextVar("number")
_TOKEN_$own = _VARIABLE_$own.set($number)


def $name()$arrow:
$doc    return _VARIABLE_$own.get()$others
""", alone=True, fixed=True),
    "variable set at import": Way("""
os.environ["MADE_$key"] = "$number"


def $name()$arrow:
$doc    return int(os.environ["MADE_$key"])$others
""", alone=True, fixed=True),
    "state that a node leaves": Way("""
def $name()$arrow:
$doc    found = decimal.getcontext().prec
    decimal.getcontext().prec = 20 + $number
    return found + $value
""", alone=True),
}  # fmt: skip
"""What files, variables, other modules and the state of the process decide."""
