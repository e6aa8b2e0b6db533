"""What each country is made of; a module that only subdags use."""

from dagbuild import config, extract_fields


def scaled(amount: int, factor: int) -> int:
    """The amount by the factor."""
    return amount * factor


@config.when(mode="fast")
def kind__fast(scaled: int) -> int:
    return scaled + 1


@config.when_not(mode="fast")
def kind__slow(scaled: int) -> int:
    return scaled - 1


@extract_fields({"low": int, "high": int})
def bounds(kind: int, margin: int = 2) -> dict:
    return {"low": kind - margin, "high": kind + margin}


def unused(kind: int) -> int:
    return kind
