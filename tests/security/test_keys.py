"""A private key stays with its owner: in one file, or taken out of the environment."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dagbuild.executors.opening import _for_workers
from dagbuild.ground.errors import SettingsError
from dagbuild.ground.signing import SigningKey, is_public, is_signed
from dagbuild.settings import RemoteSettings, find_key, keys
from tests.security.attacks import read_records, read_shared
from tests.security.conftest import ADA, BOB, Team, trusted
from tests.support import build, load_project


def run(
    *words: str, cwd: Path, config: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DAGBUILD_")}
    environ |= {"XDG_CONFIG_HOME": str(config or cwd / "config"), **variables}
    command = [sys.executable, "-m", "dagbuild", *words]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)


def secret_of(key: SigningKey) -> str:
    return key.spell().split()[-1]


class TestSignatures:
    def test_signs_and_checks(self) -> None:
        """A signature is that of one key over just these bytes."""
        signature = ADA.sign(b"said")

        assert is_public(ADA.public)
        assert is_signed(b"said", ADA.public, signature)
        assert not is_signed(b"other", ADA.public, signature)
        assert not is_signed(b"said", BOB.public, signature)

    @pytest.mark.parametrize(
        "public", ["", "ed25519-", "ed25519-%%%", "ed25519-AAAA", "rsa-AAAA", "ed25519-é"]
    )
    @pytest.mark.parametrize("signature", ["", "%%%", "AAAA", "é"])
    def test_anything_else_is_none(self, public: str, signature: str) -> None:
        """Whatever stands in a record, it is no error."""
        assert not is_signed(b"said", public, signature)
        assert not is_signed(b"said", ADA.public, signature)

    def test_a_signature_has_one_text(self) -> None:
        """Nobody can make a second record of one by spelling its signature otherwise."""
        signature = ADA.sign(b"said")

        assert not is_signed(b"said", ADA.public, signature + "=")
        assert not is_signed(b"said", ADA.public, signature + "\n")

    def test_a_key_is_not_shown(self) -> None:
        """Neither in its repr nor in an error about its text."""
        assert secret_of(ADA) not in repr(ADA)
        assert repr(ADA.secret) not in repr(ADA)
        with pytest.raises(ValueError) as caught:
            SigningKey.parse(ADA.spell() + "x")
        assert secret_of(ADA) not in str(caught.value)


class TestCommand:
    def test_new_makes_one_and_show_shows_it(self, tmp_path: Path) -> None:
        """The public line on standard output, the private half in a file that nobody else can read."""
        made = run("key", "new", "--name", "ada", cwd=tmp_path)
        shown = run("key", "show", cwd=tmp_path)

        name, public = made.stdout.split()
        assert (made.returncode, name, is_public(public)) == (0, "ada", True)
        assert shown.stdout == made.stdout
        path = tmp_path / "config" / "dagbuild" / "key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert SigningKey.parse(path.read_text()).public == public
        assert secret_of(SigningKey.parse(path.read_text())) not in made.stdout + made.stderr + shown.stderr

    def test_new_never_replaces_one(self, tmp_path: Path) -> None:
        """Whoever lost a key could not revoke what it has signed."""
        run("key", "new", cwd=tmp_path)
        path = tmp_path / "config" / "dagbuild" / "key"
        before = path.read_text()

        again = run("key", "new", cwd=tmp_path)

        assert again.returncode == 2
        assert "there is a key" in again.stderr
        assert path.read_text() == before
        assert [each.name for each in path.parent.iterdir()] == ["key"]

    def test_show_without_one_says_what_to_do(self, tmp_path: Path) -> None:
        """And nothing is made."""
        shown = run("key", "show", cwd=tmp_path)

        assert shown.returncode == 2
        assert "dagbuild key new" in shown.stderr
        assert not (tmp_path / "config").exists()

    def test_list_says_who_is_trusted_and_who_one_is(self, team: Team) -> None:
        """By the names that the project gives."""
        team.write("    def one() -> int:\n        return 1\n", mine=trusted(ADA, BOB))

        listed = run("key", "list", cwd=team.mine, DAGBUILD_KEY=ADA.spell())
        told = json.loads(run("key", "list", "--json", cwd=team.mine, DAGBUILD_KEY=ADA.spell()).stdout)

        assert ADA.public in listed.stdout and BOB.public in listed.stdout
        assert [line.split()[-1] for line in listed.stdout.splitlines() if "ada" in line] == ["you"]
        assert told == {
            "you": ADA.public,
            "trusted": [{"name": "ada", "key": ADA.public}, {"name": "bob", "key": BOB.public}],
            "unsigned": "no",
        }

    def test_log_says_who_has_signed(self, team: Team) -> None:
        """So do `explain` and `lineage`; of what was made here nothing is said."""
        nodes = "    def one() -> bytes:\n        return bytes(100_000)\n"
        team.write(nodes, mine=trusted(BOB), yours=trusted(ADA))
        run("one", cwd=team.mine, DAGBUILD_KEY=ADA.spell())
        run("one", "-o", "one.pickle", cwd=team.yours)

        for words in (["log"], ["explain", "one"], ["lineage", "one"]):
            assert "signed by ada" in run(*words, cwd=team.yours).stdout, words
            assert "signed by" not in run(*words, cwd=team.mine).stdout
        (record,) = json.loads(run("log", "--json", cwd=team.yours).stdout)
        assert record["proof"]["signer"] == ADA.public


class TestPlaces:
    def test_variable_is_a_text_or_a_path(self, tmp_path: Path) -> None:
        """For CI, where secrets are variables or files."""
        file = tmp_path / "key"
        file.write_text(ADA.spell())
        file.chmod(0o600)
        for said in (ADA.spell(), f"\n{ADA.spell()}\n", str(file)):
            os.environ[keys.VARIABLE] = said

            assert find_key() == ADA
            assert keys.VARIABLE not in os.environ

    @pytest.mark.parametrize(
        "said",
        [
            "dagbuild-private-key ada AAAA", "no/such/AAAA", "dagbuild-private-key", "'dagbuild-private-key ada AAAA'",
            "agbuild-private-key ada AAAA", "key=dagbuild-private-key ada AAAA", "AAAA", f"ada {'AAAA' * 100}",
        ],
    )  # fmt: skip
    def test_what_is_none_is_said(self, said: str) -> None:
        """Without repeating a text that may be a secret, or most of one."""
        os.environ[keys.VARIABLE] = said

        with pytest.raises(SettingsError) as caught:
            find_key()
        assert "AAAA" not in str(caught.value)

    def test_file_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        """With the command that mends it."""
        file = tmp_path / "key"
        file.write_text(ADA.spell())
        file.chmod(0o644)
        os.environ[keys.VARIABLE] = str(file)

        with pytest.raises(SettingsError, match="others can read"):
            find_key()

    @pytest.mark.parametrize("entry", ["ada", "ed25519-x", "ada KEYx", "ada b KEY", "KEY ada"])
    def test_settings_take_whole_lines_only(self, team: Team, entry: str) -> None:
        """A key with a letter missing trusts nobody in silence otherwise."""
        entry = entry.replace("KEY", ADA.public)
        team.write("    def one() -> int:\n        return 1\n", mine=f"trusted = [{json.dumps(entry)}]\n")

        with pytest.raises(SettingsError, match="wants a name and a public key"):
            load_project(team.mine)

    def test_private_key_in_the_settings_is_refused(self, team: Team) -> None:
        """The file is shared."""
        team.write(
            "    def one() -> int:\n        return 1\n", mine=f"trusted = [{json.dumps(ADA.spell())}]\n"
        )

        with pytest.raises(SettingsError) as caught:
            load_project(team.mine)
        assert "private key" in str(caught.value)
        assert secret_of(ADA) not in str(caught.value)


LEAKY = '''
    import json
    import os
    import subprocess
    import sys


    def environment() -> dict:
        """Takes all that it finds."""
        print(os.environ)
        told = subprocess.run([sys.executable, "-c", "import os, json; print(json.dumps(dict(os.environ)))"],
                              capture_output=True, text=True).stdout
        return {"mine": dict(os.environ), "child": json.loads(told)}


    def failing() -> int:
        raise RuntimeError(str(dict(os.environ)))
'''


def test_private_key_is_nowhere(team: Team) -> None:
    """Not in records, logs, errors, output, the bucket or the cache, whatever a node does with its environment."""
    team.write(LEAKY)
    said: list[str] = []
    for words in (["environment", "--logs"], ["failing"], ["log", "--json"], ["explain", "environment"], ["status"],
                  ["key", "show"], ["key", "list", "--json"], ["show", "environment"]):  # fmt: skip
        done = run(*words, cwd=team.mine, DAGBUILD_KEY=ADA.spell())
        said += [done.stdout, done.stderr]

    secret = secret_of(ADA)
    assert read_records(team.shared)[0]["proof"]["signer"] == ADA.public
    assert secret not in "".join(said)
    for folder in (team.mine, team.shared):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            data = path.read_bytes() + (read_shared(path) if path.suffix == ".zst" else b"")
            assert secret.encode() not in data, path
            assert ADA.secret not in data, path


def test_workers_get_the_public_half(team: Team) -> None:
    """On a cluster the driver signs."""
    os.environ[keys.VARIABLE] = ADA.spell()
    remote = _for_workers(RemoteSettings("file:///shared"))

    assert remote is not None
    assert remote.signers == {ADA.public: "ada"}
    assert secret_of(ADA) not in repr(remote)


class TestTiers:
    NODES = "    def one() -> int:\n        return 1\n\n\n    def two(one: int) -> int:\n        return 2\n"

    def test_writes_to_its_own_and_reads_the_others(self, team: Team) -> None:
        """In folders below the URL."""
        team.write(
            self.NODES,
            mine='write = "main"\n' + trusted(ADA),
            yours='read = ["main", "ci/pr-7"]\nwrite = "user/bob"\n' + trusted(ADA),
        )
        team.sign_as(ADA)
        build(team.mine, "one")
        team.sign_as(BOB)

        result = build(team.yours, "two", "one")

        assert {
            name: step.how.value for name, step in result.steps.items() if step.how.value == "computed"
        } == {"two": "computed"}
        written = {
            path.parent.parent.relative_to(team.shared).as_posix() for path in team.shared.rglob("*.zst")
        }
        assert written == {"main", "user/bob"}

    def test_first_folder_wins(self, team: Team) -> None:
        """What is in `main` is not asked of the others."""
        for folder, key in (("main", ADA), ("other", BOB)):
            team.forget()
            team.write(self.NODES, mine=f'write = "{folder}"\n')
            team.sign_as(key)
            build(team.mine, "one")
        team.sign_as(None)
        team.write(self.NODES, yours='read = ["main", "other"]\nwrite = "mine"\n' + trusted(ADA, BOB))

        project = load_project(team.yours)
        record = project.plan(["one"]).steps["one"].record
        project.close()

        assert record is not None and record.proof is not None
        assert record.proof.signer == ADA.public

    @pytest.mark.parametrize("folder", ["", "..", "a/../b", "/", "a b"])
    def test_folder_outside_is_refused(self, team: Team, folder: str) -> None:
        """It stays below the URL."""
        team.write(self.NODES, mine=f"write = {json.dumps(folder)}\n")

        with pytest.raises(SettingsError):
            load_project(team.mine)
