"""The checks that `check_output` knows, by the names of its arguments."""

from dagbuild.modifiers.checks import (
    AllowNans,
    AllowNone,
    AtLeast,
    AtMost,
    Check,
    Contains,
    DataType,
    DoesNotContain,
    InRange,
    MaxFractionNans,
    MaxStandardDev,
    MeanInRange,
    MinRows,
    ValuesIn,
)
from dagbuild.modifiers.schema_checks import MatchesSchema

CHECKS: dict[str, type[Check]] = {
    kind.argument: kind
    for kind in (
        InRange,
        AtLeast,
        AtMost,
        ValuesIn,
        DataType,
        AllowNans,
        MaxFractionNans,
        MaxStandardDev,
        MeanInRange,
        MinRows,
        AllowNone,
        Contains,
        DoesNotContain,
        MatchesSchema,
    )
}
"""The arguments of `check_output`."""
