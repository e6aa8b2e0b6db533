"""What the settings are once they are read: plain data, with the defaults of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """The local store: its folder (absolute), its budget in bytes, and when it is made to survive a power cut.

    `fsync`: "none", "build" (once at a build's end) or "always" (each blob and record, several milliseconds a file).
    """

    folder: Path
    size: int | None = None
    fsync: str = "build"


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """The shared store: an fsspec URL and options; `mode` read-write, read, write (nothing is fetched) or off.

    `trusted` are the public keys of those whose records are used, each behind a name: "ada ed25519-...". `unsigned`
    says what is taken of others' records: "no", nothing, or "data", what cannot run code; unless it is said, "no" where
    anybody is trusted by name. `read` are folders below the
    URL in the order in which they are asked, `write` is the one that is written to; the URL itself unless given.
    """

    url: str
    mode: str = "read-write"
    trusted: tuple[str, ...] = ()
    unsigned: str = ""
    read: tuple[str, ...] = ()
    write: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def publishes(self) -> bool:
        """Whether anything is to be sent there."""
        return self.mode in {"read-write", "write"}

    @property
    def takes_unsigned(self) -> str:
        """What is taken of records that nobody who is trusted has signed: "no" or "data"."""
        return self.unsigned or ("no" if self.trusted else "data")

    @property
    def signers(self) -> dict[str, str]:
        """The names of who is trusted, by public key."""
        return {key: name for name, key in map(str.split, self.trusted)}


@dataclass(frozen=True, slots=True)
class ExecutorSettings:
    """Where steps run: `kind` is one of EXECUTORS or "module:Class", `jobs` how many run at a time here, `address` is a
    cluster's, `options` are what it is opened with.

    Without `jobs`, as many as this process may use cores; `memory` are the bytes that they may take together here,
    without it as many as there are.
    """

    kind: str = "local"
    jobs: int | None = None
    memory: int | None = None
    address: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pin:
    """A value that stands in a node's place for the project; `artifact` is its plain form as stored."""

    digest: str
    artifact: Mapping[str, Any]
    note: str = ""
    author: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class VariableSettings:
    """What is kept of environment variables: digests with this `salt`, and of the `ignored` ones nothing.

    Without a salt, a cache folder has one of its own: then values that came of variables are shared with nobody.
    """

    salt: str = ""
    ignored: tuple[str, ...] = ()


UNDECLARED = ("track", "warn", "error", "off")
RETURNS = ("error", "warn", "off")
UNSEEN = ("track", "run", "error")
EXECUTORS = ("local", "inline", "ray")

_FOREIGN = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")


def is_foreign(kind: str) -> bool:
    """Tell whether a kind of executor is none of EXECUTORS, but the name of somebody else's: "module:Class"."""
    return _FOREIGN.fullmatch(kind) is not None


MOST_JOBS = 1024
"""Steps that may run at a time on one machine."""


@dataclass(frozen=True)
class Settings:
    """Everything that dagbuild.toml, a profile, the environment and the command line say.

    `texts` are those config values and inputs that came as a text, by their path from the table on; what TOML makes of
    the text is in `config` and `inputs`.

    `root` is the project's folder, `file` its dagbuild.toml where there is one. `packages` maps names of
    distributions to exact, minor, major or ignore; "*" is the default. `undeclared` says what to do about files and
    variables that a node reads and that are no inputs: one of UNDECLARED; with off nobody looks. `returns` is one of
    RETURNS: what to do where a function returns what it is not annotated with. `unseen` is one of UNSEEN: what to do
    about a node whose value may hang on what nobody sees, such as a clock: keep it and say so, run it in each build, or
    refuse it. `said` are the config
    values that the file does not have, by name, each with where it was said: "--set region".
    """

    root: Path
    modules: tuple[str, ...]
    cache: CacheSettings
    file: Path | None = None
    targets: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[str, Pin] = field(default_factory=dict)
    remote: RemoteSettings | None = None
    executor: ExecutorSettings = ExecutorSettings()
    variables: VariableSettings = VariableSettings()
    packages: Mapping[str, str] = field(default_factory=lambda: {"*": "exact"})
    undeclared: str = "track"
    returns: str = "warn"
    unseen: str = "track"
    profile: str | None = None
    said: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def observes(self) -> bool:
        """Tell whether anybody is to look at what nodes read."""
        return self.undeclared != "off"

    def texts_of(self, table: str) -> dict[str, dict[tuple[str, ...], str]]:
        """Return how the values of "config" or "inputs" were spelled, by name, by the path inside of the value."""
        found: dict[str, dict[tuple[str, ...], str]] = {}
        for (where, name, *path), text in self.texts.items():
            if where == table:
                found.setdefault(name, {})[tuple(path)] = text
        return found

    def without_fetching(self) -> Settings:
        """Return the settings of a build that takes nothing from the remote, and publishes as it did."""
        if self.remote is None:
            return self
        mode = "write" if self.remote.publishes else "off"
        return replace(self, remote=replace(self.remote, mode=mode))

    def with_config(self, values: Mapping[str, Any]) -> Settings:
        """Return the settings with other config values, which win."""
        texts = {
            path: text for path, text in self.texts.items() if path[:2] not in {("config", n) for n in values}
        }
        return replace(self, config={**self.config, **values}, texts=texts)
