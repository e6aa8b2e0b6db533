"""dagbuild.toml, what overrides it, and what is said of mistakes."""

import ast
import codecs
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dagbuild
from dagbuild.ground.errors import SettingsError
from dagbuild.settings import (
    CacheSettings,
    ExecutorSettings,
    Pin,
    RemoteSettings,
    Settings,
    find_settings,
    load_settings,
    parse_value,
    remove_pin,
    write_pin,
)

READ_INSIDE = {"texts", "undeclared"}
"""Settings that others ask for by a method: `texts_of`, `observes`."""

PROJECT = """\
# Our project
modules = ["features"]   # all of them

[config]
region = "US"

[config.model]
alpha = 1
beta = 2

[inputs]
year = 2025

[cache]
size = "20 GB"

[profile.uk.config]
region = "UK"

[profile.uk.config.model]
alpha = 5

[profile.ci]
executor = "ray"
remote = "s3://bucket/cache"
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_toml(text: str) -> Path:
        (tmp_path / "dagbuild.toml").write_text(text)
        return tmp_path

    return write_toml


def problems(folder: Any, **options: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(folder, **{"environ": {}, **options})
    shown = f"{os.path.relpath(folder)}/"  # where this folder is below the same one as the tests'
    return [str(problem).replace(f"{folder}/", "").replace(shown, "") for problem in caught.value.problems]


class TestLayers:
    def test_file_has_defaults_for_what_it_does_not_say(self, write: Any) -> None:
        """A file that names its modules is a whole project."""
        settings = load_settings(write('modules = "features"'), environ={})

        assert settings.modules == ("features",)
        assert settings.cache.folder == settings.root / "cache"
        assert settings.remote is None
        assert settings.executor.kind == "local"
        assert settings.packages == {"*": "exact"}

    def test_is_found_upward(self, write: Any) -> None:
        """Any folder below the project will do."""
        root = write(PROJECT)
        (root / "a" / "b").mkdir(parents=True)

        assert find_settings(root / "a" / "b") == root / "dagbuild.toml"
        assert load_settings(root / "a" / "b", environ={}).root == root

    def test_profile_wins_over_the_file_key_by_key(self, write: Any) -> None:
        """A profile changes what it names, also within a nested table, and leaves the rest."""
        settings = load_settings(write(PROJECT), profile="uk", environ={})

        assert settings.config == {"region": "UK", "model": {"alpha": 5, "beta": 2}}
        assert settings.inputs == {"year": 2025}

    def test_environment_wins_over_the_profile_and_the_command_line_over_both(self, write: Any) -> None:
        """Later wins: file, profile, environment, command line."""
        folder = write(PROJECT)
        environ = {"DAGBUILD_SET_REGION": "FR", "DAGBUILD_SET_model__beta": "7", "DAGBUILD_PROFILE": "uk"}

        from_environment = load_settings(folder, environ=environ)
        from_command_line = load_settings(folder, environ=environ, overrides={"region": "DE", "year": "2026"})

        assert from_environment.config == {"region": "FR", "model": {"alpha": 5, "beta": 7}}
        assert from_command_line.config["region"] == "DE"
        assert from_command_line.inputs == {"year": 2026}

    def test_settings_are_set_by_their_table(self, write: Any) -> None:
        """`cache.size` and its kin name settings, anything else is the project's config."""
        settings = load_settings(
            write(PROJECT),
            environ={"DAGBUILD_CACHE_SIZE": "3000", "DAGBUILD_CACHE": "elsewhere"},
            overrides={"cache.fsync": "always", "executor.kind": "ray", "model.beta": "x"},
        )

        assert (settings.cache.size, settings.cache.fsync) == (3000, "always")
        assert settings.cache.folder == settings.root / "elsewhere"
        assert settings.executor.kind == "ray"
        assert settings.config["model"]["beta"] == "x"

    def test_a_key_in_quotes_may_have_dots(self, write: Any) -> None:
        """As in TOML; so are inputs within a node called."""
        settings = load_settings(write(PROJECT), environ={}, overrides={'"uk.extra"': "5", "'a'": "1"})

        assert (settings.config["uk.extra"], settings.config["a"]) == (5, 1)

    def test_one_word_is_short_for_a_table(self, write: Any) -> None:
        """`executor = "ray"` and `remote = URL` say what a table would."""
        settings = load_settings(write(PROJECT), profile="ci", environ={})

        assert settings.executor.kind == "ray"
        assert settings.remote is not None
        assert settings.remote.url == "s3://bucket/cache"

    def test_remote_can_be_turned_off_from_outside(self, write: Any) -> None:
        """DAGBUILD_REMOTE=off leaves the URL where it is."""
        settings = load_settings(write(PROJECT), profile="ci", environ={"DAGBUILD_REMOTE": "off"})

        assert settings.remote is not None
        assert settings.remote.mode == "off"

    @pytest.mark.parametrize(
        ("text", "value"),
        [("5", 5), ("2.5", 2.5), ("true", True), ("UK", "UK"), ('"5"', "5"), ("[1, 2]", [1, 2]), ("", "")],
    )
    def test_values_are_toml_and_bare_words_texts(self, text: Any, value: Any) -> None:
        """What TOML can read is typed; anything else is a text."""
        assert parse_value(text) == value
        assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize("table", [Settings, CacheSettings, ExecutorSettings, RemoteSettings])
def test_every_setting_is_read(table: Any) -> None:
    """What can be said and changes nothing is a lie: some file outside of the settings asks for each of them."""
    package = Path(dagbuild.__file__).parent
    files = [file for file in package.rglob("*.py") if file.parent != package / "settings"]
    asked = {
        node.attr
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }

    assert {field.name for field in dataclasses.fields(table)} - READ_INSIDE <= asked


class TestMistakes:
    def test_all_are_told_together_with_their_lines(self, write: Any) -> None:
        """One run shows every mistake of the file."""
        folder = write(
            'modules = ["f"]\ntargts = []\n[cache]\nsize = "20 GX"\nfoldr = "x"\n[executor]\nkind = "rey"\n'
        )

        assert problems(folder) == [
            "dagbuild.toml:2: there is no setting 'targts'\n  try: did you mean 'targets'?",
            "dagbuild.toml:4: 'size' wants a size like \"20 GB\", not '20 GX'",
            "dagbuild.toml:5: [cache] has no key 'foldr'\n  try: did you mean 'folder'?",
            'dagbuild.toml:7: \'kind\' wants "local", "inline" or "ray", not "rey"\n  try: did you mean \'ray\'?',
        ]

    def test_profiles_are_checked_even_when_not_chosen(self, write: Any) -> None:
        """A colleague's profile is wrong for everybody."""
        (problem,) = problems(write('modules = "f"\n[profile.uk]\nconfg = 5\n'))

        assert problem.startswith("dagbuild.toml:3: [profile.uk] has no key 'confg'")
        assert "did you mean 'config'?" in problem

    def test_key_at_the_wrong_place_is_told_the_right_one(self, write: Any) -> None:
        """A known key that stands at the top is sent to its table."""
        (problem,) = problems(write('modules = "f"\naddress = 5\n'))

        assert "it belongs under [executor]" in problem

    def test_modules_are_wanted_and_proposed(self, write: Any) -> None:
        """Without modules there is nothing to build; those beside the file are named."""
        folder = write("[config]\n")
        (folder / "model.py").touch()

        (problem,) = problems(folder)

        assert 'write modules = ["model"] at the top' in problem

    def test_bad_toml_says_the_line(self, write: Any) -> None:
        """A file that is no TOML is told with the parser's line."""
        (problem,) = problems(write('modules = "f"\n[config\n'))

        assert problem.startswith("dagbuild.toml:2: not valid TOML")

    @pytest.mark.parametrize(
        "line",
        [
            'options = { key = "AKIA" }',
            'options = { storage_key = "x" }',
            'options = { customerKey = "x" }',
            'options = { sas = "x" }',
            'options = { client_kwargs = { aws_secret_access_key = "x" } }',
            'options = { token = "abc" }',
            'options = { connection_string = "x" }',
            'url = "sftp://me:word@host/cache"',
        ],
    )
    def test_secrets_are_refused(self, write: Any, line: Any) -> None:
        """What looks like a secret never stays in a file that is shared."""
        url = "" if line.startswith("url") else 'url = "s3://b"\n'
        (problem,) = problems(write(f'modules = "f"\n[remote]\n{url}{line}\n'))

        assert "and this file is shared" in problem
        assert "environment" in problem

    def test_secrets_are_refused_in_what_an_executor_is_opened_with(self, write: Any) -> None:
        """At any depth; what is none is taken as it stands."""
        told = 'modules = "f"\n[executor]\nkind = "ray"\noptions = {{ namespace = "a", runtime_env = {{ {} = "x" }} }}\n'
        (problem,) = problems(write(told.format("api_token")))
        options = load_settings(write(told.format("working_dir")), environ={}).executor.options

        assert "options.runtime_env.api_token" in problem
        assert "and this file is shared" in problem
        assert options == {"namespace": "a", "runtime_env": {"working_dir": "x"}}

    @pytest.mark.parametrize("url", ["s3:/bucket/cache", "gs:bucket/cache"])
    def test_a_url_with_too_few_slashes_is_refused(self, write: Any, url: Any) -> None:
        """It would be taken for a folder named "s3:"."""
        (problem,) = problems(write(f'modules = "f"\n[remote]\nurl = "{url}"\n'))

        assert "is no URL" in problem
        assert f'write "{url[:2]}://bucket/cache"' in problem

    @pytest.mark.parametrize(
        "url", ["s3://bucket/x", "gs://b", "S3://b", "memory://b", "simplecache::s3://b"]
    )
    @pytest.mark.parametrize(
        ("text", "options"),
        [
            ('cache = "{}"\n', {}),
            ('[cache]\nfolder = "{}"\n', {}),
            ('[profile.ci]\ncache = "{}"\n', {}),
            ("", {"environ": {"DAGBUILD_CACHE": "{}"}}),
            ("", {"overrides": {"cache.folder": "{}"}}),
            ("", {"environ": {"DAGBUILD_SET_cache__folder": "{}"}}),
        ],
    )
    def test_a_cache_at_a_url_is_refused(self, write: Any, url: Any, text: Any, options: Any) -> None:
        """It would be a folder named "s3:", wherever the setting is said."""
        said = {
            kind: {key: value.format(url) for key, value in table.items()} for kind, table in options.items()
        }

        (problem,) = problems(write(f'modules = "f"\n{text.format(url)}'), **said)

        assert f"'folder' wants a folder of this machine, not the URL '{url}'" in problem
        assert 'remote = "' in problem

    def test_a_cache_at_a_file_url_is_told_the_path(self, write: Any) -> None:
        """There is no remote to speak of."""
        (problem,) = problems(write('modules = "f"\ncache = "file:///tmp/x"\n'))

        assert "write the path alone" in problem

    @pytest.mark.parametrize("folder", ["c:/cache", "~/cache", "a/b:c", "here.s3", "a:b"])
    def test_a_path_is_no_url(self, write: Any, folder: Any) -> None:
        """A drive, and a colon somewhere."""
        assert load_settings(write(f'modules = "f"\ncache = "{folder}"\n'), environ={}).cache.folder

    @pytest.mark.parametrize(
        ("path", "said"),
        [
            ("model.gamma", "'model' has no key 'gamma'"),
            ("model.bta", "'model' has no key 'bta'\n  try: did you mean 'beta'?"),
            ("config.model.gamma", "'model' has no key 'gamma'"),
            ("model.alpha.x", "'model.alpha' is a number, which has no key 'x'"),
            ("region.x", "'region' is a text, which has no key 'x'"),
            ("inputs.year.x", "'year' is a number, which has no key 'x'"),
        ],
    )
    @pytest.mark.parametrize("outside", ["command line", "environment"])
    def test_a_key_that_a_value_has_not_is_a_mistake(
        self, write: Any, path: Any, said: Any, outside: Any
    ) -> None:
        """Nothing is invented inside of what the file has; a whole table may be given."""
        name = "DAGBUILD_SET_" + path.replace(".", "__")
        options = {"environ": {name: "3"}} if outside == "environment" else {"overrides": {path: "3"}}

        (problem,) = problems(write(PROJECT), **options)

        assert problem.startswith(f"{name if outside == 'environment' else f'--set {path}'}: {said}")
        whole = load_settings(
            write(PROJECT), environ={}, overrides={"model": "{gamma = 3}", "model.gamma": "4"}
        )
        assert whole.config["model"]["gamma"] == 4

    @pytest.mark.parametrize(
        ("environ", "overrides", "window"),
        [
            ({}, {"window.days": "3", "window.label": "x"}, {"days": 3, "label": "x"}),
            ({}, {"window.days": "3", "config.window.at.hour": "4"}, {"days": 3, "at": {"hour": 4}}),
            ({}, {"window.at.hour": "4", "window.at.minute": "5"}, {"at": {"hour": 4, "minute": 5}}),
            ({"DAGBUILD_SET_window__days": "3"}, {"window.label": "x"}, {"days": 3, "label": "x"}),
            (
                {"DAGBUILD_SET_window__days": "3", "DAGBUILD_SET_window__label": "x"},
                {},
                {"days": 3, "label": "x"},
            ),
            (
                {},
                {"window": "{days = 1}", "window.days": "2", "window.label": "x"},
                {"days": 2, "label": "x"},
            ),
        ],
    )
    def test_a_table_that_the_file_does_not_have_is_said_key_by_key(
        self, write: Any, environ: Any, overrides: Any, window: Any
    ) -> None:
        """The first key does not close it to the others."""
        settings = load_settings(write(PROJECT), environ=environ, overrides=overrides)

        assert settings.config["window"] == window

    def test_a_value_that_was_said_has_no_keys(self, write: Any) -> None:
        """Not even one that the file does not have."""
        (problem,) = problems(write(PROJECT), overrides={"window": "3", "window.days": "3"})

        assert problem == "--set window.days: 'window' is a number, which has no key 'days'"

    def test_what_the_file_does_not_have_is_noted(self, write: Any) -> None:
        """Whether a node reads it is for the graph to say."""
        settings = load_settings(
            write(PROJECT),
            environ={"DAGBUILD_SET_typo": "1", "DAGBUILD_SET_REGION": "FR"},
            overrides={
                "other": "2",
                "year": "3",
                "model.beta": "3",
                "cache.size": "1 GB",
                "inputs.extra": "4",
            },
        )

        assert settings.said == {"typo": "DAGBUILD_SET_typo", "other": "--set other"}

    def test_a_mark_before_the_first_letter_is_nothing(self, write: Any, tmp_path: Path) -> None:
        """Some editors write one into every file; lines are counted as ever, and a pin leaves it there."""
        file = tmp_path / "dagbuild.toml"
        file.write_bytes(codecs.BOM_UTF8 + b'modules = "f"\n[config]\nname = "\xc3\xa9"\n')

        assert load_settings(tmp_path, environ={}).config == {"name": "é"}

        write_pin(tmp_path, "a", Pin("xxh3-1", {"codec": "plain/1"}))
        assert file.read_bytes().count(codecs.BOM_UTF8) == 1
        assert file.read_bytes().startswith(codecs.BOM_UTF8 + b"modules")
        assert load_settings(tmp_path, environ={}).pins["a"].digest == "xxh3-1"
        assert remove_pin(tmp_path, "a")
        assert file.read_bytes().startswith(codecs.BOM_UTF8 + b"modules")
        file.write_bytes(codecs.BOM_UTF8 + b'modules = "f"\nmodles = "g"\n')
        assert problems(tmp_path)[0].startswith("dagbuild.toml:2: there is no setting 'modles'")

    @pytest.mark.parametrize("options", ['token = "anon"', "anon = true", 'key_filename = "~/.ssh/id"'])
    def test_what_only_sounds_like_a_secret_is_not(self, write: Any, options: Any) -> None:
        """A word that chooses how to log in is no secret."""
        folder = write(f'modules = "f"\n[remote]\nurl = "gs://b"\noptions = {{ {options} }}\n')

        remote = load_settings(folder, environ={}).remote
        assert remote is not None and remote.options

    def test_unknown_variable_is_a_mistake(self, write: Any) -> None:
        """A misspelt variable must not be ignored; those of tests are none of ours."""
        folder = write(PROJECT)

        (problem,) = problems(folder, environ={"DAGBUILD_PROFIL": "uk", "DAGBUILD_TEST_S3": "x"})

        assert "did you mean 'DAGBUILD_PROFILE'?" in problem

    @pytest.mark.parametrize("key", ["workers", "max_retries"])
    def test_key_that_a_table_has_not_is_a_mistake_wherever_it_is_said(self, write: Any, key: Any) -> None:
        """In the file, in a profile, on the command line and in the environment."""
        said = "[executor] has no key"
        in_file = problems(write(f'modules = "f"\n[executor]\n{key} = 4\n'))
        in_profile = problems(write(f'modules = "f"\n[profile.ci.executor]\n{key} = 4\n'), profile="ci")
        folder = write('modules = "f"\n')
        typed = problems(folder, overrides={f"executor.{key}": "4"})
        exported = problems(folder, environ={f"DAGBUILD_SET_executor__{key}": "4"})

        assert [len(found) for found in (in_file, in_profile, typed, exported)] == [1, 1, 1, 1]
        assert said in in_file[0]
        assert said in typed[0]
        assert f"'{key}'" in in_profile[0]
        assert f"'{key}'" in exported[0]

    def test_unknown_profile_is_told_who_asked(self, write: Any) -> None:
        """The option or the variable is named, and the nearest profile."""
        folder = write(PROJECT)

        assert problems(folder, profile="uq")[0].startswith("--profile: there is no profile 'uq'")
        assert problems(folder, environ={"DAGBUILD_PROFILE": "uq"})[0].startswith("DAGBUILD_PROFILE: ")

    def test_no_project_is_told_what_to_do(self, tmp_path: Path) -> None:
        """Far from any project the way to one is shown."""
        with pytest.raises(SettingsError) as caught:
            load_settings(tmp_path, environ={})

        assert "dagbuild init" in str(caught.value)


class TestPins:
    PIN = Pin(
        "xxh3-0", {"codec": "plain/1", "meta": {"a": None, "b": 'it\'s "x"'}}, "why", "ann", "2026-11-22"
    )

    def test_keeps_comments_and_layout(self, write: Any) -> None:
        """Writing a pin and removing it leaves the file as it was."""
        file = write(PROJECT) / "dagbuild.toml"

        write_pin(file, "spend", self.PIN)
        written = file.read_text()
        removed = remove_pin(file, "spend")

        assert written.startswith(PROJECT)
        assert removed
        assert file.read_text() == PROJECT

    def test_comes_back_as_it_was_written(self, write: Any) -> None:
        """What TOML cannot say (a null) survives, whatever else is pinned."""
        folder = write(PROJECT)

        write_pin(folder, "spend", Pin("xxh3-1", {"codec": "x"}))
        write_pin(folder, "other", self.PIN)
        write_pin(folder, "spend", self.PIN)

        assert load_settings(folder, environ={}).pins == {"spend": self.PIN, "other": self.PIN}

    @pytest.mark.parametrize("letter", ["n", "é"])
    def test_a_name_may_be_longer_than_that_of_a_file(self, write: Any, letter: str) -> None:
        """Two long ones that begin alike have a file each."""
        folder = write(PROJECT)
        names = [letter * 300 + end for end in ("", "a")]

        for number, name in enumerate(names):
            write_pin(folder, name, Pin(f"xxh3-{number}", {"codec": "plain/1"}))

        assert {name: pin.digest for name, pin in load_settings(folder, environ={}).pins.items()} == {
            name: f"xxh3-{number}" for number, name in enumerate(names)
        }
        assert all(remove_pin(folder, name) for name in names)
        assert not (folder / "pins").exists()

    def test_removing_what_is_not_pinned_says_so(self, write: Any) -> None:
        """The file stays untouched."""
        folder = write(PROJECT)

        assert not remove_pin(folder, "spend")
        assert (folder / "dagbuild.toml").read_text() == PROJECT

    @pytest.mark.parametrize("value", [None, "5", "{", "[" * 100_000, "{}"])
    def test_edited_pin_is_refused(self, write: Any, value: Any) -> None:
        """A pin whose value is not what was written is told at its line."""
        folder = write('modules = "f"\n[pins.spend]\ndigest = "xxh3-0"\n')
        if value is not None:
            (folder / "pins").mkdir()
            (folder / "pins" / "spend.json").write_text(value)

        (problem,) = problems(folder)

        assert problem.startswith("dagbuild.toml:2: pin 'spend' has ")
        assert "pins/spend.json" in problem

    @pytest.mark.parametrize("name", ["../x", "a/b", "/etc/passwd", "", "..", "a..b"])
    def test_no_name_leads_out_of_the_folder(self, write: Any, name: Any) -> None:
        """What cannot be the name of a node is not made a path."""
        (problem,) = problems(write(f'modules = "f"\n[pins."{name}"]\ndigest = "xxh3-0"\n'))

        assert "has no name that a node can have" in problem

    def test_the_value_is_in_a_file_of_its_own(self, write: Any) -> None:
        """The table is what people review; the file goes with the pin."""
        folder = write(PROJECT)

        write_pin(folder, "spend", self.PIN)
        table = (folder / "dagbuild.toml").read_text()
        told = json.loads((folder / "pins" / "spend.json").read_text())
        remove_pin(folder, "spend")

        assert "plain/1" not in table
        assert told == self.PIN.artifact
        assert not (folder / "pins").exists()


def test_imports_nothing_heavy() -> None:
    """Reading settings needs neither click nor tomlkit nor any library of data."""
    code = "import sys, dagbuild.settings; print([m for m in ('click', 'tomlkit', 'pandas') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
