"""Functions that use what nobody sees, and functions that do not."""

import ctypes
import datetime as dt
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import choice
from time import time as now
from typing import Any

import numpy as np
import pandas as pd


def helper() -> Any:
    return datetime.now()


def _body_import() -> Any:
    import socket

    return socket.create_connection(("x", 1))


def _nested() -> Any:
    def inner() -> float:
        return time.time()

    return inner()


FOUND: dict[str, tuple[Callable[[], Any], str]] = {
    "time.time": (lambda: time.time(), "reads the clock: time.time"),
    "from time import": (lambda: now(), "reads the clock: time.time"),
    "datetime.now": (lambda: datetime.now(), "reads the clock: datetime.datetime.now"),
    "dt.date.today": (lambda: dt.date.today(), "reads the clock: datetime.date.today"),
    "Timestamp.now": (lambda: pd.Timestamp.now(), "reads the clock: pandas.Timestamp.now"),
    "helper": (lambda: helper(), "reads the clock: datetime.datetime.now"),
    "nested": (_nested, "reads the clock: time.time"),
    "seeds for others": (
        lambda: np.random.seed(7),
        "seeds the shared random generator for itself alone: numpy",
    ),
    "random.random": (lambda: random.random(), "draws from the shared random generator"),
    "from random import": (lambda: choice([1]), "draws from the shared random generator"),
    "np.random.rand": (lambda: np.random.rand(2), "draws from numpy's shared random generator"),
    "default_rng": (lambda: np.random.default_rng(), "makes a random generator without a seed"),
    "Random": (lambda: random.Random(), "makes a random generator without a seed"),
    "uuid4": (lambda: uuid.uuid4(), "draws from the system's chance: uuid.uuid4"),
    "subprocess": (lambda: subprocess.run(["true"], check=True), "starts a process: subprocess.run"),
    "os.system": (lambda: os.system("true"), "starts a process: os.system"),
    "urlopen": (lambda: urllib.request.urlopen("http://x"), "uses the network: urllib.request.urlopen"),
    "import in the body": (_body_import, "uses the network: socket.create_connection"),
    "exists": (lambda: os.path.exists("x"), "looks at a file without reading it"),
    "lexists": (lambda: os.path.lexists("x"), "looks at a file without reading it: os.path.lexists"),
    "path of a call": (
        lambda: (Path("x") / "y").is_file(),
        "looks at a file without reading it: pathlib.Path.is_file",
    ),
    "C": (lambda: ctypes.CDLL(None), "calls code in C by itself: ctypes.CDLL"),
    "C by a loader": (lambda: ctypes.cdll.LoadLibrary("x"), "calls code in C by itself: ctypes.cdll"),
    "lstat": (lambda: os.lstat("x"), "looks at a file without reading it: os.lstat"),
    "perf_counter": (lambda: time.perf_counter(), "reads the clock: time.perf_counter"),
    "monotonic": (lambda: time.monotonic_ns(), "reads the clock: time.monotonic_ns"),
    "input": (lambda: input(), "reads what is passed to the process or typed: input"),
    "argv": (lambda: sys.argv[1], "reads what is passed to the process or typed: sys.argv"),
    "stdin": (lambda: sys.stdin.read(), "reads what is passed to the process or typed: sys.stdin"),
    "hostname": (lambda: socket.gethostname(), "asks about this machine or process: socket.gethostname"),
    "getuid": (lambda: os.getuid(), "asks about this machine or process: os.getuid"),
    "getcwd": (lambda: os.getcwd(), "asks about this machine or process: os.getcwd"),
}


SILENT: dict[str, Callable[[], Any]] = {
    "seeded generator": lambda: np.random.default_rng(7).random(),
    "seeded Random": lambda: random.Random(7).random(),
    "seeded shared": lambda: (random.seed(7), random.random()),
    "time of data": lambda: datetime(2020, 1, 1).isoformat(),
    "sleep": lambda: time.sleep(0),
    "reading": lambda: Path("x").read_text(),
    "places of files": lambda: Path(__file__).resolve().parent,
    "what Python is": lambda: sys.platform,
    "other builtins": lambda: print(sorted([1])),
    "plain": lambda: len([1]),
    "constants": lambda: (socket.AF_INET, subprocess.PIPE),
    "exceptions": lambda: (socket.timeout, subprocess.CalledProcessError, urllib.request.HTTPError),
}
