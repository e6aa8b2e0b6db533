from pathlib import Path

from dagbuild import reads, writes


def total() -> int:
    return 42


@writes("out/{region}.md")
def report(total: int, region: str) -> None:
    Path("out").mkdir(exist_ok=True)
    Path("out", f"{region}.md").write_text(f"{region}: {total}\n")


@reads("out/uk.md")
def words() -> int:
    return len(Path("out/uk.md").read_text().split())
