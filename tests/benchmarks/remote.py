"""How a shared store far away is used: requests and seconds, through a proxy that adds 20 ms to each round trip.

    python -m tests.benchmarks.remote [nodes] [milliseconds that each of them takes]

A real S3 server on this machine; whole processes. `status`, `build` and `fetch` are those of a second checkout that has
nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.servers.s3 import run_s3
from tests.servers.weather import Weather, run_weather

DELAY = 0.02
REPOSITORY = Path(__file__).parents[2]

HEAD = "import time\n\nimport numpy as np\n\n"
NODE = """
def n{n}() -> np.ndarray:
    time.sleep({seconds})
    return np.frombuffer(np.random.default_rng({n}).bytes(16000), dtype=np.uint8)
"""


@contextlib.contextmanager
def run_far() -> Iterator[tuple[Path, Weather, str]]:
    """Yield a folder, the weather before an S3 server, and the text of a [remote] table; whoever publishes has a key."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        os.environ["XDG_CONFIG_HOME"] = str(root / "config")
        subprocess.run([sys.executable, "-m", "dagbuild", "key", "new"], check=True, capture_output=True)
        with run_s3(root / "s3") as server, run_weather(server.port) as weather:
            os.environ |= {"AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret}
            endpoint = f'client_kwargs = {{ endpoint_url = "http://127.0.0.1:{weather.port}" }}'
            yield (
                root,
                weather,
                f'[remote]\nurl = "{server.make_bucket()}/team"\n[remote.options]\n{endpoint}\n',
            )


def write(folder: Path, nodes: int, seconds: float, remote: str) -> None:
    """Write the project: nodes of 16 kB each that do not shrink, and one that needs two of them."""
    folder.mkdir()
    last = "\n\ndef last(n0: np.ndarray, n1: np.ndarray) -> int:\n    return int(n0.sum() + n1.sum())\n"
    (folder / "nodes.py").write_text(
        HEAD + "".join(NODE.format(n=n, seconds=seconds) for n in range(nodes)) + last
    )
    (folder / "dagbuild.toml").write_text(f'modules = ["nodes"]\n{remote}')


class Cost(NamedTuple):
    """What a command took: seconds by the clock, seconds of the processor, and requests."""

    seconds: float
    cpu: float
    requests: float


def measure(weather: Weather, folder: Path, *args: str) -> tuple[Cost, str]:
    """Run a command; return what it took, and its requests by kind with what it said of the remote."""
    weather.requests()
    before = os.times()
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dagbuild", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - started
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    asked = Counter(name_request(line) for line in weather.requests())
    told = [line for line in done.stderr.splitlines() if "remote" in line]
    return Cost(took, cpu, asked.total()), "  ".join([str(dict(asked)), *told])


def run(weather: Weather, what: str, folder: Path, *args: str) -> None:
    """Run a command and print its seconds and its requests."""
    cost, told = measure(weather, folder, *args)
    print(f"{what:34} {cost.seconds:6.2f} s  {cost.cpu:6.2f} s CPU  {told}", flush=True)


def name_request(line: str) -> str:
    """Return how something is asked, and of which folder."""
    verb, _, path = line.partition(" ")
    folder = next((name for name in ("blobs", "packs", "records", "probe") if f"/{name}" in path), "")
    return f"{verb} {folder}".strip()


def main(nodes: int, seconds: float) -> None:
    """Measure and print."""
    with run_far() as (root, weather, remote):
        mine, yours, alone = root / "mine", root / "yours", root / "alone"
        for folder in (mine, yours, alone):
            write(folder, nodes, seconds, remote)
        (alone / "dagbuild.toml").write_text('modules = ["nodes"]\n')
        weather.set(delay=DELAY)
        run(weather, f"build of {nodes} nodes, no remote", alone, "build")
        run(weather, "the same, published", mine, "build")
        run(weather, "nothing to do, with an import", mine, "build")
        run(weather, "nothing to do, looked up", mine, "build")
        run(weather, "nothing to do, answered", mine, "build")
        run(weather, "elsewhere: status", yours, "status")
        run(weather, "elsewhere: last", yours, "build", "last")
        shutil.rmtree(yours / "cache")
        run(
            weather,
            f"elsewhere: fetch of {nodes} values",
            yours,
            "fetch",
            *(f"n{n}" for n in range(nodes)),
        )
        shutil.rmtree(yours / "cache")
        wanted = ", ".join(f"n{n}: np.ndarray" for n in range(min(nodes, 200)))
        with (yours / "nodes.py").open("a") as file:
            file.write(f"\n\ndef wide({wanted}) -> int:\n    return int(n0.sum())\n")
        run(weather, "elsewhere: needs 200 values", yours, "build", "wide")


if __name__ == "__main__":
    arguments = dict(enumerate(map(int, sys.argv[1:])))
    main(arguments.get(0, 1000), arguments.get(1, 0) / 1000)
