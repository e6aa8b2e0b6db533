"""Inputs and `@reads` of URLs that give nothing: it is told in words why, and no secret with it."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import ClassVar

import pytest

from dagbuild.cli.main import run
from dagbuild.ground.quiet import start_quietly
from dagbuild.store.remote import content_id
from tests.servers.local import free_port
from tests.servers.s3 import S3Server
from tests.servers.sftp import SFTPServer, count_connections
from tests.support import forget_modules, write_files

NODES = """
    from dagbuild import File


    def rows(table: File) -> int:
        return len(str(table.path))
"""


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the number that the path begins with, and hangs up at zero."""

    def do_GET(self) -> None:
        if self.path.startswith("/000/"):
            return
        self.send_response(int(self.path[1:4]))
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a web server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    start_quietly(server.serve_forever, "web server")
    yield server.server_port
    server.shutdown()
    server.server_close()


def tell(tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str) -> str:
    """Return what `status` says of an input that is a URL."""
    toml = f'modules = ["nodes"]\n[inputs]\ntable = "{url}"\n'
    write_files(tmp_path, {"dagbuild.toml": toml, "nodes.py": NODES})
    forget_modules(tmp_path)
    capsys.readouterr()
    assert run(["--project", str(tmp_path), "status"]) == 2
    told = capsys.readouterr().err
    assert "hunter22" not in told
    return told


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("404/t.csv", "there is nothing at '{where}'"),
        ("403/t.csv", "'{where}' answers 403 (Forbidden)"),
        ("599/t.csv", "'{where}' answers 599"),
        ("000/t.csv", "'{where}' is out of reach: Server disconnected"),
    ],
)
def test_what_a_web_server_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], port: int, path: str, reason: str
) -> None:
    """What is not there is told from what is refused."""
    told = tell(tmp_path, capsys, f"http://ada:hunter22@127.0.0.1:{port}/{path}?token=hunter22")

    where = f"http://***@127.0.0.1:{port}/{path}?***"
    assert f"input 'table': {reason.format(where=where)}\n" in told


class _Files(http.server.BaseHTTPRequestHandler):
    """Has one file, and tells of it what it is told to."""

    content = b""
    headers_told: ClassVar[dict[str, str]] = {}
    read = 0

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        for name, text in self.headers_told.items():
            self.send_header(name, text)
        self.end_headers()

    def do_GET(self) -> None:
        type(self).read += 1
        self.do_HEAD()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("told", ["nothing", "a time of now", "an old time", "an etag"])
def test_a_file_of_a_web_server_counts_by_its_content(told: str) -> None:
    """Read where nothing tells it, and while its time is so young that more may be written that bears it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    start_quietly(server.serve_forever, "web server")
    url = f"http://127.0.0.1:{server.server_port}/t.csv"
    now = time.time()
    times = {"a time of now": [now] * 4, "an old time": [now - 9, now - 8, now - 7, now - 9]}
    ids = []
    _Files.read = 0
    for at, content in enumerate([b"first", b"again", b"other", b"first"]):
        _Files.content = content
        _Files.headers_told = {"ETag": f'"{content.decode()}"'} if told == "an etag" else {}
        if told in times:
            _Files.headers_told = {"Last-Modified": formatdate(times[told][at], usegmt=True)}
        ids.append(content_id(url))
    server.shutdown()
    server.server_close()

    assert ids[3] == ids[0]
    assert len(set(ids)) == 3
    assert bool(_Files.read) == (told in ("nothing", "a time of now"))


def test_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port on which nobody listens."""
    there = f"127.0.0.1:{free_port()}"
    told = tell(tmp_path, capsys, f"http://ada:hunter22@{there}/t.csv?token=hunter22")
    assert f"nobody answers at 'http://***@{there}/t.csv?***': Connection refused" in told


def test_of_a_bucket(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that is not there, and a bucket that is not."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_server.port}")
    for bucket in (s3_server.make_bucket(), "s3://no-such-bucket"):
        assert f"there is nothing at '{bucket}/t.csv'" in tell(tmp_path, capsys, f"{bucket}/t.csv")


def test_of_an_sftp_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sftp_server: SFTPServer
) -> None:
    """What is not there, a wrong password, a port on which nobody listens; and what is there has an id."""
    folder = sftp_server.make_folder().replace("@", f":{sftp_server.password}@")
    where = folder.replace(f"ada:{sftp_server.password}", "***")
    told = tell(tmp_path, capsys, f"{folder}/t.csv")
    assert f"there is nothing at '{where}/t.csv'" in told
    assert sftp_server.password not in told

    wrong = folder.replace(sftp_server.password, "hunter22")
    assert "does not allow it: Authentication failed" in tell(tmp_path, capsys, f"{wrong}/t.csv")
    nowhere = wrong.replace(str(sftp_server.port), str(free_port()))
    assert "is out of reach: Unable to connect to port" in tell(tmp_path, capsys, f"{nowhere}/t.csv")

    path = sftp_server.folder / folder.rpartition("/")[2] / "t.csv"
    path.write_text("a")
    open_before = count_connections()
    before = content_id(f"{folder}/t.csv")
    path.write_text("ab")
    assert content_id(f"{folder}/t.csv") != before
    assert count_connections() == open_before


@pytest.mark.parametrize("server", ["s3_server", "sftp_server"])
def test_reading_them_leaves_a_process_that_can_be_copied(
    tmp_path: Path, server: str, request: pytest.FixtureRequest
) -> None:
    """Connections of the store's own have threads, which are no reason to run steps in any other way."""
    there: S3Server | SFTPServer = request.getfixturevalue(server)
    access, options = {}, ""
    if isinstance(there, S3Server):
        cache = url = there.make_bucket()
        there.folder.joinpath(url.removeprefix("s3://"), "t.csv").write_text("a")
        access = {
            "AWS_ACCESS_KEY_ID": there.key,
            "AWS_SECRET_ACCESS_KEY": there.secret,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{there.port}",
        }
    else:
        cache = there.make_folder()
        url = cache.replace("@", f":{there.password}@")
        there.folder.joinpath(url.rpartition("/")[2], "t.csv").write_text("a")
        options = f'options = {{ key_filename = "{there.key_file}" }}\n'
    remote = f'[remote]\nurl = "{cache}/cache"\n{options}'
    toml = f'modules = ["nodes"]\n[inputs]\ntable = "{url}/t.csv"\n{remote}'
    write_files(tmp_path, {"dagbuild.toml": toml, "nodes.py": NODES})

    done = subprocess.run(
        [sys.executable, "-m", "dagbuild", "build"],
        cwd=tmp_path, env={**os.environ, **access}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "import the project by themselves" not in done.stderr + done.stdout
