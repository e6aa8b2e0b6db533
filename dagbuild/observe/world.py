"""What code can ask the world: names of clocks, chance, processes, the network, the machine, what lies on the disk.

One table for both who look for such names: `unseen`, in the code of nodes, to tell people what no fingerprint and no
observation sees; and whoever watches an import, to doubt what it found. Knows names alone, nothing of code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal


@dataclass(frozen=True, slots=True)
class Asking:
    """Things to ask for, by their dotted public names; one that ends with a dot stands for all below it.

    `text` says what a node does that uses one, `remedy` what to do about it; a row without text is no news to anybody.
    `importing` says what becomes of an import that asks: it is never answered for ("doubt"), it counts for one place of
    the project only ("place"), or it shows by itself, since it differs when the import is made twice or is observed.
    """

    names: tuple[str, ...]
    text: str = ""
    remedy: str = ""
    unless: tuple[str, ...] = ()
    """Names whose use anywhere in the closure makes it harmless: a seed."""
    importing: Literal["doubt", "place", "shows"] = "shows"


CHANCE = "seed it: random.Random(7), numpy.random.default_rng(7), or a seed from config"
ALONE = "seed it in the node that draws, or in a module, when it is imported: then for every node"

PROCESS = "starts a process"
NETWORK = "uses the network"
HANDS_ON = "hands all environment variables to a process"
LETS_LOOK = "lets a library look at all environment variables"
"""What runs are seen to do, in the words in which their code says it, where that does."""

_MACHINE = "asks about this machine or process"
_CONFIG = "make it a config value"

_LOOKED_AT = (
    "os.path.exists", "os.path.lexists", "os.path.isfile", "os.path.isdir", "os.path.getmtime", "os.path.getctime",
    "os.path.getsize", "os.stat", "os.lstat", "os.access", "shutil.disk_usage", "pathlib.Path.exists",
    "pathlib.Path.is_file", "pathlib.Path.is_dir", "pathlib.Path.stat", "pathlib.Path.lstat",
)  # fmt: skip

ASKINGS = (
    Asking(
        (
            "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime",
            "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns",
            "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
            "pandas.Timestamp.now", "pandas.Timestamp.today", "pandas.Timestamp.utcnow",
        ),
        "reads the clock",
        "give the time as an input or config value",
        importing="doubt",
    ),
    Asking(
        tuple(f"random.{name}" for name in (
            "random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "gauss",
            "normalvariate", "betavariate", "expovariate", "lognormvariate", "triangular", "getrandbits", "randbytes",
        )),
        "draws from the shared random generator, which nobody seeds",
        CHANCE,
        unless=("random.seed",),
    ),
    Asking(
        tuple(f"numpy.random.{name}" for name in (
            "rand", "randn", "randint", "random", "random_sample", "choice", "shuffle", "permutation", "normal",
            "uniform", "poisson", "binomial", "exponential", "standard_normal",
        )),
        "draws from numpy's shared random generator, which nobody seeds",
        CHANCE,
        unless=("numpy.random.seed",),
    ),
    Asking(
        ("uuid.uuid1", "uuid.uuid4", "os.urandom", "secrets.", "random.SystemRandom"),
        "draws from the system's chance",
        "derive it from the inputs",
    ),
    Asking(
        ("subprocess.", "os.system", "os.popen", "os.fork", "os.posix_spawn", "os.spawn", "multiprocessing."),
        PROCESS,
        'declare what it reads: @reads("..."); on Linux, files of the project count without that',
    ),
    Asking(
        ("socket.", "urllib.request.", "http.client.",
         "requests.", "httpx.", "aiohttp.", "boto3.", "ftplib.", "smtplib.", "paramiko."),
        NETWORK,
        "download to a file in a step of its own, and take the file as a File input",
    ),
    Asking(
        _LOOKED_AT,
        "looks at a file without reading it",
        'annotate a parameter with File, or @reads("...")',
        importing="doubt",
    ),
    Asking(
        ("sys.argv", "sys.stdin", "builtins.input"),
        "reads what is passed to the process or typed",
        _CONFIG,
        importing="doubt",
    ),
    Asking(
        ("os.getlogin", "os.getuid", "os.uname", "os.cpu_count", "os.isatty", "os.get_terminal_size",
         "shutil.get_terminal_size", "socket.gethostname", "socket.getfqdn", "getpass.getuser"),
        _MACHINE,
        _CONFIG,
        importing="doubt",
    ),
    Asking(
        ("ctypes.CDLL", "ctypes.PyDLL", "ctypes.WinDLL", "ctypes.cdll", "ctypes.pythonapi", "cffi.FFI"),
        "calls code in C by itself",
        "hand it what it needs: read files, variables and clocks in Python",
    ),
    # A process's number shows when it is imported twice; an import counts for one machine anyhow.
    Asking(("os.getpid", "platform.node", "platform.platform"), _MACHINE, _CONFIG),
    Asking(("os.getcwd", "pathlib.Path.cwd", "pathlib.Path.home"), _MACHINE, _CONFIG, importing="place"),
    Asking(
        ("__file__", "__path__", "os.path.abspath", "os.path.realpath", "os.path.expanduser", "pathlib.Path.absolute",
         "pathlib.Path.resolve", "pathlib.Path.expanduser"),
        importing="place",
    ),
)  # fmt: skip


@cache
def find_asking(name: str) -> Asking | None:
    """Return what one asks for with a dotted name and people are told of."""
    told = [asking for asking in ASKINGS if asking.text]
    exact = (asking for asking in told if name in asking.names)
    below = (
        asking for asking in told if any(each[-1] == "." and name.startswith(each) for each in asking.names)
    )
    return next(exact, None) or next(below, None)


_REMEDIES = {
    HANDS_ON: 'hand it those that matter: env={"REGION": os.environ["REGION"]}',
    LETS_LOOK: "hand it those that matter, or config values",
    **{asking.text: asking.remedy for asking in ASKINGS if asking.text},
}


def find_remedy(text: str) -> str:
    """Return what to do about something that a run was seen to do; nothing where nobody knows."""
    return _REMEDIES.get(text.partition(":")[0], "")


ASKED_OF_PATHS = {name.rpartition(".")[2]: name for name in _LOOKED_AT if name.startswith("pathlib.Path.")}
"""What code asks of a path that some call gave it, by which nobody could tell that it is one."""


@cache
def last_names(importing: Literal["doubt", "place"]) -> frozenset[str]:
    """Return the names by which an import asks, without their modules: a few too many rather than one too few."""
    return frozenset(
        name.rpartition(".")[2]
        for asking in ASKINGS
        if asking.importing == importing
        for name in asking.names
    )
