"""What an answer about fresh targets stands on, as `answers` looks at it: files, names in folders, variables.

More than the code: the inputs, what steps were seen to read, the records, and the blobs of the targets.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from dagbuild.ground.filetree import iter_paths
from dagbuild.ground.matching import is_pattern
from dagbuild.model.record import UNOBSERVED, BlobRef, Observation, Record
from dagbuild.observe.places import PathNames
from dagbuild.settings import Settings
from dagbuild.settings.schema import pin_file
from dagbuild.shortcut.answers import look
from dagbuild.shortcut.basis import Basis, find_names
from dagbuild.store.folder import CacheFolder

AnswerBasis = list[tuple[str, str, str | None]]


def list_answer_basis(
    basis: Basis,
    settings: Settings,
    places: PathNames,
    *,
    inputs: Iterable[str],
    records: Iterable[Record],
    targets: Iterable[str],
) -> AnswerBasis | None:
    """Return what to look at, and how it was where that must be known; None when a look at files cannot tell."""
    seen = list(basis.seen)
    found = [("day", "")]  # what was used on which day is noted for gc, once a day
    wanted = set(targets)
    layout = CacheFolder(settings.cache.folder)
    signers = settings.remote.signers if settings.remote else {}
    for record in records:
        if record.proof and record.proof.signer and record.proof.signer not in signers:
            return None  # it counts as long as this user's key is the same
        seen += record.observations
        if record.node in wanted:
            found += [("size", _find_blob(layout, blob)) for blob in record.artifact.blobs]
        for output in record.artifact.outputs:
            found += [("stat", path) for path in iter_paths(places.path(output.path))]
    stats = [*inputs, *(places.path(name) for name in basis.files), *basis.installed]
    stats += [str(pin_file(settings.root, node)) for node in settings.pins]
    stats += [str(settings.file), str(layout.folder / "format"), str(layout.segments)]
    stats += [str(path) for path in layout.segments.iterdir()]
    for observation in dict.fromkeys(seen):
        if observation.kind == UNOBSERVED.kind:
            continue  # the settings that are content with it are looked at themselves
        looks = list(_looks(observation, places))
        if not looks:
            return None
        found += looks
    found += [("stat", path) for path in stats]
    answer: AnswerBasis = [(kind, what, None) for kind, what in dict.fromkeys(found)]
    for name, known in basis.folders.items():
        names = look("names", places.path(name))
        # Asked after that look: what came while the command ran is in none of them, or is seen here.
        if find_names(places, places.path(name)) != known:
            return None
        answer.append(("names", places.path(name), names))
    return answer


def _find_blob(layout: CacheFolder, ref: BlobRef) -> str:
    """Return where a blob lies; where it should, when it is nowhere."""
    paths = [str(layout.blob(name)) for name in ref.names]
    return next((path for path in paths if os.path.exists(path)), paths[0])  # noqa: PTH110 - asked of each blob


def _looks(seen: Observation, places: PathNames) -> Iterator[tuple[str, str]]:
    match seen.kind:
        case "file" | "saved" if seen.name:
            yield "stat", places.path(seen.name)
        case "env":
            yield "env", f"{places.variables.salt.hex()} {seen.name}"
        case "listing" if seen.name.endswith("/") and not is_pattern(seen.name):
            yield "stat", places.path(seen.name)
