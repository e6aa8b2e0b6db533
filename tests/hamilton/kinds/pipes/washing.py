"""Names of guests, washed in steps."""

import re
from typing import Any

import pandas as pd
from hamilton.function_modifiers import (
    apply_to,
    extract_columns,
    hamilton_exclude,
    mutate,
    pipe_input,
    pipe_output,
    source,
    step,
    tag,
    value,
)


def _strip(text: pd.Series) -> pd.Series:
    return text.str.strip()


def _replace(text: pd.Series, old: str, new: str = "") -> pd.Series:
    return text.str.replace(old, new, regex=False)


def _shorten(text: pd.Series, letters: int) -> pd.Series:
    return text.str[:letters]


def _louder(text: pd.Series) -> pd.Series:
    return text.str.upper()


@pipe_input(
    step(_strip),
    step(_replace, old="Dr. ").named("untitled"),
    step(_replace, old=value("-"), new=" ").named("spaced"),
    step(_shorten, letters=source("longest")).when(mode="short"),
    step(_louder).when_not(mode="short"),
    namespace="wash",
)
def washed(guests: pd.Series) -> pd.Series:
    return guests.rename("washed")


def _add(number: int, more: int) -> int:
    return number + more


def _double(number: int) -> int:
    return number * 2


@tag(about="numbers")
@pipe_output(
    step(_add, more=10).named("added"),
    step(_double),
    step(_add, more=source("extra")).when_in(mode=["short", "long"]),
)
def total(washed: pd.Series) -> int:
    return int(washed.str.len().sum())


def _title(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return frame.assign(**{column: frame[column].str.title()})


@extract_columns("first", "last")
@pipe_output(step(_title, column="first").named("titled"))
def parted(washed: pd.Series) -> pd.DataFrame:
    return washed.str.split(" ", n=1, expand=True).set_axis(["first", "last"], axis=1)


def seats(total: int, longest: int) -> int:
    return total // longest


def tables(seats: int) -> int:
    return seats // 2


@mutate(apply_to(seats, spare=value(3)).when(mode="short"), tables)
def _with_spare(number: int, spare: int = 1) -> int:
    return number + spare


@mutate(tables)
def _at_least_one(number: int) -> int:
    return max(1, number)


@hamilton_exclude
def count_words(text: str) -> int:
    return len(re.findall(r"\w+", text))


def told(tables: int, seats: int, first: pd.Series) -> dict[str, Any]:
    return {"tables": tables, "seats": seats, "words": count_words(" ".join(first))}
