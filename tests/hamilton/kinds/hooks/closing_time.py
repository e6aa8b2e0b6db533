"""What is still done when something has failed."""

from typing import Any

from hamilton.lifecycle import accept_error_sentinels


@accept_error_sentinels
def closed(bread: Any, cakes: int) -> str:
    return f"bread: {bread}, cakes: {cakes}"


def strict(bread: int) -> int:
    return bread
