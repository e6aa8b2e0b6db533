"""`dagbuild init`: a small project that works, to change into one's own."""

from __future__ import annotations

from pathlib import Path

import click

from dagbuild.cli.terminal import give
from dagbuild.ground.errors import InputError

TOML = """\
# What dagbuild builds here. `dagbuild status` says what is stale and why.
modules = ["features"]
targets = ["report"]

[config]
region = "UK"

[inputs]
sales_file = "data/sales.csv"
"""

FEATURES = '''\
"""A function's name is what it makes, its parameters name what it needs."""

import pandas as pd

from dagbuild import File


def sales(sales_file: File) -> pd.DataFrame:
    """All sales, as they come."""
    return pd.read_csv(sales_file, parse_dates=["day"])


def regional_sales(sales: pd.DataFrame, region: str) -> pd.DataFrame:
    """The sales of one region."""
    return sales[sales["region"] == region]


def weekly_total(regional_sales: pd.DataFrame) -> pd.Series:
    """Sum of a week's sales, by its last day."""
    return regional_sales.set_index("day")["amount"].resample("W").sum()


def report(weekly_total: pd.Series) -> pd.DataFrame:
    """Each week and how it compares to the one before."""
    return pd.DataFrame({"total": weekly_total, "change": weekly_total.diff()})
'''

SALES = """\
day,region,amount
2026-01-05,UK,120
2026-01-06,US,80
2026-01-08,UK,95
2026-01-13,UK,143
2026-01-15,US,70
2026-01-20,UK,128
2026-01-22,UK,101
"""

FILES = {"dagbuild.toml": TOML, "features.py": FEATURES, "data/sales.csv": SALES}


@click.command("init")
@click.argument("folder", default=".", metavar="[DIR]")
def command(folder: str) -> int:
    """Write a small project to DIR (else here): dagbuild.toml, a module of functions and a data file."""
    root = Path(folder)
    there = [name for name in FILES if (root / name).exists()]
    if there:
        raise InputError(
            f"'{root / there[0]}' is there already", hint="give the name of a new folder: dagbuild init DIR"
        )
    try:
        for name, text in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
            give(f"wrote {root / name}")
    except OSError as error:
        raise InputError(f"'{error.filename}': {error.strerror}") from error
    where = "" if root == Path() else f"cd {root} && "
    give(f"try: {where}dagbuild report")
    return 0
