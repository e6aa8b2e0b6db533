"""The kinds of state that are put back between steps: Python's own, and those of libraries.

The rule that the list stands for: what a function of Python's or of a library's sets for all that runs in the process,
there or in what the system keeps of it, and what can decide a value or end a step. What hangs on contexts
(`contextvars`: numpy's `seterr` and print options) is not here, since each step runs in a copy of the context; the
shared generators of random numbers are in `chance`, the working folder is the worker's. Knows nothing of steps.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from dagbuild.executors.state.kind import Kind, Listed, Pair, PairOfThread, Table
from dagbuild.ground.override import override


class _Environment(Table):
    """The environment variables: bytes in a table of Python's own, which is what `os.environ` shows."""

    def __init__(self) -> None:
        super().__init__("the environment", "os", _find_variables, _set_variable, _drop_variable)

    @override
    def put_back(self, taken: dict[Any, Any]) -> None:
        zone = os.environ.encodekey("TZ")
        before = _find_variables(os).get(zone)
        super().put_back(taken)
        if before != taken.get(zone) and hasattr(time, "tzset"):
            time.tzset()


def _find_variables(module: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = module.environ._data
    return found


def _set_variable(module: Any, key: Any, value: Any) -> None:
    module.environ[module.environ.decodekey(key)] = module.environ.decodevalue(value)


def _drop_variable(module: Any, key: Any) -> None:
    del module.environ[module.environ.decodekey(key)]


class _Loggers(Kind):
    """The levels of loggers, what the root logger writes to, and `logging.disable`."""

    name = "the loggers"
    module = "logging"

    def __init__(self) -> None:
        self._known: list[logging.Logger] = []
        self._count = -1

    def _find(self) -> list[logging.Logger]:
        held = logging.root.manager.loggerDict
        if len(held) != self._count:
            self._known = [
                logging.root,
                *(each for each in held.values() if isinstance(each, logging.Logger)),
            ]
            self._count = len(held)
        return self._known

    @override
    def take(self) -> Any:
        levels = {logger: logger.level for logger in self._find()}
        return levels, list(logging.root.handlers), logging.root.manager.disable

    @override
    def is_as(self, taken: Any) -> bool:
        levels, handlers, disabled = taken
        return (
            all(logger.level == levels.get(logger, logging.NOTSET) for logger in self._find())
            and logging.root.handlers == handlers
            and logging.root.manager.disable == disabled
        )

    @override
    def put_back(self, taken: Any) -> None:
        levels, handlers, disabled = taken
        for logger in self._find():  # those that are new are as `getLogger` makes them
            if logger.level != levels.get(logger, logging.NOTSET):
                logger.setLevel(levels.get(logger, logging.NOTSET))
        logging.root.handlers[:] = handlers
        if logging.root.manager.disable != disabled:
            logging.disable(disabled)


class _PandasOptions(Kind):
    """What `pandas.set_option` sets: a tree of tables."""

    name = "pandas' options"
    module = "pandas._config.config"

    @override
    def take(self) -> Any:
        return _copy_tree(sys.modules[self.module]._global_config)

    @override
    def is_as(self, taken: Any) -> bool:
        return bool(sys.modules[self.module]._global_config == taken)

    @override
    def put_back(self, taken: Any) -> None:
        config = sys.modules[self.module]
        before, after = _flatten(taken), _flatten(config._global_config)
        for name, value in before.items():
            if name in after and after[name] is not value:
                # By its own function: some options act when they are set.
                config.set_option(name, value)


def _copy_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copy_tree(value) if isinstance(value, dict) else value for name, value in tree.items()}


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flatten(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


class _PolarsConfig(Kind):
    """What `polars.Config` sets besides environment variables."""

    name = "polars' Config"
    module = "polars.config"

    @override
    def take(self) -> dict[str, Any]:
        return {name: get() for name, get in sys.modules[self.module]._POLARS_CFG_DIRECT_VARS.items()}

    @override
    def put_back(self, taken: dict[str, Any]) -> None:
        for name, value in taken.items():
            getattr(sys.modules[self.module].Config, name)(value)


_SIGNALS = tuple(
    sorted({int(each) for each in signal.Signals} - {signal.SIGINT, signal.SIGKILL, signal.SIGSTOP})
)
"""All but Ctrl-C, which is the build's own while nodes run, and what nobody can change."""


def _set_signals(module: Any, taken: tuple[Any, ...]) -> None:
    for number, handler in zip(_SIGNALS, taken, strict=True):
        if module.getsignal(number) is not handler:
            module.signal(number, handler)


def _find_umask(module: Any) -> int:
    # The only way to ask for it; what another thread makes meanwhile is nobody else's.
    mask: int = module.umask(0o077)
    module.umask(mask)
    return mask


_LIMITS = tuple({value for name, value in vars(resource).items() if name.startswith("RLIMIT_")})


def _set_limits(module: Any, taken: tuple[Any, ...]) -> None:
    for number, pair in zip(_LIMITS, taken, strict=True):
        if module.getrlimit(number) != pair:
            module.setrlimit(number, pair)


def _set_priority(module: Any, taken: int) -> None:
    module.setpriority(module.PRIO_PROCESS, 0, taken)


def _find_loop(module: Any) -> tuple[Any, dict[str, Any]]:
    """Return the policy, and what it holds of this thread: the loop that was set, and whether one was."""
    policy = module._event_loop_policy
    return policy, dict(vars(policy._local)) if hasattr(policy, "_local") else {}


def _set_loop(module: Any, taken: tuple[Any, dict[str, Any]]) -> None:
    policy, held = taken
    module._event_loop_policy = policy
    if hasattr(policy, "_local"):
        vars(policy._local).clear()
        vars(policy._local).update(held)


_PROCESSORS = (
    (
        PairOfThread(
            "the processors",
            "os",
            lambda m: m.sched_getaffinity(0),
            lambda m, taken: m.sched_setaffinity(0, taken),
        ),
    )
    if hasattr(os, "sched_getaffinity")
    else ()
)


KINDS: tuple[Kind, ...] = (
    _Environment(),
    Listed("sys.path", "sys", "path"),
    Listed("the warning filters", "warnings", "filters", "_filters_mutated"),
    Pair(
        "how warnings are shown",
        "warnings",
        lambda module: (module.showwarning, module.formatwarning),
        lambda module, taken: vars(module).update(showwarning=taken[0], formatwarning=taken[1]),
    ),
    _Loggers(),
    Pair("the class of loggers", "logging", lambda m: m.getLoggerClass(), lambda m, taken: m.setLoggerClass(taken)),
    Pair(
        "the names of levels",
        "logging",
        lambda m: (m._levelToName.copy(), m._nameToLevel.copy()),
        lambda m, taken: vars(m).update(_levelToName=taken[0].copy(), _nameToLevel=taken[1].copy()),
    ),
    Pair("the stack of threads", "threading", lambda m: m.stack_size(), lambda m, size: m.stack_size(size)),
    Pair("the locale", "_locale", lambda m: m.setlocale(m.LC_ALL), lambda m, taken: m.setlocale(m.LC_ALL, taken)),
    Pair("the recursion limit", "sys", lambda m: m.getrecursionlimit(), lambda m, n: m.setrecursionlimit(n)),
    Pair("the switch interval", "sys", lambda m: m.getswitchinterval(), lambda m, n: m.setswitchinterval(n)),
    Pair("the limit of digits", "sys", lambda m: m.get_int_max_str_digits(), lambda m, n: m.set_int_max_str_digits(n)),
    Pair("the thresholds of gc", "gc", lambda m: m.get_threshold(), lambda m, taken: m.set_threshold(*taken)),
    Pair("whether gc is on", "gc", lambda m: m.isenabled(), lambda m, on: m.enable() if on else m.disable()),
    Pair("the time-out of sockets", "socket", lambda m: m.getdefaulttimeout(), lambda m, n: m.setdefaulttimeout(n)),
    Pair("what signals do", "_signal", lambda m: tuple(map(m.getsignal, _SIGNALS)), _set_signals),
    PairOfThread(
        "which signals wait",
        "_signal",
        lambda m: m.pthread_sigmask(m.SIG_BLOCK, ()),
        lambda m, taken: m.pthread_sigmask(m.SIG_SETMASK, taken),
    ),
    Pair(
        "the alarm",
        "_signal",
        lambda m: m.getitimer(m.ITIMER_REAL)[0] > 0,
        lambda m, on: on or m.setitimer(m.ITIMER_REAL, 0),
    ),
    Pair("the umask", "os", _find_umask, lambda m, mask: m.umask(mask)),
    Pair("the limits of the process", "resource", lambda m: tuple(map(m.getrlimit, _LIMITS)), _set_limits),
    PairOfThread("the priority", "os", lambda m: m.getpriority(m.PRIO_PROCESS, 0), _set_priority),
    *_PROCESSORS,
    PairOfThread("the event loop", "asyncio.events", _find_loop, _set_loop),
    Pair("the longest field of csv", "csv", lambda m: m.field_size_limit(), lambda m, n: m.field_size_limit(n)),
    Pair(
        "how processes start",
        "multiprocessing",
        lambda m: m.get_start_method(allow_none=True),
        lambda m, taken: m.set_start_method(taken, force=True),
    ),
    _PandasOptions(),
    _PolarsConfig(),
    Table(
        "matplotlib's rcParams",
        "matplotlib",
        lambda module: module.rcParams,
        lambda module, key, value: dict.__setitem__(module.rcParams, key, value),
        lambda module, key: dict.__delitem__(module.rcParams, key),
    ),
    # What is drawn goes into the figure that is the last one open.
    Table(
        "matplotlib's open figures",
        "matplotlib._pylab_helpers",
        lambda module: module.Gcf.figs,
        lambda module, key, value: module.Gcf.figs.__setitem__(key, value),
        lambda module, key: module.Gcf.figs.__delitem__(key),
    ),
    Pair("scikit-learn's config", "sklearn", lambda m: m.get_config(), lambda m, taken: m.set_config(**taken)),
)  # fmt: skip
