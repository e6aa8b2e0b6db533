"""What the model may know about a day, a week ahead of it. One function, one column; last, their table.

The day's own weather stands in for a good weather forecast.
"""

import pandas as pd

from dagbuild import parameterize, tag, value

from .timeseries import days_ago, trailing_mean

WEEK = 7


def day(departures: pd.Series) -> pd.Series:
    """The date of each row."""
    return pd.Series(departures.index.get_level_values("date"), index=departures.index, name="day")


def airport(departures: pd.Series) -> pd.Series:
    """The airport of each row."""
    return pd.Series(departures.index.get_level_values("airport"), index=departures.index, name="airport")


def weekday(day: pd.Series) -> pd.Series:
    """Day of the week, Monday first."""
    return day.dt.day_of_week.rename("weekday")


@parameterize(
    holiday={"offset": value(0)},
    eve_of_holiday={"offset": value(1)},
    morrow_of_holiday={"offset": value(-1)},
)
def near_holiday(day: pd.Series, holidays: pd.Series, offset: int) -> pd.Series:
    """Whether the day so many days later is a public holiday."""
    return (day + pd.Timedelta(days=offset)).isin(holidays.index).astype(float)


def midweek_holiday(holiday: pd.Series, weekday: pd.Series) -> pd.Series:
    """Whether the day is a holiday that no weekend touches: people stay at home for it."""
    return holiday.where(weekday.between(1, 3), 0.0).rename("midweek_holiday")


def bridge_day(eve_of_holiday: pd.Series, morrow_of_holiday: pd.Series, weekday: pd.Series) -> pd.Series:
    """Whether the day is all that lies between a holiday and a weekend."""
    monday, friday = eve_of_holiday.where(weekday == 0, 0.0), morrow_of_holiday.where(weekday == 4, 0.0)
    return (monday + friday).rename("bridge_day")


@parameterize(
    closures={"kind": value("closure")},
    storms={"kind": value("storm")},
    peaks={"kind": value("peak")},
)
def event_days(day: pd.Series, airport: pd.Series, events: pd.DataFrame, kind: str) -> pd.Series:
    """Whether the airport has an event of this kind on that day: 1 or 0."""
    chosen = events[events["kind"] == kind]
    everywhere = day.isin(chosen.loc[chosen["airport"] == "all", "date"])
    pairs = pd.MultiIndex.from_frame(chosen[["airport", "date"]])
    here = pd.MultiIndex.from_arrays([airport, day]).isin(pairs)
    return (everywhere | here).astype(float)


@parameterize(
    departures_1w={"weeks": value(1)},
    departures_2w={"weeks": value(2)},
    departures_3w={"weeks": value(3)},
    departures_4w={"weeks": value(4)},
)
def departures_weeks_ago(departures: pd.Series, weeks: int) -> pd.Series:
    """Departures on the same weekday some weeks before."""
    return days_ago(departures, weeks * WEEK)


def usual_departures(
    departures_1w: pd.Series, departures_2w: pd.Series, departures_3w: pd.Series, departures_4w: pd.Series
) -> pd.Series:
    """Middle value of the last four weeks on this weekday: one storm does not move it."""
    weeks = pd.concat([departures_1w, departures_2w, departures_3w, departures_4w], axis=1)
    return weeks.median(axis=1, skipna=False).rename("usual_departures")


def departures_4w_mean(departures: pd.Series) -> pd.Series:
    """Level of the traffic: the mean of four weeks, as known a week ahead."""
    return days_ago(trailing_mean(departures, 4 * WEEK), WEEK).rename("departures_4w_mean")


def cancelled_1w(cancelled: pd.Series) -> pd.Series:
    """Cancelled flights a week before: when there were many, last week says little."""
    return days_ago(cancelled, WEEK).rename("cancelled_1w")


def late_share_2w_mean(late_share: pd.Series) -> pd.Series:
    """How late the airport has been running, over two weeks, as known a week ahead."""
    return days_ago(trailing_mean(late_share, 2 * WEEK), WEEK).rename("late_share_2w_mean")


def delay_2w_mean(mean_delay: pd.Series) -> pd.Series:
    """Minutes of delay over two weeks, as known a week ahead."""
    return days_ago(trailing_mean(mean_delay, 2 * WEEK), WEEK).rename("delay_2w_mean")


def seats_1w(mean_seats: pd.Series) -> pd.Series:
    """Size of the planes a week before."""
    return days_ago(mean_seats, WEEK).rename("seats_1w")


def distance_1w(mean_distance: pd.Series) -> pd.Series:
    """Length of the flights a week before."""
    return days_ago(mean_distance, WEEK).rename("distance_1w")


def holiday_1w(holiday: pd.Series) -> pd.Series:
    """Whether the day a week before was a holiday: then last week says little."""
    return days_ago(holiday, WEEK).rename("holiday_1w")


@tag(stage="data_set")
def data_set(
    departures: pd.Series,
    airport: pd.Series,
    weekday: pd.Series,
    holiday: pd.Series,
    eve_of_holiday: pd.Series,
    morrow_of_holiday: pd.Series,
    midweek_holiday: pd.Series,
    bridge_day: pd.Series,
    holiday_1w: pd.Series,
    closures: pd.Series,
    storms: pd.Series,
    peaks: pd.Series,
    departures_1w: pd.Series,
    departures_2w: pd.Series,
    usual_departures: pd.Series,
    departures_4w_mean: pd.Series,
    cancelled_1w: pd.Series,
    late_share_2w_mean: pd.Series,
    delay_2w_mean: pd.Series,
    seats_1w: pd.Series,
    distance_1w: pd.Series,
    daily_temperature: pd.Series,
    daily_wind: pd.Series,
    daily_rain: pd.Series,
    daily_visibility: pd.Series,
) -> pd.DataFrame:
    """What is to be forecast and all that is known about it; without the first weeks, which have no past."""
    columns = {
        "departures": departures,
        "airport": airport,
        "weekday": weekday,
        "holiday": holiday,
        "eve_of_holiday": eve_of_holiday,
        "morrow_of_holiday": morrow_of_holiday,
        "midweek_holiday": midweek_holiday,
        "bridge_day": bridge_day,
        "holiday_1w": holiday_1w,
        "closures": closures,
        "storms": storms,
        "peaks": peaks,
        "departures_1w": departures_1w,
        "departures_2w": departures_2w,
        "usual_departures": usual_departures,
        "departures_4w_mean": departures_4w_mean,
        "cancelled_1w": cancelled_1w,
        "late_share_2w_mean": late_share_2w_mean,
        "delay_2w_mean": delay_2w_mean,
        "seats_1w": seats_1w,
        "distance_1w": distance_1w,
        "daily_temperature": daily_temperature,
        "daily_wind": daily_wind,
        "daily_rain": daily_rain,
        "daily_visibility": daily_visibility,
    }
    return pd.DataFrame(columns).dropna()
