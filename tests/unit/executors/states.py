"""Kinds of state that a process has once: how a node sets each, and how another one looks at it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """`loud` are statements that change it, `look` is an expression for what stands; both may use these `imports`."""

    name: str
    imports: str
    loud: str
    look: str


_PROCESSORS = (
    [
        State(
            "processors",
            "os",
            "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
            "sorted(os.sched_getaffinity(0))",
        )
    ]
    if sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1
    else []
)

STATES = (
    State("variable", "os", "os.environ['STATE_MODE'] = 'loud'", "os.environ.get('STATE_MODE', 'quiet')"),
    State("variable taken away", "os", "del os.environ['HOME']", "sorted(os.environ)"),
    State("variables cleared", "os", "os.environ.clear()", "sorted(os.environ)"),
    State(
        "time zone", "os, time", "os.environ['TZ'] = 'Asia/Tokyo'; time.tzset()", "time.localtime(0).tm_hour"
    ),
    State("working folder", "os", "os.chdir('/')", "os.getcwd()"),
    State("path", "sys", "sys.path.insert(0, '/nowhere')", "list(sys.path)"),
    State("another path", "sys", "sys.path = ['/nowhere', *sys.path]", "list(sys.path)"),
    State("filters", "warnings", "warnings.simplefilter('error')", "len(warnings.filters)"),
    State("filters set anew", "warnings", "warnings.filters = []", "len(warnings.filters)"),
    State("filters reset", "warnings", "warnings.resetwarnings()", "len(warnings.filters)"),
    State("shown", "warnings", "warnings.showwarning = print", "repr(warnings.showwarning)"),
    State(
        "root logger",
        "logging",
        "logging.getLogger().setLevel(5)",
        "logging.getLogger().level",
    ),
    State(
        "logger", "logging", "logging.getLogger('pandas').setLevel(5)", "logging.getLogger('pandas').level"
    ),
    State("new logger", "logging", "logging.getLogger('st').setLevel(5)", "logging.getLogger('st').level"),
    State("handlers", "logging", "logging.basicConfig(force=True)", "str(logging.getLogger().handlers)"),
    State("silence", "logging", "logging.disable(50)", "logging.getLogger('x').isEnabledFor(40)"),
    State(
        "locale", "locale", "locale.setlocale(locale.LC_ALL, 'C.UTF-8')", "locale.setlocale(locale.LC_ALL)"
    ),
    State("recursion", "sys", "sys.setrecursionlimit(4321)", "sys.getrecursionlimit()"),
    State("switches", "sys", "sys.setswitchinterval(0.5)", "sys.getswitchinterval()"),
    State("digits", "sys", "sys.set_int_max_str_digits(0)", "sys.get_int_max_str_digits()"),
    State("gc", "gc", "gc.disable(); gc.set_threshold(5)", "(gc.isenabled(), gc.get_threshold())"),
    State("sockets", "socket", "socket.setdefaulttimeout(5)", "socket.getdefaulttimeout()"),
    State(
        "signals",
        "signal, threading",
        "if threading.current_thread() is threading.main_thread(): signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
        "signal.getsignal(signal.SIGUSR1)",
    ),
    State(
        "alarm", "signal", "signal.setitimer(signal.ITIMER_REAL, 99)", "signal.getitimer(signal.ITIMER_REAL)"
    ),
    State(
        "signals that wait",
        "signal",
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})",
        "sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))",
    ),
    State(
        "the class of loggers",
        "logging, state_lib",
        "logging.setLoggerClass(state_lib.LoudLogger)",
        "logging.getLoggerClass().__name__",
    ),
    State("names of levels", "logging", "logging.addLevelName(7, 'LOUD')", "logging.getLevelName(7)"),
    State("stacks", "threading", "threading.stack_size(1 << 20)", "threading.stack_size()"),
    State("umask", "os, state_lib", "os.umask(0o077)", "state_lib.umask()"),
    State(
        "limits",
        "resource",
        "resource.setrlimit(resource.RLIMIT_CORE, (1, resource.getrlimit(resource.RLIMIT_CORE)[1]))",
        "resource.getrlimit(resource.RLIMIT_CORE)",
    ),
    State("priority", "os", "os.nice(1)", "os.nice(0)"),
    *_PROCESSORS,
    State("event loop", "asyncio, state_lib", "asyncio.run(asyncio.sleep(0))", "state_lib.find_loop()"),
    State(
        "another event loop",
        "asyncio, state_lib",
        "asyncio.set_event_loop(asyncio.SelectorEventLoop())",
        "state_lib.find_loop()",
    ),
    State("csv", "csv", "csv.field_size_limit(10)", "csv.field_size_limit()"),
    State(
        "processes",
        "multiprocessing",
        "multiprocessing.set_start_method('spawn', force=True)",
        "multiprocessing.get_start_method(allow_none=True)",
    ),
    State("decimal", "decimal", "decimal.getcontext().prec = 6", "str(decimal.Decimal(1) / 3)"),
    State(
        "decimal's traps",
        "decimal",
        "decimal.getcontext().traps[decimal.Inexact] = True",
        "decimal.getcontext().traps[decimal.Inexact]",
    ),
    State(
        "decimal's context",
        "decimal",
        "decimal.setcontext(decimal.Context(prec=3))",
        "str(decimal.Decimal(1) / 3)",
    ),
    State(
        "context variable", "decimal, state_lib", "state_lib.MODE.set('loud')", "state_lib.MODE.get('quiet')"
    ),
    State("numpy's errors", "numpy as np", "np.seterr(all='raise')", "np.geterr()"),
    State(
        "numpy's printing",
        "numpy as np",
        "np.set_printoptions(precision=2)",
        "np.get_printoptions()['precision']",
    ),
    State(
        "pandas' option",
        "pandas as pd",
        "pd.set_option('display.precision', 2)",
        "repr(pd.Series([1.23456]))",
    ),
    State(
        "pandas' options by attribute",
        "pandas as pd",
        "pd.options.display.max_rows = 3",
        "pd.options.display.max_rows",
    ),
    State("polars", "polars as pl", "pl.Config.set_tbl_rows(3)", "repr(pl.DataFrame({'a': range(9)}))"),
    State(
        "polars' floats",
        "polars as pl",
        "pl.Config.set_float_precision(1); pl.Config.set_fmt_float('full')",
        "repr(pl.DataFrame({'a': [1.2345]}))",
    ),
    State("a library's name", "json", "json.LOUD = 1", "hasattr(json, 'LOUD')"),
    State("a library's default", "json.encoder", "json.encoder.INFINITY = 1", "json.encoder.INFINITY"),
    State("a library's function", "json", "json.dumps = str", "json.dumps([1.5, None])"),
    State("a library's method", "pandas as pd", "pd.Series.loud = 1", "hasattr(pd.Series, 'loud')"),
    State("set after an import", "json", "import json as j; j.LOUD = 1", "hasattr(json, 'LOUD')"),
    State("a name deleted", "json", "del json.loads", "hasattr(json, 'loads')"),
    State(
        "matplotlib",
        "matplotlib",
        "matplotlib.rcParams['lines.linewidth'] = 9",
        "matplotlib.rcParams['lines.linewidth']",
    ),
    State(
        "a style",
        "matplotlib.pyplot as plt",
        "plt.style.use('ggplot')",
        "plt.rcParams['axes.facecolor']",
    ),
    State("figures", "matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.get_fignums()"),
    State(
        "scikit-learn",
        "sklearn",
        "sklearn.set_config(transform_output='pandas')",
        "sklearn.get_config()['transform_output']",
    ),
)

STATE_LIB = """
    from contextvars import ContextVar
    MODE: ContextVar[str] = ContextVar("MODE")

    import logging

    class LoudLogger(logging.Logger):
        pass

    def umask():
        import os
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def find_loop():
        import asyncio
        policy = asyncio.events._event_loop_policy
        return type(policy).__name__, repr(policy and sorted(vars(policy._local)))
"""
