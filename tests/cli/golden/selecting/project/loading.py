from dagbuild import tag


@tag(team="growth")
def spend() -> int:
    return 4


@tag(team="people")
def signups() -> int:
    return 2
