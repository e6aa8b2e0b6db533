import pands


def cost() -> int:
    return 1
