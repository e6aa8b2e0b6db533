"""Files of values: what each kind can be written as, what comes back, and what is said when it cannot."""

import datetime
import json
import os
import pickle
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from PIL import Image

from dagbuild import read_file, write_file
from dagbuild.ground.errors import InputError
from dagbuild.project.exchange import find_suffixes
from dagbuild.project.exchange.beside import EXTRAS, open_beside, told

pytestmark = pytest.mark.leaves_threads


class Mine(pd.DataFrame):
    """A table of somebody's own."""


PARIS = pd.Timestamp("2020-07-01 12:00", tz="Europe/Paris")
FRAME = pd.DataFrame({"name": ["a|b", "=1+1"], "amount": [0.1 + 0.2, 2.0]})
GAPS = {"day": [datetime.date(2024, 1, 1), None], "count": [2**53 + 1, None]}
TABLES = {
    "pandas": FRAME,
    "pandas series": FRAME["amount"],
    "pandas index": pd.date_range("2024-01-01", periods=2, name="day"),
    "subclass": Mine(FRAME),
    "polars": pl.DataFrame(GAPS),
    "polars series": pl.Series("count", GAPS["count"]),
    "pyarrow": pa.table(GAPS),
    "pyarrow array": pa.array(GAPS["count"]),
}


def figure() -> Figure:
    drawn = Figure(figsize=(2, 1))
    drawn.add_subplot().plot([1, 2])
    return drawn


class Shown:
    """Shows itself in a notebook."""

    def _repr_svg_(self) -> str:
        return "<svg/>"

    def _repr_html_(self) -> None:
        return None


class TestTables:
    @pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json", ".xlsx", ".html", ".md", ".pickle"])
    @pytest.mark.parametrize("value", TABLES.values(), ids=TABLES)
    def test_every_table_has_every_form(self, value: Any, suffix: Any, tmp_path: Path) -> None:
        """Whatever library a table is of, it goes into each kind of file for tables."""
        file = tmp_path / f"table{suffix}"

        write_file(value, file)

        assert suffix in find_suffixes(value)
        assert file.stat().st_size
        assert os.listdir(tmp_path) == [file.name]

    @pytest.mark.parametrize("name", ["polars", "polars series", "pyarrow", "pyarrow array"])
    @pytest.mark.parametrize("suffix", [".csv", ".json", ".html", ".md", ".xlsx"])
    def test_whole_numbers_stay_whole_beside_a_gap(self, name: Any, suffix: Any, tmp_path: Path) -> None:
        """A number that a float cannot hold is in the file digit by digit (a workbook has floats only)."""
        file = tmp_path / f"table{suffix}"

        write_file(TABLES[name], file)

        if suffix == ".xlsx":
            (_, *cells) = [row[-1] for row in openpyxl.load_workbook(file).active.iter_rows(values_only=True)]
            assert cells[:1] == [2**53]
        else:
            assert str(2**53 + 1) in file.read_text()

    @pytest.mark.parametrize("name", ["polars", "pyarrow"])
    def test_parquet_keeps_the_types(self, name: Any, tmp_path: Path) -> None:
        """A table of Arrow's kind comes back with its own types."""
        write_file(TABLES[name], tmp_path / "t.parquet")

        assert pl.read_parquet(tmp_path / "t.parquet").equals(pl.DataFrame(GAPS))

    def test_markdown_is_a_table(self, tmp_path: Path) -> None:
        """Bars in cells do not end them, numbers stand right, and noise in the last digit is left out."""
        write_file(FRAME.set_index("name"), tmp_path / "t.md")

        assert (tmp_path / "t.md").read_text() == (
            "| name | amount |\n| ---- | -----: |\n| a\\|b |    0.3 |\n| =1+1 |      2 |\n"
        )

    def test_html_is_a_page_with_nothing_cut_and_nothing_run(self, tmp_path: Path) -> None:
        """Long text is whole, and markup in cells is text."""
        long = "x" * 300
        write_file(pd.DataFrame({"a": [long, "<script>"]}), tmp_path / "t.html")

        page = (tmp_path / "t.html").read_text()

        assert page.startswith("<!doctype html>")
        assert long in page
        assert "<script>" not in page

    def test_text_in_a_workbook_is_text(self, tmp_path: Path) -> None:
        """What looks like a formula or a link does nothing at the reader's."""
        write_file(pd.DataFrame({"a": ["=1+1", "https://example.org"]}), tmp_path / "t.xlsx")

        cells = [row[0] for row in openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows(min_row=2)]

        assert [(cell.value, cell.data_type, cell.hyperlink) for cell in cells] == [
            ("=1+1", "s", None), ("https://example.org", "s", None),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "table",
        [
            pd.DataFrame({"t": [PARIS, pd.NaT]}),
            pd.DataFrame({"t": [PARIS.to_pydatetime(), PARIS.timetz(), "x"]}),
            pd.DataFrame([["x", PARIS]], columns=["a", "a"]),
            pd.Series([PARIS], name="t"),
            pd.DataFrame({"v": [1]}, index=pd.DatetimeIndex([PARIS])),
            pd.DataFrame({"v": [1]}, index=pd.MultiIndex.from_tuples([("x", PARIS)], names=["a", "t"])),
            pd.DataFrame([[1]], columns=pd.DatetimeIndex([PARIS])),
            pl.DataFrame({"t": pl.Series([PARIS.value], dtype=pl.Datetime("ns", "Europe/Paris"))}),
            pa.table({"t": pa.array([PARIS], pa.timestamp("us", "Europe/Paris"))}),
        ],
        ids=["column", "cell", "equal names", "series", "index", "level", "head", "polars", "pyarrow"],
    )
    def test_times_of_a_zone_keep_it_in_a_workbook(self, tmp_path: Path, table: Any) -> None:
        """As texts, since a workbook has no zones; the table itself stays what it is."""
        before = repr(table)
        write_file(table, tmp_path / "t.xlsx")

        rows = openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows(values_only=True)
        assert "2020-07-01 12:00:00+02:00" in [cell for row in rows for cell in row]
        assert repr(table) == before

    def test_workbooks_are_read(self, tmp_path: Path) -> None:
        """What somebody corrected in a spreadsheet can be put in a node's place."""
        write_file(FRAME, tmp_path / "t.xlsx")

        pd.testing.assert_frame_equal(read_file(tmp_path / "t.xlsx"), FRAME)

    def test_columns_of_two_levels_go_into_every_form(self, tmp_path: Path) -> None:
        """Names that are tuples are joined where a file has one row of names."""
        frame = pd.DataFrame({("a", "x"): [1], ("a", "y"): [2]})

        for suffix in (".csv", ".xlsx", ".html", ".md", ".json"):
            write_file(frame, tmp_path / f"t{suffix}")

        assert (tmp_path / "t.md").read_text().splitlines()[0] == "| a x | a y |"


class TestPictures:
    @pytest.mark.parametrize(
        ("suffix", "head"),
        [
            (".png", b"\x89PNG"),
            (".svg", b"<?xml"),
            (".pdf", b"%PDF"),
            (".jpg", b"\xff\xd8"),
            (".eps", b"%!PS"),
        ],
    )
    @pytest.mark.parametrize("take", [lambda f: f, lambda f: f.axes[0]], ids=["figure", "axes"])
    def test_figures_are_drawn(self, suffix: Any, head: Any, take: Any, tmp_path: Path) -> None:
        """A figure, or axes in it, goes into every kind of picture."""
        write_file(take(figure()), tmp_path / f"f{suffix}")

        assert (tmp_path / f"f{suffix}").read_bytes().startswith(head)

    def test_a_figure_from_the_cache_is_drawn_the_same(self, tmp_path: Path) -> None:
        """A figure that was stored and read is the picture that it was."""
        write_file(figure(), tmp_path / "first.png")
        write_file(pickle.loads(pickle.dumps(figure())), tmp_path / "again.png")

        assert (tmp_path / "first.png").read_bytes() == (tmp_path / "again.png").read_bytes()
        assert mpl.__version__  # the figure is of the real library

    @pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".tif", ".pdf"])
    def test_images_are_saved(self, suffix: Any, tmp_path: Path) -> None:
        """A picture of pixels goes into the usual kinds of file."""
        write_file(Image.new("RGB", (2, 2)), tmp_path / f"i{suffix}")

        assert (tmp_path / f"i{suffix}").stat().st_size

    def test_what_shows_itself_is_written_as_it_shows_itself(self, tmp_path: Path) -> None:
        """An object that notebooks can draw is drawn in the same way; what it has nothing to say for is refused."""
        write_file(Shown(), tmp_path / "s.svg")

        assert (tmp_path / "s.svg").read_text() == "<svg/>"
        with pytest.raises(InputError, match=r"a Shown, which a \.html file cannot hold"):
            write_file(Shown(), tmp_path / "s.html")


class TestText:
    TEXT = "select 1\r\n\n— ü"

    @pytest.mark.parametrize(
        "name", ["a.txt", "a.md", "a.html", "a.sql", "a.tex", "a.svg", "a.csv", "Makefile", "a.b.c"]
    )
    def test_text_goes_to_any_suffix_as_it_is(self, name: Any, tmp_path: Path) -> None:
        """Not a character is added, so that the file given back for the node is the same text."""
        write_file(self.TEXT, tmp_path / name)

        assert (tmp_path / name).read_bytes() == self.TEXT.encode()
        assert read_file(tmp_path / name, str) == self.TEXT
        assert read_file(tmp_path / name, "str") == self.TEXT

    @pytest.mark.parametrize("name", ["a.png", "a.xlsx", "a.parquet", "a.npy", "a.PDF"])
    def test_text_is_no_picture_and_no_workbook(self, name: Any, tmp_path: Path) -> None:
        """A file that no program could open is not made."""
        with pytest.raises(InputError, match="cannot hold"):
            write_file("text", tmp_path / name)

        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("text", "written"),
        [("UK", '"UK"\n'), ('{"a": 1}', '{"a": 1}'), ("[1]", "[1]"), ("[draft", '"[draft"\n')],
    )
    def test_json_text_is_json_already(self, text: Any, written: Any, tmp_path: Path) -> None:
        """A JSON file is valid: a document is written as it is, a word is quoted."""
        write_file(text, tmp_path / "a.json")

        assert (tmp_path / "a.json").read_text() == written

    @pytest.mark.parametrize("name", ["a.png", "a.bin", "a", "a.txt"])
    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_bytes_go_anywhere(self, name: Any, kind: Any, tmp_path: Path) -> None:
        """Bytes are a file already."""
        write_file(kind(b"\x00\xff"), tmp_path / name)

        assert (tmp_path / name).read_bytes() == b"\x00\xff"
        assert read_file(tmp_path / name, bytes) == b"\x00\xff"


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "suffix"),
        [
            ({"a": [1, None, "ü"]}, ".json"), (3, ".json"), (None, ".json"), ([1.5], ".json"),
            (np.arange(4).reshape(2, 2), ".npy"), (np.arange(3.0), ".npy"), ({"a": {1, 2}}, ".pickle"),
        ],
    )  # fmt: skip
    def test_comes_back(self, value: Any, suffix: Any, tmp_path: Path) -> None:
        """What was written is read."""
        write_file(value, tmp_path / f"v{suffix}")

        assert np.array_equal(read_file(tmp_path / f"v{suffix}"), value)

    def test_json_says_dates_and_arrays(self, tmp_path: Path) -> None:
        """Dates are text, arrays lists."""
        write_file({"day": datetime.date(2024, 1, 2), "all": np.arange(2)}, tmp_path / "v.json")

        assert json.loads((tmp_path / "v.json").read_text()) == {"day": "2024-01-02", "all": [0, 1]}

    def test_arrays_are_tables_too(self, tmp_path: Path) -> None:
        """An array of one or two dimensions goes where tables go."""
        for suffix in (".csv", ".xlsx", ".html", ".md"):
            write_file(np.eye(2), tmp_path / f"v{suffix}")

        assert (tmp_path / "v.csv").read_text() == "1.0,0.0\n0.0,1.0\n"


class TestRefusals:
    @pytest.mark.parametrize(
        ("value", "name", "said", "hint"),
        [
            (FRAME, "t.xslx", "`n` is a DataFrame, which a .xslx file cannot hold", "did you mean '.xlsx'?"),
            (FRAME, "t", "'{folder}/t' has no suffix that says how to write it: `n` is a DataFrame", "it may be .csv"),
            (2.0, "t.csv", "`n` is a float, which a .csv file cannot hold", "it may be .json"),
            (2.0, "t.png", "`n` is a float, which a .png file cannot hold", "it may be .json"),
            ({"a": {1}}, "t.json", "`n` is a dict, which a .json file cannot hold: ", "it may be .pickle"),
            ([object()], "t.npy", "`n` is a list, which a .npy file cannot hold: ", "it may be .json"),
            (figure(), "t.csv", "`n` is a Figure, which a .csv file cannot hold", "it may be .png, .svg, .pdf"),
        ],
        ids=lambda each: each if isinstance(each, str) else type(each).__name__,
    )  # fmt: skip
    def test_says_what_the_value_can_be_written_as(
        self, value: Any, name: Any, said: Any, hint: Any, tmp_path: Path
    ) -> None:
        """The message names the node and its type; the hint what works for this value, and not what does not."""
        with pytest.raises(InputError) as caught:
            write_file(value, tmp_path / name, "n")

        (problem,) = caught.value.problems
        assert problem.message.startswith(said.format(folder=tmp_path))
        assert hint in (problem.hint or "")
        assert Path(name).suffix not in (problem.hint or "").split(", ") or not Path(name).suffix
        assert not list(tmp_path.iterdir())

    def test_every_suffix_that_is_offered_works(self, tmp_path: Path) -> None:
        """What `find_suffixes` says of a value can be written."""
        values = [
            *TABLES.values(),
            figure(),
            Image.new("RGB", (1, 1)),
            "text",
            1,
            [1],
            {"a": 1},
            np.arange(2),
            None,
        ]
        for number, value in enumerate(values):
            for suffix in find_suffixes(value):
                write_file(value, tmp_path / f"{number}{suffix}")

    @pytest.mark.parametrize("library", [*EXTRAS, "resvg"])
    def test_a_missing_library_is_said_with_its_extra(self, library: Any) -> None:
        """What to install is said as it is typed."""
        extras = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
        with pytest.raises(InputError) as caught, told("t.xlsx"):
            raise ModuleNotFoundError(name=f"{library}.part")

        assert f"needs the library '{library}'" in str(caught.value)
        if library in EXTRAS:
            wanted = extras["optional-dependencies"][EXTRAS[library]]
            assert any(line.startswith(library) for line in wanted)
            assert f"pip install 'dagbuild[{EXTRAS[library]}]'" in str(caught.value)
        else:
            assert f"pip install {library}" in str(caught.value)

    def test_a_file_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        """Whatever is asked for."""
        for wanted in (None, str, Path):
            with pytest.raises(InputError, match="there is no file"):
                read_file(tmp_path / "no.csv", wanted)

    def test_damaged_files_are_said(self, tmp_path: Path) -> None:
        """What a library raises over a file is told with the file's name."""
        (tmp_path / "a.json").write_text("{")

        with pytest.raises(InputError, match=r"a\.json': JSONDecodeError"):
            read_file(tmp_path / "a.json")


class TestWhole:
    def test_a_write_that_fails_leaves_what_was_there(self, tmp_path: Path) -> None:
        """A half file is never seen, and nothing is left beside it."""
        (tmp_path / "a.pickle").write_text("old")

        with pytest.raises(InputError):
            write_file([1] * 1000 + [threading.Lock()], tmp_path / "a.pickle")

        assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"a.pickle": "old"}

    def test_what_is_there_is_whole_while_it_is_written(self, tmp_path: Path) -> None:
        """Who reads meanwhile reads what was there before."""
        (tmp_path / "a").write_text("old")

        with open_beside(tmp_path / "a") as stream:
            stream.write(b"n")
            stream.flush()
            meanwhile = (tmp_path / "a").read_text()
            stream.write(b"ew")

        assert (meanwhile, (tmp_path / "a").read_text()) == ("old", "new")

    def test_permissions_stay(self, tmp_path: Path) -> None:
        """A file that only its owner may read stays so; a new one is as any new file."""
        (tmp_path / "old.txt").write_text("old")
        (tmp_path / "old.txt").chmod(0o600)
        before = os.umask(0o022)
        try:
            write_file("new", tmp_path / "old.txt")
            write_file("new", tmp_path / "new.txt")
        finally:
            os.umask(before)

        assert (tmp_path / "old.txt").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o644

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        """What it leads to is written."""
        (tmp_path / "real.txt").write_text("old")
        (tmp_path / "link.txt").symlink_to("real.txt")

        write_file("new", tmp_path / "link.txt")

        assert (tmp_path / "link.txt").is_symlink()
        assert (tmp_path / "real.txt").read_text() == "new"

    def test_a_pipe_is_written_to(self, tmp_path: Path) -> None:
        """What is no file is not replaced by one: `-o /dev/stdout` works."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
        reader.start()

        write_file("text", pipe)
        reader.join()

        assert read == [b"text"]
        assert pipe.is_fifo()

    def test_standard_output_is_written_to(self) -> None:
        """By its name, which is a link to a pipe that has no place among files."""
        code = "from dagbuild import write_file; write_file('text', '/dev/stdout')"

        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)

        assert done.stdout == b"text"

    def test_folders_are_made_and_the_home_is_known(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A folder that is missing is made; ~ is the user's."""
        monkeypatch.setenv("HOME", str(tmp_path))

        write_file("text", "~/deep/down/a.txt")

        assert (tmp_path / "deep" / "down" / "a.txt").read_text() == "text"

    @pytest.mark.parametrize("name", ["folder", "file.txt/below.txt", "x" * 300])
    def test_places_that_cannot_be_written_are_said(self, name: Any, tmp_path: Path) -> None:
        """A folder, a file where a folder should be, a name that is too long."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "file.txt").write_text("")

        with pytest.raises(InputError):
            write_file("text", tmp_path / name)

        assert sorted(os.listdir(tmp_path)) == ["file.txt", "folder"]

    def test_a_file_that_may_be_run_can_be_run_after(self, tmp_path: Path) -> None:
        """A path is copied, whatever its suffix; a copy of something read-only can be changed."""
        (tmp_path / "tool.sh").write_text("echo")
        (tmp_path / "tool.sh").chmod(0o555)

        write_file(tmp_path / "tool.sh", tmp_path / "copy.csv")

        assert os.access(tmp_path / "copy.csv", os.X_OK)
        assert (tmp_path / "copy.csv").stat().st_mode & 0o200
