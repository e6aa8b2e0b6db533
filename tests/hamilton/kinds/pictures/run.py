"""A frame as the result, and pictures of the graph with the options that there are for them."""

from pathlib import Path

import market
import orchard
from hamilton import base, driver

inputs = {"rows": 4, "litres_per_kilo": 0.6, "price": 4.0}
dr = (
    driver.Builder()
    .with_modules(orchard, market)
    .with_adapter(base.PandasDataFrameResult())
    .with_config({"season": "autumn"})
    .build()
)
frame = dr.execute(["trees", "kilos", "per_tree", "bottles", "earned"], inputs=inputs)
print(frame.round(3).to_string())

Path("drawn").mkdir(exist_ok=True)


def by_team(*, node, node_class):
    """Colour what is the fields' own."""
    if node.tags.get("team") == "fields":
        return {"fillcolor": "palegreen"}, node_class, "of the fields"
    return {}, node_class, None


whole = dr.display_all_functions("drawn/whole", {"format": "svg", "view": False}, keep_dot=True)
print("whole" if "digraph" in whole.source else "nothing")
dr.display_all_functions("./drawn/plain.png")
dr.display_all_functions(
    "drawn/styled",
    {"format": "svg"},
    {"graph_attr": {"ratio": "1"}},
    show_legend=False,
    orient="TB",
    hide_inputs=True,
    show_schema=False,
    custom_style_function=by_team,
    keep_dot=True,
)
dr.visualize_execution(
    ["label", market.earned],
    "drawn/run",
    {"format": "svg", "view": False},
    inputs,
    {"graph_attr": {"label": "a run"}},
    {"juice": 3},
    deduplicate_inputs=True,
    keep_dot=True,
)
dr.visualize_execution(
    ["bottles"], output_file_path="drawn/unchecked", inputs={}, bypass_validation=True, keep_dot=True
)
try:
    dr.visualize_execution(["bottles"], inputs={})
except ValueError:
    print("inputs are missing")
dr.display_downstream_of(
    "juice", output_file_path="drawn/down", render_kwargs={"format": "svg"}, keep_dot=True
)
dr.display_upstream_of("bottles", output_file_path="drawn/up", render_kwargs={"format": "svg"}, keep_dot=True)
dr.visualize_path_between(
    "kilos",
    "earned",
    "drawn/way",
    {"format": "svg", "view": False},
    strict_path_visualization=True,
    keep_dot=True,
)
dr.visualize_path_between("kilos", "label", "drawn/loose", render_kwargs={"format": "svg"}, keep_dot=True)
dr.execute(["label"], display_graph=False, inputs=inputs)
print(sorted(path.name for path in Path("drawn").iterdir()))
text = Path("drawn/way").read_text()
print("juice" in text, "per_tree" in text)
results = {"frame": frame}
