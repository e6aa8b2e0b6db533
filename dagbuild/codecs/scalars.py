"""Single values of pandas: what `max()` of a column gives."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from dagbuild.codecs.base import Declined, Reader, Writer
from dagbuild.codecs.plain import decode_zone, encode_zone


def encode_scalar(value: Any, writer: Writer) -> Any:
    """Return the form of a Timestamp, Timedelta, Period, Interval, NaT or NA; raises Declined."""
    if value is pd.NaT:
        return ["nat"]
    if value is pd.NA:
        return ["na"]
    kind = type(value)
    if kind is pd.Timestamp and (value.tz is not None or not value.fold):
        # As numpy counts it: pandas' own count is in nanoseconds and does not reach as far.
        count = int(value.asm8.astype("<i8"))
        return ["timestamp", count, value.unit, encode_zone(value.tz)]
    if kind is pd.Timedelta:
        return ["timedelta", int(value.asm8.astype("<i8")), value.unit]
    if kind is pd.Period:
        return ["period", value.ordinal, pd.PeriodDtype(value.freq).name]
    if kind is pd.Interval:
        return ["interval", writer.add_data(value.left), writer.add_data(value.right), value.closed]
    raise Declined


def decode_scalar(form: Any, reader: Reader) -> Any:
    """Return the value of a form."""
    kind = form[0]
    if kind == "nat":
        return pd.NaT
    if kind == "na":
        return pd.NA
    if kind == "timestamp":
        _, count, unit, zone = form
        stamp = pd.Timestamp(np.datetime64(count, unit))
        if zone is not None:
            stamp = stamp.tz_localize("UTC").tz_convert(decode_zone(zone))
        return stamp
    if kind == "timedelta":
        return pd.Timedelta(np.timedelta64(form[1], form[2]))
    if kind == "period":
        return pd.Period(ordinal=form[1], freq=cast(Any, pd.PeriodDtype(form[2][7:-1]).freq))
    return pd.Interval(reader.value(form[1]), reader.value(form[2]), closed=form[3])
