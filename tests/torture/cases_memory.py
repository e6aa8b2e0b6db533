"""What one node has read and others find in memory: each of them must run when it changes, and nobody else."""

from tests.torture.case import NOTHING, Build, Case, rename, sub, write
from tests.torture.parts import collector

CASES: list[Case] = []
case = collector(CASES)

CHANGED = sub("k.txt", "1", "22")
READ = 'open("k.txt").read()'
ALL = "a b c"


def nodes(memory: str, call: str = "load()", own: str = "") -> str:
    """Return nodes of which two take something from memory, one by a helper, and one reads a file of its own."""
    return f"""
--- lib.py
import functools, os, threading
from pathlib import Path

{memory}
--- nodes.py
import lib
from lib import *

def _helper():
    return {call}

def a() -> str:
    ran("a")
    return "a" + str({call})

def b() -> str:
    ran("b")
    return "b" + str(_helper())

def c() -> str:
    ran("c")
    return "c" + open("own.txt").read()
{own}
--- k.txt
1
--- own.txt
own
"""


MEMORIES = {
    "lru_cache": f"""
@functools.lru_cache
def load():
    return {READ}
""",
    "cache_of_a_path": """
@functools.cache
def read(path):
    return Path(path).read_text()

def load():
    return read("k.txt")
""",
    "global": f"""
T = None

def load():
    global T
    if T is None:
        T = {READ}
    return T
""",
    "global_bound_to_a_number": f"""
N = None

def load():
    global N
    if N is None:
        N = int({READ})
    return N
""",
    "global_never_bound_before": f"""
def load():
    global T
    try:
        return T
    except NameError:
        T = {READ}
        return T
""",
    "dict": """
_READ = {}

def load():
    if "k" not in _READ:
        _READ["k"] = Path("k.txt").read_text()
    return _READ["k"]
""",
    "setdefault": f"""
_READ = dict()

def load():
    return _READ.get("k") or _READ.setdefault("k", {READ})
""",
    "put_by_another_helper": f"""
_READ = {{}}

def recall(key):
    return _READ.get(key)

def remember(key, value):
    _READ[key] = value

def load():
    if (found := recall("k")) is None:
        remember("k", found := {READ})
    return found
""",
    "list": f"""
_LINES = []

def load():
    if not _LINES:
        _LINES.extend({READ}.splitlines())
    return len(_LINES), _LINES[0]
""",
    "cached_property": f"""
class Store:
    @functools.cached_property
    def text(self):
        return {READ}

_STORE = Store()

def load():
    return _STORE.text
""",
    "attribute_of_an_object": f"""
class Store:
    def __init__(self):
        self._text = None

    def text(self):
        if self._text is None:
            self._text = {READ}
        return self._text

_STORE = Store()

def store():
    return _STORE

def load():
    return store().text()
""",
    "attribute_with_slots": f"""
class Store:
    __slots__ = ("kept",)

    def text(self):
        if not hasattr(self, "kept"):
            self.kept = {READ}
        return self.kept

_STORE = Store()

def load():
    return _STORE.text()
""",
    "attribute_of_a_class": f"""
class Store:
    text = None

    @classmethod
    def get(cls):
        if cls.text is None:
            cls.text = {READ}
        return cls.text

def load():
    return Store.get()
""",
    "one_instance": f"""
class Store:
    _one = None

    def __new__(cls):
        if cls._one is None:
            cls._one = super().__new__(cls)
            cls._one.text = {READ}
        return cls._one

def load():
    return Store().text
""",
    "cached_method": f"""
class Store:
    @staticmethod
    @functools.cache
    def text():
        return {READ}

def load():
    return Store.text()
""",
    "attribute_of_a_function": f"""
def load():
    if not hasattr(load, "text"):
        load.text = {READ}
    return load.text
""",
    "default": """
def load(path="k.txt", _read={}):
    if path not in _read:
        _read[path] = Path(path).read_text()
    return _read[path]
""",
    "own_decorator": f"""
def once(function):
    kept = {{}}

    @functools.wraps(function)
    def wrapper(*args):
        if args not in kept:
            kept[args] = function(*args)
        return kept[args]

    return wrapper

@once
def load():
    return {READ}
""",
    "decorator_class": f"""
class Once:
    def __init__(self, function):
        self.function = function
        self.kept = ()

    def __call__(self):
        if not self.kept:
            self.kept = (self.function(),)
        return self.kept[0]

@Once
def load():
    return {READ}
""",
    "nonlocal": f"""
def make():
    text = None

    def get():
        nonlocal text
        if text is None:
            text = {READ}
        return text

    return get

load = make()
""",
    "read_in_a_thread": f"""
@functools.cache
def load():
    found = []
    thread = threading.Thread(target=lambda: found.append({READ}))
    thread.start()
    thread.join()
    return found[0]
""",
    "memory_of_memory": f"""
T = None
U = None

def text():
    global T
    if T is None:
        T = {READ}
    return T

@functools.cache
def upper():
    return text().upper()

def load():
    global U
    if U is None:
        U = len(upper())
    return U, upper()
""",
    "dict_of_a_library": f"""
import collections
_READ = collections.defaultdict(dict)

def load():
    return _READ["files"].get("k") or _READ["files"].setdefault("k", {READ})
""",
    "dict_of_ones_own": """
class Files(dict):
    def __missing__(self, name):
        self[name] = Path(name).read_text()
        return self[name]

_FILES = Files()

def load():
    return _FILES["k.txt"]
""",
}  # fmt: skip

for name, memory in MEMORIES.items():
    case(
        f"memory_{name}",
        nodes(memory),
        NOTHING,
        Build("a b", edits=[CHANGED]),
        NOTHING,
        Build("c", edits=[sub("own.txt", "own", "mine")]),
        target=ALL,
    )

case(
    "memory_in_the_nodes_own_code",
    nodes("T = None").replace("from lib import *", "T = None")
    .replace('    return "a" + str(load())', f'    global T\n    T = T or {READ}\n    return "a" + T')
    .replace('    return "b" + str(_helper())', f'    global T\n    T = T or {READ}\n    return "b" + T')
    .replace("load()", "1"),
    NOTHING,
    Build("a b", edits=[CHANGED]),
    target=ALL,
)  # fmt: skip
case(
    "memory_of_a_variable",
    nodes('@functools.cache\ndef load():\n    return os.environ.get("REGION")'),
    NOTHING,
    Build("a b", env={"REGION": "us"}),
    env={"REGION": "eu"},
    target=ALL,
)
case(
    "memory_of_a_folder",
    nodes("@functools.cache\ndef load():\n    return sorted(os.listdir('parts'))") + "--- parts/a.txt\na\n",
    NOTHING,
    Build("a b", edits=[rename("parts/a.txt", "parts/b.txt")]),
    target=ALL,
)
case(
    "memory_of_a_file_that_is_not_there",
    nodes("@functools.cache\ndef load():\n    try:\n        return open('more.txt').read()\n    except OSError:\n        return ''"),
    NOTHING,
    Build("a b", edits=[write("more.txt", "more\n")]),
    target=ALL,
)  # fmt: skip
case(
    "memory_of_a_node_that_another_calls",
    """
--- nodes.py
import functools

@functools.cache
def table() -> str:
    return open("k.txt").read()

def a() -> str:
    ran("a")
    return "a" + table()

def b() -> str:
    ran("b")
    return "b" + table()
--- k.txt
1
""",
    NOTHING,
    Build("a b", edits=[CHANGED]),
    target="table a b",
)

# -- no memory: nobody has what another one read ---------------------------------------------------------------------

FORGETFUL = {
    "function": "def load(path):\n    return open(path).read()",
    "function_with_tables": """
RATES = {"uk": 1, "us": [1, 2]}
ROOT = Path("ROOT").parent
NAMES = ["k", "own"]

def load(path):
    return Path(ROOT / path).read_text(), RATES["uk"], NAMES
""",
    "decorated": """
def told(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper

@told
def load(path):
    return open(path).read()
""",
    "beside_pure_memory": """
import re
_WORD = None

def word():
    global _WORD
    if _WORD is None:
        _WORD = re.compile("[a-z]+")
    return _WORD

@functools.lru_cache
def parse(text):
    return len(text)

def load(path):
    text = open(path).read()
    return parse("x"), word().findall(text), text
""",
    "logging": """
import logging
LOG = logging.getLogger(__name__)
LOCK = threading.Lock()

def load(path):
    LOG.debug("%s", path)
    with LOCK:
        return open(path).read()
""",
    "reader": """
class Reader:
    def __init__(self, path):
        self.path = path

    @functools.cached_property
    def text(self):
        return open(self.path).read()

def load(path):
    return Reader(path).text
""",
}  # fmt: skip

for name, helper in FORGETFUL.items():
    text = nodes(helper, 'load("k.txt")').replace('"b" + str(_helper())', '"b" + str(load("own.txt"))')
    case(
        f"no_memory_{name}",
        text.replace("def c()", "def unused()").replace('ran("c")', "pass"),
        NOTHING,
        Build("a", edits=[CHANGED]),
        Build("b", edits=[sub("own.txt", "own", "mine")]),
        target="a b",
    )
