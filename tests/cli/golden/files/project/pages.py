from pathlib import Path


def report() -> Path:
    """A page for people."""
    page = Path("report.html")
    page.write_text("<h1>spend</h1>")
    return page


def site(report: Path) -> Path:
    """The page and its style, as a folder."""
    folder = Path("site")
    folder.mkdir()
    (folder / "index.html").write_text(report.read_text())
    (folder / "style.css").write_text("h1 { color: teal }")
    return folder


def words() -> str:
    """A text that is no file."""
    return "select 1"


def total(words: str) -> int:
    """How long it is."""
    return len(words)
