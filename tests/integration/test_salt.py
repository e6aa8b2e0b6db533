"""The salt of a cache folder: one for all processes, made again when it is lost, and the project's own where it has one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import write_files

REPOSITORY = Path(__file__).parents[2]
NODES = """
    import os


    LEVEL = os.environ.get("LEVEL", "none")


    def made() -> str:
        return LEVEL


    def read() -> str:
        return os.environ.get("READ", "none")
"""
VARIABLES = {"LEVEL": "high-and-dry", "READ": "once-and-again"}


def ran(folder: Path, **variables: str) -> set[str]:
    """Return which nodes a build computes in a process of its own."""
    environment = {**os.environ, **VARIABLES, "PYTHONPATH": str(REPOSITORY), **variables}
    done = subprocess.run(
        [sys.executable, "-m", "dagbuild", "build", "made", "read", "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    events = map(json.loads, done.stdout.splitlines())
    return {each["node"] for each in events if each.get("how") == "computed"}


def make(folder: Path, rest: str = "") -> Path:
    write_files(folder, {"dagbuild.toml": f'modules = ["nodes"]\n{rest}', "nodes.py": NODES})
    return folder


BOTH = {"made", "read"}


def test_one_salt_for_all_processes(tmp_path: Path) -> None:
    """What came of variables is fresh as long as they say the same, and again when they do."""
    folder = make(tmp_path)

    assert ran(folder) == BOTH
    assert ran(folder) == set()
    assert ran(folder, LEVEL="low-and-wet") == {"made"}
    assert ran(folder) == set()
    assert (folder / "cache" / "salt").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [None, b"", b"zz" * 16, b"00", b"\xff\xfe"])
def test_a_lost_salt_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    """The same until the machine boots, after that another; either stays."""
    folder = make(tmp_path)
    ran(folder)
    salt = folder / "cache" / "salt"
    salt.unlink() if damage is None else salt.write_bytes(damage)

    assert ran(folder) in (BOTH, set())
    assert ran(folder) == set()
    assert len(bytes.fromhex(salt.read_text())) == 16


def test_processes_that_begin_at_once_agree(tmp_path: Path) -> None:
    """None of them finds a folder yet, and what one computes the others take."""
    folder = make(tmp_path)
    (folder / "nodes.py").write_text(
        "import os\nimport time\n\n\ndef read() -> str:\n    time.sleep(0.3)\n"
        "    with open('ran.txt', 'a') as log:\n        log.write('once')\n    return os.environ['READ']\n"
    )
    environment = {**os.environ, **VARIABLES, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "dagbuild", "build", "read"]
    builders = [subprocess.Popen(command, cwd=folder, env=environment) for _ in range(4)]

    assert [builder.wait(60) for builder in builders] == [0, 0, 0, 0]
    assert (folder / "ran.txt").read_text() == "once"


@pytest.mark.parametrize(
    ("rest", "shared"), [("", False), ('[variables]\nsalt = "of the project, by chance"\n', True)]
)
def test_is_shared_by_the_project_alone(tmp_path: Path, rest: str, shared: bool) -> None:
    """With a salt in dagbuild.toml, a colleague has what came of the same variables; without one, of none."""
    (tmp_path / "shared").mkdir()
    remote = f'[remote]\nurl = "file://{tmp_path}/shared"\n'
    mine, yours = (make(tmp_path / name, remote + rest) for name in ("mine", "yours"))

    assert ran(mine) == BOTH
    assert ran(yours) == (set() if shared else BOTH)


@pytest.mark.parametrize("where", ["config", "inputs"])
def test_a_secret_setting_is_shared_too(tmp_path: Path, where: str) -> None:
    """What was made with a secret of the settings: who has the same has the value."""
    (tmp_path / "shared").mkdir()
    rest = f'[{where}]\napi_token = "only we know"\n[variables]\nsalt = "of the project, by chance"\n'
    remote = f'[remote]\nurl = "file://{tmp_path}/shared"\n'
    mine, yours = (make(tmp_path / name, remote + rest) for name in ("mine", "yours"))
    for folder in (mine, yours):
        (folder / "nodes.py").write_text(
            "def made(api_token: str) -> int:\n    return len(api_token)\n\n\ndef read() -> int:\n    return 1\n"
        )

    assert ran(mine) == BOTH
    assert ran(yours) == set()
    (yours / "dagbuild.toml").write_text((yours / "dagbuild.toml").read_text().replace("only we", "nobody"))
    assert ran(yours) == {"made"}


def test_what_is_ignored_counts_for_nothing(tmp_path: Path) -> None:
    """A token of which everybody has one of their own."""
    folder = make(tmp_path, '[variables]\nignored = ["LEVEL", "READ"]\n')

    assert ran(folder) == BOTH
    assert ran(folder, LEVEL="low-and-wet", READ="never-and-ever") == set()
