"""Pictures: layout, SVG and the languages of others."""

import io
import json
import shutil
import sys
import time
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from dagbuild.ground.errors import UserError
from dagbuild.report.drawing import draw_picture
from dagbuild.report.drawing import layout as layout_file
from dagbuild.report.drawing.crossings import reduce_crossings
from dagbuild.report.drawing.layout import Spacing, lay_out
from dagbuild.report.drawing.picture import Box, Picture, group_by_module, name_type
from dagbuild.report.drawing.svg import draw_svg, measure
from dagbuild.report.drawing.text import to_dot, to_json, to_mermaid
from dagbuild.report.drawing.tree import draw_tree
from dagbuild.report.style import Style
from tests.support import count_lines

ARROWS = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("x", "d")]
SVG = "{http://www.w3.org/2000/svg}"


def picture(arrows: Any, **looks: Any) -> Picture:
    names = dict.fromkeys(name for arrow in arrows for name in arrow)
    return Picture({name: looks.get(name, Box(name, module="m")) for name in names}, tuple(arrows), "title")


def chain(length: int) -> Picture:
    return picture(list(pairwise(f"n{number}" for number in range(length))))


class TestLayout:
    def test_arrows_lead_to_the_right(self) -> None:
        """Each box stands in a layer after all that it needs."""
        layout = lay_out(dict.fromkeys("abcdx", 80.0), ARROWS)

        assert all(layout.layer[start] < layout.layer[end] for start, end in ARROWS)
        assert layout.layer["x"] == layout.layer["d"] - 1  # as near as it can be to what takes it

    def test_boxes_never_overlap(self) -> None:
        """In a layer there is a gap between any two boxes, whatever pulls at them."""
        arrows = [(f"a{i}", f"b{(i * 7) % 12}") for i in range(12)] + [(f"b{i}", "end") for i in range(12)]
        names = {name for arrow in arrows for name in arrow}

        layout = lay_out(dict.fromkeys(names, 90.0), arrows)

        for level in set(layout.layer.values()):
            heights = sorted(layout.y[name] for name in names if layout.layer[name] == level)
            assert all(
                below - above >= Spacing().box + Spacing().gap - 0.01 for above, below in pairwise(heights)
            )

    def test_long_arrows_pass_beside_boxes(self) -> None:
        """An arrow that skips layers has a place of its own in each of them."""
        layout = lay_out(dict.fromkeys("abcdx", 80.0), ARROWS)

        between = layout.routes["a", "d"][1:-1]

        assert [level for level, _ in between] == [1, 2]
        for level, height in between:
            boxes = [layout.y[name] for name in "bc" if layout.layer[name] == level]
            assert all(abs(height - box) >= Spacing().box / 2 for box in boxes)

    def test_arrows_that_are_too_long_have_no_place_between_boxes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They lead from box to box; shorter ones go on having one, and the boxes stand as they would."""
        monkeypatch.setattr(layout_file, "DUMMIES", 3)
        chain = [(f"n{i}", f"n{i + 1}") for i in range(9)]

        layout = lay_out(
            {f"n{i}": 80.0 for i in range(10)}, [*chain, ("n0", "n2"), ("n3", "n5"), ("n0", "n9")]
        )

        assert [level for level, _ in layout.routes["n0", "n9"]] == [0, 9]
        assert [level for level, _ in layout.routes["n3", "n5"]] == [3, 4, 5]
        assert [layout.layer[f"n{i}"] for i in range(10)] == list(range(10))

    def test_four_times_the_boxes_are_about_four_times_the_work(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also where arrows lead all along a chain: each would have to pass by hundreds of boxes."""
        monkeypatch.setattr(layout_file, "DUMMIES", 100)

        def draw(boxes: int) -> int:
            ends = [(f"n{i * 7 % (end - 1)}", f"n{end}") for end in range(2, boxes) for i in range(2)]
            drawn = picture([*pairwise(f"n{number}" for number in range(boxes)), *ends])
            return count_lines(lambda: draw_svg(drawn))

        assert draw(160) < 4.6 * draw(40)

    def test_crossings_that_can_go_do(self) -> None:
        """Two crossed ladders are untangled."""
        layers = reduce_crossings([["a", "b", "c"], ["x", "y", "z"]], [("a", "z"), ("b", "y"), ("c", "x")])

        assert layers in ([["a", "b", "c"], ["z", "y", "x"]], [["c", "b", "a"], ["x", "y", "z"]])

    def test_cycles_are_drawn(self) -> None:
        """Modules may need one another; the picture is drawn all the same."""
        layout = lay_out(dict.fromkeys("abc", 80.0), [("a", "b"), ("b", "c"), ("c", "a")])

        assert len(set(layout.layer.values())) == 3

    def test_deep_and_large_graphs_are_quick(self) -> None:
        """A chain of 3,000 boxes needs no recursion and little time."""
        started = time.perf_counter()

        draw_svg(chain(3000))

        assert time.perf_counter() - started < 10


class TestSvg:
    def test_has_every_box_and_arrow(self) -> None:
        """The drawing is well-formed and complete."""
        root = ElementTree.fromstring(draw_svg(picture(ARROWS)))

        names = {text.text for text in root.iter(f"{SVG}text") if text.get("class") == "name"}
        arrows = [path for path in root.iter(f"{SVG}path") if (path.get("class") or "").startswith("arrow")]

        assert names == set("abcdx")
        assert len(arrows) == len(ARROWS)

    def test_everything_lies_within_the_frame(self) -> None:
        """No box is cut off."""
        root = ElementTree.fromstring(draw_svg(picture(ARROWS)))
        box = root.get("viewBox")
        assert box is not None
        _, _, width, height = map(float, box.split())

        for group in root.iter(f"{SVG}g"):
            at = (group.get("transform") or "translate(0 0)")[10:-1].split()
            assert 0 <= float(at[0]) <= width
            assert 0 <= float(at[1]) <= height

    def test_escapes_what_is_said(self) -> None:
        """Names, types and notes of users are text, never markup, and control characters are no XML."""
        box = Box("a", detail="dict[str, '<b>']", note='</svg><script>"&\x00\x1b', module="<m>")

        root = ElementTree.fromstring(draw_svg(picture([("a", "b")], a=box)))

        assert not list(root.iter(f"{SVG}script"))

    def test_shows_status_as_word_and_colour(self) -> None:
        """Who cannot tell colours apart reads the word."""
        svg = draw_svg(picture([("a", "b")], a=Box("a", status="stale", module="m")))

        assert ">stale</text>" in svg
        assert 'class="stale"' in svg

    def test_is_the_same_each_time(self) -> None:
        """Drawing again changes no byte, so that pictures can be committed."""
        assert draw_svg(picture(ARROWS)) == draw_svg(picture(ARROWS))


class TestText:
    def test_dot_quotes_what_is_said(self) -> None:
        """Quotes, backslashes and line ends stay within their string."""
        dot = to_dot(picture([("a", "b")], a=Box("a", detail='Literal["x\\y"]', note="1\n2")))

        assert r"Literal[\"x\\y\"]" in dot
        assert r'tooltip="1\n2"' in dot

    def test_mermaid_escapes_what_is_said(self) -> None:
        """Nothing of a user ends the label."""
        text = to_mermaid(Picture({'a"<b>': Box('a"<b>', status="fresh")}, ()))

        assert 'n0("a#34;#60;b#62;"):::fresh' in text

    def test_json_has_nodes_and_edges(self) -> None:
        """Everything that the picture knows can be read back."""
        plain = json.loads(
            to_json(picture([("a", "b")], b=Box("b", status="fresh", target=True, module="m")))
        )

        assert plain["edges"] == [["a", "b"]]
        assert plain["nodes"][1]["status"] == "fresh"
        assert plain["nodes"][1]["target"] is True

    def test_tree_names_again_what_was_shown(self) -> None:
        """Shared nodes are shown once, so that the tree stays small."""
        lines = draw_tree(picture([("a", "b"), ("b", "c"), ("b", "d"), ("c", "e"), ("d", "e")]), Style())

        assert lines == ["e", "├─ c", "│  └─ b", "│     └─ a", "└─ d", "   └─ b  (above)"]

    def test_what_is_too_deep_is_the_top_of_a_tree_further_down(self) -> None:
        """So lines stay short, and everything is shown once."""
        lines = draw_tree(chain(500), Style())

        tops = [line for line in lines if not line.startswith((" ", "└", "│"))]
        names = [line.replace("(below)", "").split()[-1] for line in lines if "(below)" not in line]
        assert tops[:3] == ["n499", "n459", "n419"]
        assert max(map(len, lines)) < 140
        assert sorted(names) == sorted(f"n{number}" for number in range(500))
        assert sum(map(len, draw_tree(chain(2000), Style()))) < 4.6 * sum(map(len, lines))

    def test_what_is_shown_further_to_the_left_is_not_shown_again(self) -> None:
        """What was put off as too deep may be needed by a target itself."""
        arrows = [*pairwise(f"n{number}" for number in range(100)), ("n59", "n99")]

        lines = draw_tree(picture(arrows), Style())

        assert sum(line.endswith("n59  (below)") for line in lines) == 1
        assert sum(line.endswith(" n59") for line in lines) == 1
        assert not any(line.startswith("n59") for line in lines)


class TestKinds:
    def test_unknown_suffix_is_told(self) -> None:
        """A kind that cannot be drawn is refused with those that can."""
        with pytest.raises(UserError, match=r"cannot be written as \.bmp"):
            draw_picture(chain(2), "bmp")

    @pytest.mark.parametrize("path", [None, ""], ids=["dot", "no dot"])
    def test_svg_is_drawn_by_us_whatever_is_installed(
        self, monkeypatch: pytest.MonkeyPatch, path: Any
    ) -> None:
        """The same drawing on every machine, and it says what drew it."""
        if path is not None:
            monkeypatch.setenv("PATH", path)

        data, drawn_by = draw_picture(chain(3), "svg")

        assert data == draw_svg(chain(3)).encode()
        assert drawn_by == "3 nodes, drawn by dagbuild"

    @pytest.mark.parametrize("engine", ["auto", "own"])
    def test_png_is_our_drawing_at_twice_its_size(self, engine: Any) -> None:
        """With the extra `pictures` a png shows what the svg shows, words included."""
        pytest.importorskip("resvg_py")
        large = chain(300)  # at twice its size it would take many times the memory

        data, drawn_by = draw_picture(chain(3), "png", engine)

        image = Image.open(io.BytesIO(data)).convert("L")
        width, height = measure(draw_svg(chain(3)))
        assert image.size == (2 * width, 2 * height)
        assert min(image.tobytes()) < 80  # the names are dark; arrows, lines and stripes are not
        assert drawn_by == "3 nodes, drawn by dagbuild"
        assert Image.open(io.BytesIO(draw_picture(large, "png")[0])).size == measure(draw_svg(large))

    @pytest.mark.parametrize("kind", ["png", "pdf"])
    @pytest.mark.parametrize("engine", ["auto", "own", "dot"])
    def test_what_cannot_be_drawn_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch, kind: Any, engine: Any
    ) -> None:
        """Each way that is left is named, and no other."""
        monkeypatch.setenv("PATH", "")
        monkeypatch.setitem(sys.modules, "resvg_py", None)

        with pytest.raises(UserError) as caught:
            draw_picture(chain(3), kind, engine)

        said = str(caught.value)
        assert f".{kind}" in said
        assert ("'dagbuild[pictures]'" in said) is (kind == "png" and engine != "dot")
        assert ("graphviz" in said) is (engine != "own")
        assert "write a .svg" in said

    @pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot")
    @pytest.mark.parametrize(("kind", "head"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
    def test_dot_draws_when_it_is_asked(self, kind: Any, head: Any) -> None:
        """Graphviz draws every kind."""
        data, drawn_by = draw_picture(chain(3), kind, "dot")

        assert data.startswith(head)
        assert drawn_by == "3 nodes, drawn by Graphviz's dot"

    @pytest.mark.skipif(not shutil.which("dot"), reason="needs the program dot")
    @pytest.mark.parametrize(("kind", "head"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
    def test_dot_draws_what_we_cannot(self, monkeypatch: pytest.MonkeyPatch, kind: Any, head: Any) -> None:
        """Without the extra a png is Graphviz's, as a pdf always is."""
        monkeypatch.setitem(sys.modules, "resvg_py", None)

        data, drawn_by = draw_picture(chain(3), kind)

        assert data.startswith(head)
        assert drawn_by == "3 nodes, drawn by Graphviz's dot"

    def test_many_nodes_are_grouped(self) -> None:
        """Over a thousand boxes nobody reads: one for each module, with how many are stale."""
        boxes = {
            f"n{i}": Box(f"n{i}", module=f"m{i % 3}", status="stale" if i == 4 else "fresh")
            for i in range(1200)
        }
        large = Picture(boxes, tuple(pairwise(boxes)))

        grouped = group_by_module(large)
        _, drawn_by = draw_picture(large, "svg", "own")

        assert {name: box.detail for name, box in grouped.boxes.items()} == {
            "m0": "400 nodes",
            "m1": "400 nodes, 1 stale",
            "m2": "400 nodes",
        }
        assert "as 3 modules" in drawn_by


@pytest.mark.parametrize(
    ("kind", "name"),
    [(int, "int"), (dict[str, float], "dict[str, float]"), (int | None, "int | None"), (Style, "Style")],
)
def test_types_are_named_short(kind: Any, name: Any) -> None:
    """A type is said as its author wrote it, without its module."""
    assert name_type(kind) == name
