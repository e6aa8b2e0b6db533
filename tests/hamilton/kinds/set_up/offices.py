"""What another office does otherwise: a function of the same name as in `post`."""


def ratio(inland: int, abroad: int) -> float:
    logged = inland * 100
    return logged / abroad
