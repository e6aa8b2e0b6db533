"""What is declared and lies behind a linked folder counts by every door; what tools leave there does not."""

from tests.torture.case import NOTHING, Build, Case, Folder, remove, sub, write
from tests.torture.parts import X, collector

CASES: list[Case] = []
case = collector(CASES)


def link_data(folder: Folder) -> None:
    """Let a part of the data lie on another disk."""
    (folder.project / "data" / "raw").symlink_to("../../disk")


for name, declared in (
    ("folder", "data"),
    ("pattern", "data/**/*.csv"),
    ("pattern_in_the_link", "data/raw/*.csv"),
):
    case(
        f"link_{name}",
        f"""
--- nodes.py
import glob
from dagbuild import reads

@reads("{declared}")
def b(x: int) -> str:
    ran("b")
    return "".join(open(path).read() for path in sorted(glob.glob("data/raw/*.csv")))
--- data/a.csv
1
--- ../disk/k.csv
2
""",
        NOTHING,
        Build("b", edits=[sub("../disk/k.csv", "2", "3")]),
        Build("b", edits=[write("../disk/l.csv", "4")]),
        Build(edits=[write("../disk/.DS_Store", "litter")]),
        Build(edits=[remove("../disk/l.csv")]),
        first=Build("b", edits=[link_data]),
        **X,
    )
