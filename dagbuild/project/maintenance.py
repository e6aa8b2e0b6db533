"""The stores of a project apart from its graph: read them again, make room, measure, publish.

Wires settings and stores only. Imports none of the project's modules, so that a cache can be looked after while the
code is broken.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from dagbuild.ground.errors import SettingsError, StoreError
from dagbuild.model.record import Artifact
from dagbuild.project.branch_pins import BRANCH, read_branch_pins
from dagbuild.project.outside import open_pin
from dagbuild.settings import RemoteSettings, Settings, find_key
from dagbuild.store import open_store
from dagbuild.store.gc import GcReport, collect_garbage
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.notices import log_notice
from dagbuild.store.object_names import names_in_text
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_gc import RemoteGcReport, collect_remote
from dagbuild.store.remote_verify import RemoteVerifyReport, verify_remote
from dagbuild.store.trust import Trust
from dagbuild.store.usage import Usage, measure
from dagbuild.store.verify import VerifyReport, verify_store


@dataclass(frozen=True)
class Pushed:
    """What was published to the remote at `url`: how many records went, and how many could not.

    `values` are blobs that went by themselves: pinned ones, and what the remote had lost. `mode` is what the remote
    allows by now: it may have failed in the middle.
    """

    url: str
    mode: str
    sent: int
    unsent: int
    values: int


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

    def collect_remote_garbage(self, *, age: float | None = None, dry_run: bool = False) -> RemoteGcReport:
        """Remove from the remote records older than `age` seconds, and what no record names; roots stay.

        Of a remote of several folders, the one that is written to. What is pinned stays, here or on the default branch
        as git last fetched it. Raises SettingsError when there is no remote to write to, StoreError when nothing may be
        removed there.
        """
        remote = self._get_remote("collect garbage in")
        self._check_settings(remote)
        return collect_remote(
            self._open_folder(remote), self._trust(remote), age=age, pins=self._find_pinned(), dry_run=dry_run
        )

    def verify_remote(self, *, read: bool = False) -> RemoteVerifyReport:
        """Look whether all is there that the records of the remote name; with `read`, at each byte of it.

        Of a remote of several folders, the one that is written to. Raises SettingsError when there is no remote,
        StoreError when it cannot be read.
        """
        remote = self._get_remote("verify")
        return verify_remote(
            self._open_folder(remote), self._trust(remote), read=read, pins=self._find_pinned(say=False)
        )

    def _find_pinned(self, *, say: bool = True) -> set[str]:
        """Return the digests of what is pinned, and the names of the objects that it may lie in."""
        pinned = {str(artifact.digest) for artifact in self.pins.values()}
        texts = [json.dumps(pin.artifact).encode() for pin in self.settings.pins.values()]
        others = read_branch_pins(self.settings.root)
        if others is None and say:
            self._on_notice(
                f"git knows no {BRANCH} here: of pins, those in this folder are kept, and no others"
                " (`git remote set-head origin --auto` tells it which branch that is)"
            )
        for text in (*texts, *(others or ())):
            pinned |= names_in_text(text)
            with contextlib.suppress(
                ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError
            ):
                pinned.add(Artifact.from_json(json.loads(text)).digest)
        return pinned

    @staticmethod
    def _open_folder(remote: RemoteSettings) -> RemoteFolder:
        return RemoteFolder(remote.url, remote.options, within=remote.write)

    @staticmethod
    def _trust(remote: RemoteSettings) -> Trust:
        return Trust(remote.signers, remote.takes_unsigned, find_key())  # type: ignore[arg-type]

    def measure(self) -> Usage:
        """Return what takes the local store's space."""
        return measure(self.local, self.pins)

    def push(self) -> Pushed:
        """Publish what the remote does not have.

        Raises SettingsError when there is no remote, StoreError when it cannot be written.
        """
        remote = self._get_remote("push to")
        self._check_settings(remote)
        store = self.store
        assert isinstance(store, LayeredStore)
        self._check_mode(store, remote)
        refs = [ref for artifact in self.pins.values() for ref in artifact.all_blobs]
        sent, values = store.push(refs)
        return Pushed(self._open_folder(remote).url, store.mode, sent, store.unsent, values)

    def _get_remote(self, verb: str) -> RemoteSettings:
        remote = self.settings.remote
        if remote is None:
            hint = 'write [remote] and url = "s3://..." in dagbuild.toml'
            raise SettingsError(f"there is no remote to {verb}", hint=hint)
        return remote

    @staticmethod
    def _check_settings(remote: RemoteSettings) -> None:
        if not remote.publishes:
            hint = 'write mode = "read-write" under [remote], or leave mode out'
            raise SettingsError(
                f"the settings say mode = \"{remote.mode}\" of the remote '{remote.url}'", hint=hint
            )

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
