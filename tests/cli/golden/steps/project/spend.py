from dagbuild import Collect, Parallelizable, mutate, pipe_input, pipe_output, source, step


def _positive(numbers: list[int]) -> list[int]:
    """What is above zero."""
    return [each for each in numbers if each > 0]


def _times(numbers: list[int], by: int) -> list[int]:
    return [each * by for each in numbers]


@pipe_output(step(_times, 10).named("tens"))
@pipe_input(step(_positive), step(_times, source("rate")).when(doubled=True))
def spend(costs: list[int]) -> list[int]:
    """What was spent."""
    return sorted(costs)


@mutate(spend)
def _shifted(numbers: list[int]) -> list[int]:
    return [each + 1 for each in numbers]


def part(spend: list[int]) -> Parallelizable[int]:
    return spend


def _half(number: int) -> int:
    return number // 2


@pipe_input(step(_half))
def total(part: Collect[int]) -> int:
    return sum(part)
