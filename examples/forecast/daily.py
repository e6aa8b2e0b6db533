"""From single flights and hours to one row per airport and day. One function, one column."""

import pandas as pd

from .gaps import last_known
from .timeseries import per_day


def departures(flown: pd.Series, origin: pd.Series, flight_date: pd.Series) -> pd.Series:
    """Flights that left: what this project forecasts."""
    return per_day(flown, origin, flight_date, "sum").rename("departures")


def cancelled(flown: pd.Series, origin: pd.Series, flight_date: pd.Series) -> pd.Series:
    """Flights that never left."""
    return per_day(~flown, origin, flight_date, "sum").rename("cancelled")


def mean_delay(departure_delay: pd.Series, origin: pd.Series, flight_date: pd.Series) -> pd.Series:
    """Mean delay of the flights that left, in minutes."""
    return last_known(per_day(departure_delay, origin, flight_date, "mean")).rename("mean_delay")


def late_share(
    departure_delay: pd.Series, flown: pd.Series, origin: pd.Series, flight_date: pd.Series
) -> pd.Series:
    """Share of the flights that left more than a quarter of an hour late, or never."""
    late = (departure_delay > 15) | ~flown
    return per_day(late, origin, flight_date, "mean").rename("late_share")


def mean_distance(distance: pd.Series, origin: pd.Series, flight_date: pd.Series) -> pd.Series:
    """Mean distance of the day's flights, in miles."""
    return per_day(distance, origin, flight_date, "mean").rename("mean_distance")


def seats(tailnum: pd.Series, planes: pd.DataFrame) -> pd.Series:
    """Seats of each flight's plane; the fleet's median where the plane is not on the list."""
    known = tailnum.map(planes["seats"])
    return known.fillna(planes["seats"].median()).rename("seats")


def mean_seats(seats: pd.Series, origin: pd.Series, flight_date: pd.Series) -> pd.Series:
    """Mean size of the day's planes."""
    return per_day(seats, origin, flight_date, "mean").rename("mean_seats")


def daily_temperature(
    temperature: pd.Series, weather_origin: pd.Series, weather_date: pd.Series, departures: pd.Series
) -> pd.Series:
    """Mean temperature, in Fahrenheit."""
    daily = per_day(temperature, weather_origin, weather_date, "mean")
    return last_known(daily.reindex(departures.index)).rename("daily_temperature")


def daily_wind(
    wind_speed: pd.Series, weather_origin: pd.Series, weather_date: pd.Series, departures: pd.Series
) -> pd.Series:
    """Mean speed of the wind, in miles per hour."""
    daily = per_day(wind_speed, weather_origin, weather_date, "mean")
    return last_known(daily.reindex(departures.index)).rename("daily_wind")


def daily_rain(
    rain: pd.Series, weather_origin: pd.Series, weather_date: pd.Series, departures: pd.Series
) -> pd.Series:
    """Rain and snow of the day, in inches."""
    daily = per_day(rain, weather_origin, weather_date, "sum")
    return last_known(daily.reindex(departures.index)).rename("daily_rain")


def daily_visibility(
    visibility: pd.Series, weather_origin: pd.Series, weather_date: pd.Series, departures: pd.Series
) -> pd.Series:
    """Mean visibility, in miles."""
    daily = per_day(visibility, weather_origin, weather_date, "mean")
    return last_known(daily.reindex(departures.index)).rename("daily_visibility")
