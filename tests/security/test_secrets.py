"""Secrets that a project holds are in nothing that others can read, and cannot be guessed from it.

Each is planted in a way of its own; then everything that is kept, published or said is searched for all of them.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow
import pytest
import xxhash

from dagbuild import Driver, NodeError
from dagbuild.artifacts import make_artifact
from dagbuild.code.closure import digest_value
from dagbuild.ground.quiet import start_quietly
from dagbuild.model.place import PackPlace
from dagbuild.store.compression import decompress
from tests.servers.local import free_port
from tests.support import write_files

REPOSITORY = Path(__file__).parents[2]

PLACES = (
    "constant", "default", "given", "dict", "object", "fstring", "path", "log", "error", "config", "nested", "url",
    "argument", "closure", "bytes", "read", "query", "declared", "user", "setting",
)  # fmt: skip

SECRETS = {place: f"zq{hashlib.sha256(place.encode()).hexdigest()[:22]}" for place in PLACES}

WRITTEN_DOWN = {"declared"}
"""Stands in the text of a function: what is remembered of the project on this machine may have it, too."""

NODES = """
import dataclasses
import os
from pathlib import Path

from dagbuild import File, config, parameterize, reads, value

TOKEN = os.environ["CONSTANT_TOKEN"]
SETTINGS = {"user": "ada", "token": os.environ["DICT_TOKEN"]}
ADDRESS = f"https://{os.environ['FSTRING_TOKEN']}@api.example.com/v1"
FOLDER = Path("/srv") / os.environ["PATH_TOKEN"]
RAW = os.environb[b"BYTES_TOKEN"]


@dataclasses.dataclass
class Session:
    token: str
    retries: int = 3


SESSION = Session(os.environ["OBJECT_TOKEN"])


def _ask(x: int, key: str = os.environ["DEFAULT_TOKEN"]) -> int:
    return x + len(key)


def _closed() -> object:
    inner = os.environ["CLOSURE_TOKEN"]
    return lambda x: x + len(inner)


_CLOSED = _closed()


def asked(x: int) -> int:
    return _ask(x) + len(TOKEN) + len(SETTINGS) + len(ADDRESS) + len(str(FOLDER)) + len(RAW) + SESSION.retries


def given(x: int, key: str = os.environ["GIVEN_TOKEN"]) -> int:
    return x + len(key)


def closed(x: int) -> int:
    return _CLOSED(x)


def read(x: int) -> int:
    return x + len(os.environ["READ_TOKEN"])


def chatty(x: int) -> int:
    print("connecting with", os.environ["LOG_TOKEN"])
    return x


def configured(x: int, api_token: str, login_password: str, service: dict) -> int:
    return x + len(api_token) + len(login_password) + len(service)


@config(lambda told: bool(told["login_password"]))
def chosen(x: int) -> int:
    return x


def fetched(x: int) -> int:
    import urllib.request

    try:
        urllib.request.urlopen(f"http://127.0.0.1:9/{os.environ['URL_TOKEN']}/x?token={os.environ['URL_TOKEN']}")
    except OSError:
        pass
    return x


@parameterize(bound={"key": value(os.environ["ARGUMENT_TOKEN"])})
def bound_(x: int, key: str) -> int:
    return x + len(key)


def failing(x: int) -> int:
    raise ValueError(f"refused: {os.environ['ERROR_TOKEN']}")


def tabled(table: File) -> int:
    return len(str(table.path))


@reads("http://127.0.0.1:{port}/t.csv?key={declared}")
def declared(x: int) -> int:
    return x


def whole(tabled: int, declared: int, asked: int, given: int, closed: int, read: int, chatty: int, configured: int, fetched: int, bound: int, chosen: int) -> int:
    return tabled + declared + asked + given + closed + read + chatty + configured + fetched + bound + chosen
"""

TOML = """
modules = ["nodes"]
remote = "remote"
[inputs]
table = "http://{user}@127.0.0.1:{port}/t.csv?key={query}"
[config]
x = 1
login_password = "{setting}"
[config.service]
name = "billing"
password = "{nested}"
"""

COMMANDS = (
    ["build", "whole"],
    ["build", "whole"],
    ["build", "failing"],
    ["build", "failing", "--json"],
    ["status"],
    ["status", "--json"],
    ["plan", "whole"],
    ["plan", "whole", "--json"],
    ["explain", "whole"],
    ["explain", "configured"],
    ["explain", "configured", "--json"],
    ["explain", "asked", "--json"],
    ["explain", "bound", "--json"],
    ["log"],
    ["log", "--json"],
    ["lineage", "whole"],
    ["lineage", "whole", "--json"],
    ["check"],
    ["check", "--json"],
    ["list", "--json"],
    ["stats"],
    ["verify"],
)


class Table(http.server.BaseHTTPRequestHandler):
    """A table on the web, for who knows the key."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.send_header("ETag", '"one"')
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(b"a,b\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a web server."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Table) as server:
        start_quietly(server.serve_forever, "web server")
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, port: int) -> Mapping[str, bytes]:
    """All that a project with secrets keeps, publishes and says, by where."""
    project = tmp_path_factory.mktemp("secrets")
    write(project, port, SECRETS)
    found: dict[str, bytes] = {}
    for number, command in enumerate(COMMANDS):
        done = ask(project, command, SECRETS)
        found[f"{number} {' '.join(command)}"] = _without_own_prints(done.stdout) + _without_own_prints(
            done.stderr
        )
    found |= read_kept(project)
    assert any(name.startswith("remote/records/") for name in found)
    assert any(name.startswith("cache/segments/") for name in found)
    return found


def write(project: Path, port: int, secrets: Mapping[str, str], rest: str = "") -> None:
    """Make a project of the secrets."""
    said = {"port": str(port), **secrets}
    nodes = NODES
    for name in ("port", "declared"):
        nodes = nodes.replace(f"{{{name}}}", said[name])
    (project / "nodes.py").write_text(nodes)
    (project / "remote").mkdir(exist_ok=True)
    (project / "dagbuild.toml").write_text(TOML.format(**said) + rest)


def ask(
    project: Path, command: list[str], secrets: Mapping[str, str], status: tuple[int, ...] = (0, 1)
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of dagbuild's, with the secrets in its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "dagbuild", *command],
        cwd=project,
        env={
            **os.environ,
            **{
                name: secret
                for place, secret in secrets.items()
                if (name := f"{place.upper()}_TOKEN") in NODES
            },
            "PYTHONPATH": str(REPOSITORY),
            "DAGBUILD_SET_api_token": secrets["config"],
        },
        capture_output=True,
        check=False,
    )
    assert done.returncode in status, done.stderr.decode()
    return done


def read_kept(project: Path) -> dict[str, bytes]:
    """Return what stands in the cache and in the remote, by path."""
    found: dict[str, bytes] = {}
    for path in sorted(project.rglob("*")):
        if path.is_file() and path.parent != project and "__pycache__" not in path.parts:
            data = path.read_bytes()
            if path.suffix == ".zst":
                with pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd") as stream:
                    data = stream.read()
            found[str(path.relative_to(project))] = data
    for text in set(_PLACE.findall(b"".join(found.values()))):
        place = PackPlace.parse(text.decode())
        if place is not None and (pack := found.get(f"remote/{place.object}")):
            found[f"remote/{place}"] = decompress(pack[place.offset : place.end], place.suffix, 1 << 20)
    return found


_PLACE = re.compile(rb"[0-9a-f]{64}\+[0-9]+\+[0-9]+\.zst")
"""Where in a pack something lies that is compressed."""


def _without_own_prints(output: bytes) -> bytes:
    """Return what was said, without what the node itself prints to its terminal."""
    return b"\n".join(line for line in output.split(b"\n") if not line.startswith(b"connecting with"))


def spell(secret: str) -> Iterator[bytes]:
    """Yield how a secret could stand somewhere to be read."""
    data = secret.encode()
    yield data
    yield data.hex().encode()
    for start in range(3):
        yield base64.b64encode(b"\0" * start + data)[4:-4]


@pytest.mark.parametrize("place", PLACES)
def test_is_nowhere(told: Mapping[str, bytes], place: str) -> None:
    """Neither the cache, nor the bucket, nor what any command says has the text."""
    shown = {where for where, data in told.items() for form in spell(SECRETS[place]) if form in data}
    if place in WRITTEN_DOWN:
        shown = {
            where for where in shown if not where.startswith(("cache/index/project/", "cache/index/forms/"))
        }

    assert not shown


@pytest.mark.parametrize("place", PLACES)
def test_cannot_be_guessed(told: Mapping[str, bytes], place: str) -> None:
    """Who tries words finds none by the digests that are kept: no digest is of the secret and what everybody knows."""
    secret, name = SECRETS[place], f"{place.upper()}_TOKEN"
    texts = [
        secret, f"str:{secret}", f"{name}\0{secret}", f"{len(secret) + 4}:str:{secret}", json.dumps(secret),
        json.dumps(f"str:{secret}"), json.dumps(["plain/1", {"buffers": [], "form": secret}, []]),
    ]  # fmt: skip
    guesses = {make_artifact(secret).digest, str(digest_value(secret))} | {
        digest
        for text in texts
        for digest in (
            xxhash.xxh3_128_hexdigest(text.encode()),
            xxhash.xxh3_64_hexdigest(text.encode()),
            hashlib.sha256(text.encode()).hexdigest(),
            hashlib.blake2b(text.encode(), digest_size=16, person=b"dagbuild env").hexdigest(),
        )
    }

    assert not {where for where, data in told.items() for guess in guesses if guess.encode() in data}


def test_what_depends_on_secrets_depends_on_the_salt(
    tmp_path_factory: pytest.TempPathFactory, port: int
) -> None:
    """All digests, however they are made: who has not the salt has nothing to compare a guess with."""
    others = {
        place: secret if place in WRITTEN_DOWN else secret[:2] + secret[:1:-1]
        for place, secret in SECRETS.items()
    }
    kept = []  # of each project; digits behind a point are a time, not a digest
    for secrets, salt in ((SECRETS, "first"), (SECRETS, "second"), (others, "first")):
        project = tmp_path_factory.mktemp("salted")
        write(project, port, secrets, f'[variables]\nsalt = "the {salt} salt of the project"\n')
        assert ask(project, ["build", "whole"], secrets).returncode == 0
        kept.append({
            word
            for data in read_kept(project).values()
            for word in re.findall(rb"(?<![0-9a-f.])[0-9a-f]{16,}(?![0-9a-f])", data)
        })  # fmt: skip
    first, second, other = kept

    assert first & second & other, "what does not depend on secrets is the same for all"
    assert first & other - second, "what depends on the salt is told by it"
    assert not first & second - other


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["build", "whole"], b"://***@"),
        (["status"], b"://***@"),
        (["plan", "whole", "--json"], b"://***@"),
        (["explain", SECRETS["read"]], b"$READ_TOKEN"),
    ],
    ids=lambda each: " ".join(each[:1]) if isinstance(each, list) else "",
)
def test_is_not_said_of_mistakes(tmp_path: Path, command: list[str], shown: bytes) -> None:
    """Of an input whose URL nobody answers, and of a node that is called like a secret."""
    write(tmp_path, free_port(), SECRETS)

    done = ask(tmp_path, command, SECRETS, status=(2,))

    assert shown in done.stderr
    assert not {place for place, secret in SECRETS.items() if secret.encode() in done.stdout + done.stderr}


GIVEN = """
def fails(db_password: str, conf: dict, api_token: str) -> int:
    print("with", db_password, conf, api_token)
    raise ValueError(db_password + conf["password"] + api_token)

def ends(db_password: str, conf: dict, api_token: str) -> int:
    import os
    print("with", db_password, conf, api_token, flush=True)
    os._exit(3)

def works(db_password: str, conf: dict, api_token: str) -> int:
    print("with", db_password, conf, api_token)
    return len(db_password)
"""
TEXTS = ("zq-of-the-config", "zq-of-a-table", SECRETS["config"])
GIVEN_TOML = """
modules = ["nodes"]
[config]
db_password = "zq-of-the-config"
conf = {password = "zq-of-a-table", x = 1}
"""


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize("option", ["-v", "--json"])
def test_what_is_given_under_the_name_of_a_secret_is_shown_nowhere(
    tmp_path: Path, executor: str, option: str
) -> None:
    """Config, a table of it, and what a variable sets in it: in no output, no log, no record."""
    write_files(tmp_path, {"dagbuild.toml": GIVEN_TOML, "nodes.py": GIVEN})
    nodes = ["fails", "works", *(["ends"] if executor == "local" else [])]

    words = ["build", *nodes, "-k", option, "--executor", executor, "--events", "events.jsonl"]
    built = ask(tmp_path, words, SECRETS, status=(1,))
    told = [ask(tmp_path, ["log", node, "--logs", "--json"], SECRETS).stdout for node in nodes]

    shown = b"".join([built.stdout, built.stderr, *told, (tmp_path / "events.jsonl").read_bytes()])
    assert b"with $db_password" in shown
    for data in (shown, *read_kept(tmp_path).values()):
        assert not [text for text in TEXTS if text.encode() in data]


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize("way", ["inputs", "overrides"])
def test_what_a_driver_is_given_is_shown_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], executor: str, way: str
) -> None:
    """The input of one call, or what it puts in a node's place: in no output, no message and no record."""

    def fails(db_password: str) -> int:
        print("with", db_password)
        raise ValueError(db_password)

    def db_password() -> str:
        return "none yet"

    functions = [fails] if way == "inputs" else [fails, db_password]
    driver = Driver({}, *functions, cache=tmp_path / "cache", executor=executor)
    with pytest.raises(NodeError) as caught:
        given = {"db_password": "zq-of-one-call"}
        driver.execute(["fails"], *([given] if way == "inputs" else [None, given]))

    assert "with $db_password" in capsys.readouterr().out
    assert "$db_password" in str(caught.value)
    assert "zq-of-one-call" not in str(caught.value)
    for data in read_kept(tmp_path).values():
        assert b"zq-of-one-call" not in data
