"""What a project's code was found to say, kept for as long as nothing that it stood on changes.

While that holds, nodes and their manifests are known without importing anything of the project's.
"""

from dagbuild.snapshot.album import Album, Snapshot
from dagbuild.snapshot.ground import Ground, find_ground
from dagbuild.snapshot.importing import Imported, ImportWatch
from dagbuild.snapshot.plain import CodeNeededError
from dagbuild.snapshot.standing import Grounds, list_grounds

__all__ = [
    "Album",
    "CodeNeededError",
    "Ground",
    "Grounds",
    "ImportWatch",
    "Imported",
    "Snapshot",
    "find_ground",
    "list_grounds",
]
