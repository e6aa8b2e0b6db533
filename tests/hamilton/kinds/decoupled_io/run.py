"""Loaders and savers in the functions' decorators, and others that the driver is given."""

import json
import pickle
from pathlib import Path

import pandas as pd
import shop
from hamilton import base, driver
from hamilton.function_modifiers import source, value
from hamilton.io.materialization import from_, to

Path("prices.csv").write_text("item,price\nsoap,2.5\nrope,4.0\nhat,12.0\n")
Path("sold.csv").write_text("item,sold\nsoap,3\nhat,1\nrope,9\n")
Path("stock.json").write_text(json.dumps({"soap": 10, "rope": 2, "hat": 4}))
inputs = {
    "prices_path": "prices.csv",
    "stock_path": "stock.json",
    "joined_path": "joined.csv",
    "ledger_path": "ledger.txt",
}

dr = driver.Builder().with_modules(shop).build()
values = dr.execute(["summary_saved", "joined_saved", "ledger", "takings", "prices"], inputs=inputs)
print(values["takings"], values["ledger"], sorted(values["joined_saved"]), sorted(values["summary_saved"]))
print(values["prices"].to_string())
print(
    Path("joined.csv").read_text(),
    json.loads(Path("summary.json").read_text()),
    Path("ledger.txt").read_text(),
)
print(values["joined_saved"]["dataframe_metadata"])

saving = [
    to.csv(
        path="columns.csv",
        id="columns_csv",
        dependencies=["left", "sold"],
        combine=base.PandasDataFrameResult(),
    ),
    to.parquet(path=source("parquet_path"), id="joined_parquet", dependencies=["joined"]),
    to.pickle(path="summary.pkl", id="summary_pickle", dependencies=["summary"]),
    to.json(
        path=value("all.json"), id="all_json", dependencies=["takings", "summary"], combine=base.DictResult()
    ),
    to.memory(id="kept", dependencies=["takings"]),
    to.file(id="text", dependencies=["note"], path="note.txt"),
]
loading = [
    from_.csv(target="stand", path="sold.csv"),
    from_.literal(target="motto", value=value("written once")),
]
told, extra = dr.materialize(
    *saving,
    *loading,
    additional_vars=["takings", "joined", "stand_rows"],
    inputs={**inputs, "parquet_path": "joined.parquet"},
)
print(
    sorted(told), {name: sorted(one) if isinstance(one, dict) else one for name, one in sorted(told.items())}
)
print(sorted(extra), extra["takings"], extra["stand_rows"])
print(Path("columns.csv").read_text(), Path("all.json").read_text())
print(pd.read_parquet("joined.parquet").to_string(), pickle.loads(Path("summary.pkl").read_bytes()))
dr.validate_materialization(*saving, *loading, inputs={**inputs, "parquet_path": "p"})
try:
    dr.validate_materialization(saving[1], inputs=inputs)
except ValueError as error:
    print("parquet_path" in str(error))
lasting = driver.Builder().with_modules(shop).with_materializers(saving[0], loading[1]).build()
again = lasting.execute(["columns_csv", "motto"], inputs=inputs)
print(again["motto"], again["columns_csv"]["dataframe_metadata"]["column_names"])
loaders = [node.name for node in dr.list_available_variables(tag_filter={"hamilton.data_loader": None})]
savers = [node.name for node in lasting.list_available_variables(tag_filter={"hamilton.data_saver": None})]
print(sorted(loaders), sorted(savers))
for node in sorted(lasting.list_available_variables(), key=lambda node: node.name):
    print(node.name, sorted(map(str, node.tags.items())), sorted(node.required_dependencies))
drawn = dr.visualize_materialization(
    *saving[:1], additional_vars=["takings"], inputs=inputs, output_file_path="io", keep_dot=True
)
results = {"takings": values["takings"], "joined": extra["joined"]}
