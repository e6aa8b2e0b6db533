import datetime
from dataclasses import dataclass
from enum import Enum


class Region(Enum):
    US = "us"
    UK = "uk"


@dataclass(frozen=True)
class Window:
    length: datetime.timedelta
    days: int = 7


def split(cut_off: str) -> str:
    return f"before {cut_off}"


def holidays(region: Region) -> int:
    return 11 if region is Region.US else 8


def span(window: Window) -> float:
    return window.length / datetime.timedelta(hours=1)


def report(split: str, holidays: int, span: float) -> str:
    return f"{split}: {holidays} holidays, {span} hours"
