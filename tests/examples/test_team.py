"""The page on a team's bucket is played as it stands: three people and CI, each with a clone and a key, on a real S3 server.

A fence that names a file is what Ada commits; the others pull it. `--update-pages` writes what the commands say anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.s3 import S3Server

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide" / "team.md"
PEOPLE = ("ada", "ben", "cem", "ci")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(\w+)\$ (.*)$", re.MULTILINE)
KEY = re.compile(r"ed25519-[\w-]{43}")
MARKS = (
    (r"\b\d+(\.\d+)? (ms|s)\b", "0.1 s"),
    (r"; saved about 0\.1 s|, about 0\.1 s", ""),
    (r"\b20\d\d-\d\d-\d\d \d\d:\d\d\b", "2026-11-29 10:00"),
    (r"\b(xxh3|sha256)-[0-9a-f]+", r"\1-…"),
    (r"\b\d{8}T\d{6}-[0-9a-f]{6}\b", "20261129T100000-4f1c2a"),
    (r"dagbuild [\d.]+\w*, Python [\d.]+, \S+ \S+", "dagbuild 0.1.0, Python 3.13.1, Linux x86_64"),
    (r"[\d,.]+ GB free", "120.0 GB free"),
    (r"(?<=\S) {2,}", "  "),  # how wide a column is hangs on how long things took
)  # fmt: skip


class Team:
    """The clones, keys and shells of the people."""

    def __init__(self, folder: Path, server: S3Server) -> None:
        self._folder = folder
        self._server = server
        self.keys: dict[str, str] = {}
        tools = folder / "tools"
        tools.mkdir()
        (tools / "dagbuild").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dagbuild "$@"\n')
        (tools / "dagbuild").chmod(0o755)
        self._path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        self.shell("ada", "git init -q --bare --initial-branch=main origin", cwd=folder)
        for who in PEOPLE:
            self.shell(who, f"git clone -q origin {who}", cwd=folder)

    def shell(self, who: str, command: str, cwd: Path | None = None) -> str:
        """Return what a command says in somebody's clone, as a person sees it, with its exit status where it is not 0."""
        kept = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("DAGBUILD_", "PYTEST_", "GIT_"))
        }
        home = self._folder / "homes" / who
        home.mkdir(parents=True, exist_ok=True)
        person = {f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER")
                  for what, text in (("NAME", who), ("EMAIL", f"{who}@example.org"))}  # fmt: skip
        environment = {
            **kept, **person, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "PATH": self._path,
            "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1", "LOGNAME": who, "USER": who,
            "AWS_ACCESS_KEY_ID": self._server.key, "AWS_SECRET_ACCESS_KEY": self._server.secret,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.port}",
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "-c", command], cwd=cwd or self._folder / who, env=environment, text=True, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        said = done.stdout.replace(str(home), "~").replace(str(self._folder / who), "~/sales")
        return said + (f"[exit {done.returncode}]\n" if done.returncode else "")

    def commit(self, name: str, text: str) -> None:
        """Let Ada commit a file, with the keys that the people have really made, and all others pull it."""
        for who, key in self.keys.items():
            text = re.sub(rf'"{who} {KEY.pattern}"', f'"{who} {key}"', text)
        (self._folder / "ada" / name).write_text(text)
        self.shell(
            "ada", f"git add {name} && git commit -q -m 'Write {name}' && git push -q origin HEAD:main"
        )
        for who in PEOPLE[1:]:
            self.shell(who, "git pull -q origin main")

    def name_keys(self, text: str) -> str:
        """Return what was said with one key for each person, the page's."""
        shown = dict(re.findall(rf'"(\w+) ({KEY.pattern})"', PAGE.read_text("utf-8")))
        for who, key in self.keys.items():
            text = text.replace(key, shown.get(who, key))
        return text


def play(team: Team) -> str:
    """Return the page with what the commands say today."""
    page = PAGE.read_text("utf-8")

    def fence(found: re.Match[str]) -> str:
        language, text = found.groups()
        if named := re.match(r"# ([\w.]+)\n", text):
            team.commit(named[1], text)
        if language != "console":
            return found[0]
        blocks = []
        for who, command in LINE.findall(text):
            said = team.shell(who, command)
            if (made := KEY.search(said)) and command.startswith("dagbuild key new"):
                team.keys[who] = made[0]
            said = team.name_keys(said)
            for pattern, mark in MARKS:
                said = re.sub(pattern, mark, said)
            blocks.append(f"{who}$ {command}\n{said.rstrip()}".rstrip())
        gap = "\n\n" if any("\n" in block for block in blocks) else "\n"
        return f"```console\n{gap.join(blocks)}\n```"

    return FENCE.sub(fence, page)


def test_says_what_the_page_says(tmp_path: Path, s3_server: S3Server, request: pytest.FixtureRequest) -> None:
    """From the first key to the last journey."""
    s3_server.make_bucket("team-bucket")

    page = play(Team(tmp_path, s3_server))

    if request.config.getoption("--update-pages"):
        PAGE.write_text(page, "utf-8")
    assert page == PAGE.read_text("utf-8")
