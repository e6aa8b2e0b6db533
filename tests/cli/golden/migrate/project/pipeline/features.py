from hamilton.function_modifiers import (
    extract_fields,
    tag,  # owners
)


@tag(owner="ads")
@extract_fields({"low": int, "high": int})
def bounds(spend: list[int]) -> dict:
    return {"low": min(spend), "high": max(spend)}


def spread(low: int, high: int) -> int:
    return high - low
