"""Ways in which only code decides a helper's number: see `ways.py`."""

from __future__ import annotations

CODE = {
    "function": """
def $name()$arrow:
$doc    $local = $value
    return $local
""",
    "class": """
class _Base_$key:
    def value(self):
$indented        return $value


class _Kind_$key(_Base_$key):
    pass


def $name()$arrow:
$doc    return _Kind_$key().value()
""",
    "closure": """
def _make_$own(number):
    def made():
$indented        return number$others

    return made


$name = _make_$own($number)
""",
    "default": """
def $name(number=$number)$arrow:
$doc    return number$others
""",
    "keyword default": """
def $name(*, number=$number)$arrow:
$doc    return number$others
""",
    "default by name": """
_DEFAULT_$own = $number


def $name(number=_DEFAULT_$own)$arrow:
$doc    return number$others
""",
    "lambda": """
$name = lambda: $value
""",
    "partial": """
def _give_$own(number)$arrow:
$doc    return number$others


$name = functools.partial(_give_$own, $number)
""",
    "keyword partial": """
def _give_$own(first, *, number=0)$arrow:
$doc    return first + number$others


$name = functools.partial(_give_$own, 0, number=$number)
""",
    "decorator": """
def _more_$own(number):
    def decorate(function):
        @functools.wraps(function)
        def wrapper():
            return function() + number

        return wrapper

    return decorate


@_more_$own($number)
def $name()$arrow:
$doc    return 0$others
""",
    "bare decorator": """
def _more_$own(function):
    @functools.wraps(function)
    def wrapper():
        return function() + $number

    return wrapper


@_more_$own
def $name()$arrow:
$doc    return 0$others
""",
    "property": """
class _Kind_$key:
    @property
    def number(self):
$indented        return $value


_ONE_$own = _Kind_$key()


def $name()$arrow:
$doc    return _ONE_$own.number
""",
    "kept property": """
class _Kind_$key:
    @functools.cached_property
    def number(self):
$indented        return $value


_ONE_$own = _Kind_$key()


def $name()$arrow:
$doc    return _ONE_$own.number
""",
    "class attribute": """
class _Kind_$key:
    number = $number
    other = 1

    def value(self):
$indented        return self.number$others


def $name()$arrow:
$doc    return _Kind_$key().value()
""",
    "instance": """
class _Kind_$key:
    def __init__(self, number):
        self.number = number

    def value(self):
$indented        return self.number$others


_ONE_$own = _Kind_$key($number)


def $name()$arrow:
$doc    return _ONE_$own.value()
""",
    "bound method": """
class _Kind_$key:
    def __init__(self, number):
        self.number = number

    def value(self):
$indented        return self.number$others


$name = _Kind_$key($number).value
""",
    "callable object": """
class _Kind_$key:
    def __init__(self, number):
        self.number = number

    def __call__(self):
$indented        return self.number$others


$name = _Kind_$key($number)
""",
    "data class": """
@dataclass(frozen=True)
class _Kind_$key:
    number: int = $number
    other: int = 1


def $name()$arrow:
$doc    return _Kind_$key().number$others
""",
    "named tuple": """
class _Kind_$key(typing.NamedTuple):
    number: int = $number


def $name()$arrow:
$doc    return _Kind_$key().number$others
""",
    "enumeration": """
class _Kind_$key(enum.Enum):
    NUMBER = $number
    OTHER = 7


def $name()$arrow:
$doc    return _Kind_$key.NUMBER.value$others
""",
    "class method": """
class _Kind_$key:
    @classmethod
    def first(cls):
$indented        return cls.second()

    @staticmethod
    def second():
        return $value


def $name()$arrow:
$doc    return _Kind_$key.first()
""",
    "class keyword": """
class _Base_$key:
    def __init_subclass__(cls, number=0):
        cls.number = number


class _Kind_$key(_Base_$key, number=$number):
    pass


def $name()$arrow:
$doc    return _Kind_$key.number$others
""",
    "metaclass": """
class _Meta_$key(type):
    def __call__(cls):
        return $value


class _Kind_$key(metaclass=_Meta_$key):
    pass


def $name()$arrow:
$doc    return _Kind_$key()
""",
    "descriptor": """
class _Field_$key:
    def __get__(self, instance, owner=None):
        return $value


class _Kind_$key:
    number = _Field_$key()


def $name()$arrow:
$doc    return _Kind_$key().number
""",
    "constant": """
_NUMBER_$own = $number


def $name()$arrow:
$doc    return _NUMBER_$own$others
""",
    "table": """
_TABLE_$own = {"number": $number, "other": [1, 2]}


def $name()$arrow:
$doc    return _TABLE_$own["number"]$others
""",
    "deep table": """
_TABLE_$own = {"rows": [(0, 1), (0, $number)]}


def $name()$arrow:
$doc    return _TABLE_$own["rows"][-1][1]$others
""",
    "length": """
_ROWS_$own = [None] * $number


def $name()$arrow:
$doc    return len(_ROWS_$own)$others
""",
    "functions in a table": """
def _one_$own():
    return $value


def _two_$own():
    return 0


_TABLE_$own = {"one": _one_$own, "two": _two_$own}


def $name()$arrow:
$doc    return _TABLE_$own["one"]()
""",
    "dispatch": """
@functools.singledispatch
def _show_$own(value):
    return 0


@_show_$own.register
def _(value: int):
    return $value


def $name()$arrow:
$doc    return _show_$own(1)
""",
    "registry": """
_KNOWN_$own = {}


def _register_$own(function):
    _KNOWN_$own[function.__name__] = function
    return function


@_register_$own
def _entry_$key():
    return $value


def $name()$arrow:
$doc    return _KNOWN_$own["_entry_$key"]()
""",
    "generator": """
def _count_$own():
    for number in range($number):
        yield number


def $name()$arrow:
$doc    return sum(1 for number in _count_$own())$others
""",
    "method by name": """
class _Kind_$key:
    def value(self):
        return $value


_GET_$own = operator.methodcaller("value")


def $name()$arrow:
$doc    return _GET_$own(_Kind_$key())
""",
    "attribute of a function": """
def $name()$arrow:
$doc    return _keep_$own.number$others


def _keep_$own():
    return 0


_keep_$own.number = $number
""",
    "name space": """
_SPACE_$own = types.SimpleNamespace(number=$number)


def $name()$arrow:
$doc    return _SPACE_$own.number$others
""",
    "read-only table": """
_TABLE_$own = types.MappingProxyType({"number": $number})


def $name()$arrow:
$doc    return _TABLE_$own["number"]$others
""",
    "context variable": """
_VARIABLE_$own = contextvars.ContextVar("number", default=$number)


def $name()$arrow:
$doc    return _VARIABLE_$own.get()$others
""",
    "patched class": """
class _Kind_$key:
    def value(self):
        return 0


_Kind_$key.value = lambda self: $value


def $name()$arrow:
$doc    return _Kind_$key().value()
""",
    "later attribute": """
class _Kind_$key:
    number = 0


_Kind_$key.number = $number


def $name()$arrow:
$doc    return _Kind_$key.number$others
""",
    "nested function": """
def $name()$arrow:
$doc    def inner(number=$number):
        return number$others

    return inner()
""",
    "memory of a function": """
@functools.lru_cache
def _give_$own(first)$arrow:
$doc    return first + $value


def $name():
    return _give_$own(0)
""",
    "recursion": """
def $name(depth=2)$arrow:
$doc    return $value if depth == 0 else $name(depth - 1)
""",
    "mutual recursion": """
def _even_$own(depth):
    return $value if depth == 0 else _odd_$own(depth - 1)


def _odd_$own(depth):
    return _even_$own(depth - 1)


def $name()$arrow:
$doc    return _even_$own(2)
""",
}
"""What only code decides."""
