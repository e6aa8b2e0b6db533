from dagbuild import tag


def spend_top(spend: int) -> int:
    return spend


def cost(spend: int, signups: int) -> float:
    return spend / signups


@tag(report="weekly")
def report(cost: float, spend_top: int) -> str:
    return f"{cost} of {spend_top}"
