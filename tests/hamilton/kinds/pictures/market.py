"""What the orchard earns."""


def earned(bottles: int, price: float) -> float:
    return bottles * price


def label(earned: float, bottles: int) -> str:
    return f"{bottles} bottles for {earned:.2f}"
