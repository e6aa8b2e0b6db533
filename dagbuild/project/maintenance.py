"""The stores of a project apart from its graph: read them again, make room, measure, publish.

Wires settings and stores only. Imports none of the project's modules, so that a cache can be looked after while the
code is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from dagbuild.ground.errors import SettingsError, StoreError
from dagbuild.model.record import Artifact
from dagbuild.project.outside import open_pin
from dagbuild.settings import RemoteSettings, Settings, find_key
from dagbuild.store import open_store
from dagbuild.store.gc import GcReport, collect_garbage
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.notices import log_notice
from dagbuild.store.usage import Usage, measure
from dagbuild.store.verify import VerifyReport, verify_store


@dataclass(frozen=True)
class Pushed:
    """What was published to the remote at `url`: how many records went, and how many could not.

    `mode` is what the remote allows by now: it may have failed in the middle.
    """

    url: str
    mode: str
    sent: int
    unsent: int


class Maintenance:
    """A project's stores and what keeps them in order. Close it when done."""

    def __init__(self, settings: Settings, on_notice: Callable[[str], None] = log_notice) -> None:
        self.settings = settings
        self._on_notice = on_notice

    @cached_property
    def store(self) -> LocalStore | LayeredStore:
        """The store: local, with the remote behind it where the settings name one."""
        cache = self.settings.cache
        remote, notice = self.settings.remote, self._on_notice
        return open_store(cache.folder, remote, fsync=cache.fsync, on_notice=notice, find_key=find_key)

    @property
    def local(self) -> LocalStore:
        """The store of this machine."""
        return self.store.local if isinstance(self.store, LayeredStore) else self.store

    @cached_property
    def pins(self) -> dict[str, Artifact]:
        """The pinned values by node."""
        return {name: open_pin(name, pin) for name, pin in self.settings.pins.items()}

    def close(self) -> None:
        """Let go of the store."""
        if "store" in self.__dict__:
            self.store.close()

    def verify(self, *, repair: bool = False) -> VerifyReport:
        """Read the whole local store; with `repair`, mend it, from the remote where there is one."""
        shared = self.store if isinstance(self.store, LayeredStore) else None
        return verify_store(self.local, repair=repair, pins=self.pins, shared=shared)

    def collect_garbage(
        self, *, size: int | None = None, age: float | None = None, dry_run: bool = False
    ) -> GcReport:
        """Bring the local store below `size` bytes, the settings' budget unless given; what is pinned stays.

        `age`: what was not used for so many seconds goes too. Raises StoreError.
        """
        pins = {artifact.digest for artifact in self.pins.values()}
        # A pin that was given is in no record, and shares columns with values that may go.
        blobs = {name for artifact in self.pins.values() for ref in artifact.all_blobs for name in ref.names}
        budget = self.settings.cache.size if size is None else size
        return collect_garbage(self.local, size=budget, age=age, pins=pins, blobs=blobs, dry_run=dry_run)

    def measure(self) -> Usage:
        """Return what takes the local store's space."""
        return measure(self.local, self.pins)

    def push(self) -> Pushed:
        """Publish what the remote does not have.

        Raises SettingsError when there is no remote, StoreError when it cannot be written.
        """
        remote = self.settings.remote
        if remote is None:
            hint = 'write [remote] and url = "s3://..." in dagbuild.toml'
            raise SettingsError("there is no remote to push to", hint=hint)
        store = self.store
        if not remote.publishes or not isinstance(store, LayeredStore):
            hint = 'write mode = "read-write" under [remote], or leave mode out'
            raise SettingsError(
                f"the settings say mode = \"{remote.mode}\" of the remote '{remote.url}'", hint=hint
            )
        self._check_mode(store, remote)
        refs = [ref for artifact in self.pins.values() for ref in artifact.all_blobs]
        sent = store.push(refs)
        return Pushed(remote.url, store.mode, sent, store.unsent)

    @staticmethod
    def _check_mode(store: LayeredStore, remote: RemoteSettings) -> None:
        match store.mode:
            case "read":
                raise StoreError(
                    f"the remote '{remote.url}' can only be read here",
                    hint="ask for the right to write there",
                )
            case "off":
                raise StoreError(
                    f"the remote '{remote.url}' is out of reach", hint="push again when it is back"
                )
