"""`dagbuild doctor`: each thing that can be wrong around a project is told, with what to do about it."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from dagbuild.cli.main import run
from dagbuild.ground.signing import SigningKey
from dagbuild.settings.keys import VARIABLE
from dagbuild.store.remote import RemoteFolder
from tests.servers.local import free_port
from tests.servers.s3 import S3Server
from tests.servers.weather import run_weather
from tests.support import write_files

KEY = SigningKey.make("ada")


def examine(
    folder: Path, capsys: pytest.CaptureFixture[str], remote: str = "", rest: str = ""
) -> tuple[int, Any]:
    """Return the exit status, and what was found by subject."""
    toml = f'modules = ["nodes"]\n{rest}' + (f"[remote]\n{remote}\n" if remote else "")
    write_files(folder, {"dagbuild.toml": toml})
    capsys.readouterr()
    status = run(["--project", str(folder), "doctor", "--json"])
    return status, {each["subject"]: each for each in json.loads(capsys.readouterr().out)}


@pytest.fixture(autouse=True)
def _own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY.spell())


def test_all_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left behind, and none of the project's modules is needed: there is none."""
    shared = tmp_path / "shared"
    shared.mkdir()

    status, found = examine(tmp_path, capsys, f'url = "file://{shared}"\ntrusted = ["ada {KEY.public}"]',
                            rest='[variables]\nsalt = "0123456789abcdef"\n')  # fmt: skip

    assert status == 0
    assert {name: each["state"] for name, each in found.items()} == dict.fromkeys(
        ("versions", "settings", "cache", "key", "remote", "rights", "clock"), "good"
    )
    assert list(shared.iterdir()) == []
    assert not (tmp_path / "cache").exists()


def through(port: int, **more: Any) -> str:
    """Return the options of a server on this port."""
    url = f'client_kwargs = {{ endpoint_url = "http://127.0.0.1:{port}" }}'
    limits = "config_kwargs = { connect_timeout = 1, read_timeout = 5, retries = { max_attempts = 1 } }"
    return f"options = {{ {', '.join([url, limits, *(f'{name} = {json.dumps(value)}' for name, value in more.items())])} }}"


@pytest.mark.parametrize(
    ("secret", "bucket", "subject", "state", "word"),
    [
        ("right", "there", "clock", "good", "agrees"),
        ("right", "gone", "rights", "bad", "bucket"),
        ("wrong", "there", "rights", "bad", "not allow"),
    ],
)
def test_a_real_server(
    s3_server: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    secret: str, bucket: str, subject: str, state: str, word: str,
) -> None:  # fmt: skip
    """With everything in order, a bucket that is not there, and a wrong secret."""
    url = s3_server.make_bucket() if bucket == "there" else "s3://nobody-made-this"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret if secret == "right" else "0" * 32)

    status, found = examine(tmp_path, capsys, f'url = "{url}/team"\n{through(s3_server.port)}')

    assert status == (0 if state == "good" else 1)
    assert found[subject]["state"] == state
    assert word in found[subject]["text"]
    assert found[subject]["remedy"] or state == "good"


def test_nobody_listens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The remote is out of reach, in words."""
    status, found = examine(tmp_path, capsys, f'url = "s3://b/team"\n{through(free_port(), anon=True)}')

    assert status == 1
    assert found["remote"]["state"] == "bad"
    assert found["remote"]["remedy"]


@pytest.mark.parametrize(
    ("remote", "rest", "subject", "word"),
    [
        ("", 'cahce = "x"\n', "settings", "there is no setting 'cahce'"),
        ('url = "nosuch://b/team"', "", "remote", "nosuch"),
        ('url = "file:///tmp"\ntrusted = ["bob KEY"]\nmode = "read"', "", "key", "does not trust"),
    ],
)
def test_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], remote: str, rest: str, subject: str, word: str
) -> None:
    """Each by its subject, with exit status 1."""
    other = SigningKey.make("bob").public
    status, found = examine(tmp_path, capsys, remote.replace("KEY", other), rest)

    assert status == 1
    assert found[subject]["state"] == "bad"
    assert word in found[subject]["text"]
    assert found[subject]["remedy"]


def test_a_remote_that_lets_nobody_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said to be there: a folder of the kernel's stands for one in which not even root may write."""
    status, found = examine(tmp_path, capsys, 'url = "file:///sys/kernel"')

    assert status == 1
    assert found["remote"]["state"] == "good"
    assert found["rights"]["state"] == "bad"
    assert "may not write there" in found["rights"]["text"]
    assert 'mode = "read"' in found["rights"]["remedy"]


def test_a_remote_that_lets_nobody_remove(
    s3_server: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is good for building, and is said to be no more; looking twice leaves no more behind than a build does."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    url = s3_server.make_bucket()
    with run_weather(s3_server.port) as weather:
        weather.set(denied="DELETE")
        for _ in range(2):
            status, found = examine(tmp_path, capsys, f'url = "{url}/team"\n{through(weather.port)}')

    assert status == 0
    assert found["rights"]["state"] == "note"
    assert found["rights"]["text"] == "reading and writing, not removing"
    assert "gc --remote" in found["rights"]["remedy"]
    assert RemoteFolder(f"{url}/team", s3_server.options).list("") == ["probe"]


def test_a_folder_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of those that are read besides the one that is written to, too; one that is not there yet is no fault."""
    (tmp_path / "shared" / "main").mkdir(parents=True)
    (tmp_path / "shared" / "main" / "records").symlink_to("records")
    folders = 'read = ["main", "later", "mine"]\nwrite = "mine"'

    status, found = examine(tmp_path, capsys, f'url = "file://{tmp_path}/shared"\n{folders}')

    assert status == 1
    assert "shared/main" in found["remote"]["text"]
    assert "shared/later" not in found["remote"]["text"]


def test_a_cache_that_others_can_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that could run code is read from it, which one should know."""
    (tmp_path / "cache").mkdir(mode=0o777)
    (tmp_path / "cache").chmod(0o777)

    status, found = examine(tmp_path, capsys)

    assert status == 1
    assert "chmod" in found["cache"]["remedy"]


def test_no_key(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Is worth a note, no more."""
    monkeypatch.setenv(VARIABLE, "")

    status, found = examine(tmp_path, capsys)

    assert (status, found["key"]["state"]) == (0, "note")
    assert "dagbuild key new" in found["key"]["remedy"]


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_clocks_that_disagree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """A file system whose server has another clock."""
    write = RemoteFolder.write

    def write_there(self: RemoteFolder, name: str, data: bytes) -> None:
        write(self, name, data)
        there = tmp_path / name
        os.utime(there, (time.time() + seconds, time.time() + seconds))

    monkeypatch.setattr(RemoteFolder, "write", write_there)

    status, found = examine(tmp_path, capsys, f'url = "file://{tmp_path}"')

    assert status == 1
    assert ("behind" if seconds > 0 else "ahead of") in found["clock"]["text"]
