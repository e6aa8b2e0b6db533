def spend() -> int:
    return (1


def cost() -> int:
    return 1
