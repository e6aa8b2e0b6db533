"""A shop's books: loaders and savers are decorators, or functions of their own."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from hamilton.function_modifiers import (
    dataloader,
    datasaver,
    extract_columns,
    load_from,
    save_to,
    source,
    value,
)
from hamilton.io import utils


@dataloader()
def prices(prices_path: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Prices as they are today."""
    frame = pd.read_csv(prices_path)
    return frame, utils.get_file_and_dataframe_metadata(prices_path, frame)


@load_from.json(path=source("stock_path"), inject_="stock")
@load_from.csv(path=value("sold.csv"), inject_="sold")
def joined(stock: dict, sold: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    frame = sold.merge(prices, on="item")
    frame["left"] = frame["item"].map(stock) - frame["sold"]
    return frame


@save_to.csv(path=source("joined_path"), output_name_="joined_saved", index=value(False))
def joined_checked(joined: pd.DataFrame) -> pd.DataFrame:
    return joined[joined["left"] >= 0]


@extract_columns("left", "sold")
def columns(joined_checked: pd.DataFrame) -> pd.DataFrame:
    return joined_checked


def note(takings: float) -> str:
    return f"{takings} taken"


def stand(takings: float) -> pd.DataFrame:
    return pd.DataFrame()


def stand_rows(stand: pd.DataFrame, motto: str) -> str:
    return f"{len(stand)} {motto}"


def takings(joined_checked: pd.DataFrame) -> float:
    return float((joined_checked["sold"] * joined_checked["price"]).sum())


@save_to.json(path=value("summary.json"), output_name_="summary_saved")
def summary(takings: float, left: pd.Series) -> dict:
    return {"takings": takings, "left": int(left.sum())}


@datasaver()
def ledger(takings: float, ledger_path: str) -> dict:
    """Appends a line."""
    Path(ledger_path).write_text(json.dumps({"takings": takings}) + "\n")
    return {"path": ledger_path, "lines": 1}
