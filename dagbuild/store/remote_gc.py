"""Make room in a store that a team shares, beside those who publish.

Knows names, ages and whom records are signed by; reads no blob. What a record said that goes is written down first, in

    dropped/NAME.jsonl.zst          records that gc has taken out, for as long as what they name is kept

and a blob goes only when no record names it, none that went within the grace period did, and it was written before
that, by the clock over there. So whoever knows a blob by a record, and does not send it, has that long to publish what
is made of it; `SURE_FOR` and `LATEST` have publishers keep to it. Guards: what cannot be read, or be judged here, stays
with all that it names; new parts are there before old ones go, and records go before blobs: killed in between, it
leaves what nobody needs, and no record without its blobs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dagbuild.ground.errors import StoreError
from dagbuild.ground.passed import Moment
from dagbuild.ground.secrets import mask_url
from dagbuild.model.record import ACCEPTED, FORMAT, Record
from dagbuild.store.compression import compress
from dagbuild.store.gc import GRACE
from dagbuild.store.lines import decode_line
from dagbuild.store.merging import FULL
from dagbuild.store.object_names import Stored, iter_stored, names_in, names_in_text
from dagbuild.store.record_parts import Part, iter_parts
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_errors import RemoteDeniedError
from dagbuild.store.segments import new_name
from dagbuild.store.trust import Trust

DROPPED = "dropped"

_SOON = 600.0
"""Seconds after which what was looked at is no longer acted upon: the machine has slept in between."""


@dataclass
class Tally:
    """Objects and their bytes."""

    count: int = 0
    size: int = 0

    def add(self, stored: Stored) -> None:
        """Count one more."""
        self.count += 1
        self.size += stored.size


@dataclass(frozen=True)
class RemoteGcReport:
    """What went, or would go, and what stays.

    `records` go, of these `nodes`; `kept_records` stay, among them `others`: whose signers nobody here trusts, or which
    a newer dagbuild has written. Of blobs, `removed` go; `waiting` were named by what goes now, or has gone within the
    grace period; `young` are named by nobody yet, and `kept` are needed. `unread` parts could not be read, each with
    the reason: then no blob goes.
    """

    records: int
    kept_records: int
    others: int
    nodes: Mapping[str, int]
    removed: Tally
    waiting: Tally
    young: Tally
    kept: Tally
    unread: Mapping[str, str]
    dry_run: bool


def collect_remote(
    remote: RemoteFolder,
    trust: Trust,
    *,
    age: float | None = None,
    pins: Collection[str] = (),
    dry_run: bool = False,
    grace: float = GRACE,
) -> RemoteGcReport:
    """Remove records that are older than `age` seconds, as far as nothing protects them, and blobs that nobody names.

    `pins` are digests of artifacts, whose records stay, and names of objects. Of each node the newest record of each
    signer stays, and so does what was accepted. Raises RemoteDeniedError when nothing may be removed there,
    RemoteOutageError, StoreError when nobody tells what time it is over there.
    """
    now = _find_time(remote)
    survey = _Survey(trust, None if age is None else now - max(age, grace), set(pins), now)
    for part in iter_parts(remote, "records"):
        survey.add(part)
    survey.settle()
    late = _read_dropped(remote, survey, now - grace)
    if survey.doomed and not dry_run:
        _rewrite(remote, survey)
    removed, waiting, young, kept = Tally(), Tally(), Tally(), Tally()
    since = Moment.now()
    for batch in iter_stored(remote):
        doomed = []
        for stored in batch:
            if stored.name in survey.named:
                kept.add(stored)
            elif stored.name in survey.leaving:
                waiting.add(stored)
            elif survey.unread or stored.modified is None or stored.modified >= now - grace:
                young.add(stored)
            else:
                removed.add(stored)
                doomed.append(stored.path)
        if doomed and not dry_run and since.passed < _SOON:
            remote.remove_all(doomed)
        since = Moment.now()
    if late and not dry_run:
        remote.remove_all([f"{DROPPED}/{name}" for name in late])
    return RemoteGcReport(
        records=sum(survey.nodes.values()),
        kept_records=survey.records - sum(survey.nodes.values()),
        others=survey.others,
        nodes=dict(sorted(survey.nodes.items())),
        removed=removed,
        waiting=waiting,
        young=young,
        kept=kept,
        unread=survey.unread,
        dry_run=dry_run,
    )


def _find_time(remote: RemoteFolder) -> float:
    """Return what time it is over there; raises RemoteDeniedError unless objects may be written and removed."""
    now = remote.tell_time()
    if not remote.may_remove():
        raise RemoteDeniedError(
            f"nothing may be removed from '{mask_url(remote.url)}'",
            hint="ask for the right to remove objects there, or have somebody run this who has it",
        )
    if now is None:
        url = mask_url(remote.url)
        raise StoreError(
            f"nobody tells when what lies in '{url}' was written, nor what is still on its way there"
        )
    return now


@dataclass
class _Old:
    """A record that may go."""

    node: str
    names: set[str]


@dataclass
class _Survey:
    """All that is known of the records: which of them go, and which names the others need."""

    trust: Trust
    cutoff: float | None
    pins: set[str]
    now: float
    records: int = 0
    others: int = 0
    named: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)
    doomed: set[bytes] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)
    nodes: Counter[str] = field(default_factory=Counter)
    unread: dict[str, str] = field(default_factory=dict)
    _old: dict[bytes, _Old] = field(default_factory=dict)
    _newest: dict[tuple[str, str], tuple[float, bytes]] = field(default_factory=dict)
    _parts: dict[str, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.named |= self.pins

    def add(self, part: Part) -> None:
        """Take note of a part."""
        if part.trouble:
            self.unread[part.name] = part.trouble
        old = [identity for line in part.lines if (identity := self._add_line(line))]
        if old:
            self._parts[part.name] = old

    def _add_line(self, line: bytes) -> bytes | None:
        """Take note of a record; returns what it is known by if it may go."""
        self.records += 1
        try:
            data = decode_line(line)
            if data.get("format") != FORMAT:
                raise ValueError("of another version")
            record = Record.from_elsewhere(data)
        except ValueError:
            self.others += 1
            self.named |= names_in_text(line)
            return None
        if self.cutoff is None or not self._may_judge(record):
            self.others += self.cutoff is not None
            self.named |= names_in(record)
            return None
        identity = _identify(line)
        if record.artifact.codec != ACCEPTED and record.started <= self.now + GRACE:
            key = (record.node, record.proof.signer if record.proof else "")
            self._newest[key] = max(self._newest.get(key, (0.0, b"")), (record.started, identity))
        if record.started >= self.cutoff or self._is_root(record):
            self.named |= names_in(record)
            return None
        self._old[identity] = _Old(record.node, names_in(record))
        return identity

    def _may_judge(self, record: Record) -> bool:
        """Tell whether a record is the team's own: others' work is not ours to remove."""
        if record.proof is None or not record.proof.signer:
            return self.trust.unsigned == "data"
        return self.trust.is_signed(record)

    def _is_root(self, record: Record) -> bool:
        return record.artifact.codec == ACCEPTED or record.artifact.digest in self.pins

    def settle(self) -> None:
        """Decide what goes: all that may, but for the newest of each node and signer."""
        newest = {identity for _, identity in self._newest.values()}
        for identity, old in self._old.items():
            if identity in newest:
                self.named |= old.names
            else:
                self.doomed.add(identity)
                self.leaving |= old.names
        for part, old_ones in self._parts.items():
            going = [identity for identity in old_ones if identity in self.doomed]
            self.nodes.update(self._old[identity].node for identity in going)
            if going:
                self.parts.append(part)


def _identify(line: bytes) -> bytes:
    """Return what tells a line from all others, whoever wrote them."""
    return hashlib.sha256(line).digest()


def _read_dropped(remote: RemoteFolder, survey: _Survey, before: float) -> list[str]:
    """Take note of what has gone within the grace period; returns the parts that went before."""
    late = [
        name
        for name, found in remote.list_objects(DROPPED).items()
        if found.modified is not None and found.modified < before
    ]
    for part in iter_parts(remote, DROPPED, lambda name, _: name not in late):
        if part.trouble:
            survey.unread[f"{DROPPED}/{part.name}"] = part.trouble
        for line in part.lines:
            survey.leaving |= names_in_text(line)
    return late


def _rewrite(remote: RemoteFolder, survey: _Survey) -> None:
    """Put parts without what goes in the place of those that have it."""
    batch = _Batch()
    wanted = set(survey.parts)
    for part in iter_parts(remote, "records", lambda name, _: name in wanted):
        if part.trouble:
            continue
        size = sum(map(len, part.lines))
        if batch.size + size > FULL:
            batch.replace(remote)
            batch = _Batch()
        for line in part.lines:
            (batch.go if _identify(line) in survey.doomed else batch.stay)[line] = None
        batch.olds.append(part.name)
        batch.size += size
    batch.replace(remote)


@dataclass
class _Batch:
    """The lines of some parts, those that stay and those that go, each once."""

    stay: dict[bytes, None] = field(default_factory=dict)
    go: dict[bytes, None] = field(default_factory=dict)
    olds: list[str] = field(default_factory=list)
    size: int = 0

    def replace(self, remote: RemoteFolder) -> None:
        """Write down what goes, write what stays, and remove the parts that both were in."""
        since = Moment.now()
        for folder, lines in ((DROPPED, self.go), ("records", self.stay)):
            if lines:
                remote.write(f"{folder}/{new_name()}.zst", compress(b"".join(lines)))
        if since.passed < _SOON:
            remote.remove_all([f"records/{name}" for name in self.olds])
