"""A machine of the cluster dies in the middle of a build."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.s3 import S3Server
from tests.support import write_files

pytestmark = pytest.mark.xdist_group("ray")

ROOT = Path(__file__).parents[2]
CODE = """
    import socket

    import numpy as np

    from dagbuild import resources


    def _begin(name):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect("SOCKET")
            line.sendall(f"{name}\\n".encode())
            line.recv(1)


    @resources(cpus=0.5, custom={"machine3": 1})
    def made_3() -> np.ndarray:
        _begin("made_3")
        return np.arange(10_000) * 3


    @resources(cpus=0.5, custom={"machine4": 1, "room": 1})
    def made_4(made_5: np.ndarray) -> np.ndarray:
        _begin("made_4")
        return np.arange(10_000) * 4


    @resources(cpus=0.5, custom={"machine5": 1})
    def made_5() -> np.ndarray:
        _begin("made_5")
        return np.arange(10_000) * 5


    @resources(cpus=0.5, custom={"machine4": 1, "room": 1})
    def beside(made_3: np.ndarray, made_4: np.ndarray) -> np.ndarray:
        _begin("beside")
        return made_3 + made_4


    @resources(cpus=0.5, custom={"room": 1})
    def unlucky(made_3: np.ndarray, made_4: np.ndarray, made_5: np.ndarray) -> np.ndarray:
        _begin("unlucky")
        return made_3 + made_4 + made_5


    @resources(cpus=0.5, custom={"machine5": 1})
    def stranded(made_4: np.ndarray, made_5: np.ndarray) -> np.ndarray:
        _begin("stranded")
        return made_4 - made_5


    def after(unlucky: np.ndarray, made_4: np.ndarray, made_5: np.ndarray) -> np.ndarray:
        _begin("after")
        return unlucky - made_4 - made_5


    def total(after: np.ndarray, beside: np.ndarray, stranded: np.ndarray) -> int:
        _begin("total")
        return int(after.sum() + beside.sum() + stranded.sum())
"""


def test_a_machine_that_dies_costs_what_ran_there(
    tmp_path: Path, s3_server: S3Server, thorough: bool
) -> None:
    """Its disk as well: what had ended is had from the bucket, the rest is computed elsewhere, and nothing twice.

    A step that only a machine like it can take waits for one, which is said.
    """
    if not thorough:
        pytest.skip("takes most of a minute; --thorough plays it")
    folder, caches, line = tmp_path / "project", tmp_path / "caches", tmp_path / "line"
    settings = f"""
        modules = ["fan"]
        targets = ["total", "made_5", "unlucky"]
        [remote]
        url = "{s3_server.make_bucket()}/team"
        options = {{ client_kwargs = {{ endpoint_url = "http://127.0.0.1:{s3_server.port}" }} }}
    """
    write_files(folder, {"dagbuild.toml": settings, "fan.py": CODE.replace("SOCKET", str(line))})
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "AWS_ACCESS_KEY_ID": s3_server.key,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret,
    }

    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "servers" / "ray_death.py", folder, caches, line],
        env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    built, again, clone, nothing = told["results"]
    assert built["failures"] == {}
    assert set(built["steps"].values()) == {"computed"}
    assert told["places"] == {"beside": 4, "unlucky": 5, "stranded": 5}
    assert told["begun"] == {**dict.fromkeys(built["steps"], 1), "unlucky": 2, "stranded": 2}
    assert told["notices"] == ["'stranded' waits for what no machine of the Ray cluster has: machine5 1 of 0"]
    assert "computed" not in {*again["steps"].values(), *clone["steps"].values()}
    assert built["digests"] == again["digests"] == clone["digests"] == nothing["digests"]
    assert set(nothing["steps"].values()) == {"computed"}
