def spend() -> int:
    return 1
