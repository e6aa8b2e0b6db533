"""Sound levels at crossings, in arrays of numpy."""

import typing

import numpy as np
from hamilton.function_modifiers import extract_fields, unpack_fields


def levels(seed: int, crossings: int, days: int) -> np.ndarray:
    """A row for each crossing."""
    chance = np.random.default_rng(seed)
    return np.round(chance.uniform(40, 90, (crossings, days)), 1)


def in_bounds(levels: np.ndarray, loudest: float = 85.0) -> np.ndarray:
    return np.where(levels > loudest, loudest, levels)


def rolling_mean(in_bounds: np.ndarray, window: int) -> np.ndarray:
    total = np.cumsum(in_bounds, axis=1)
    total[:, window:] = total[:, window:] - total[:, :-window]
    return total[:, window - 1 :] / window


@extract_fields({"before": np.ndarray, "after": np.ndarray})
def halves(in_bounds: np.ndarray) -> typing.Dict[str, np.ndarray]:
    cut = in_bounds.shape[1] // 2
    return {"before": in_bounds[:, :cut], "after": in_bounds[:, cut:]}


def t_value(before: np.ndarray, after: np.ndarray) -> np.float64:
    difference = after[:, : before.shape[1]] - before
    return difference.mean() / (difference.std(ddof=1) / np.sqrt(difference.size))


@unpack_fields("quietest", "loudest_day")
def places(levels: np.ndarray) -> typing.Tuple[int, int]:
    return int(levels.mean(axis=1).argmin()), int(levels.mean(axis=0).argmax())


def means(levels: np.ndarray) -> np.ndarray:
    return levels.mean(axis=1)


def grade(rolling_mean: np.ndarray) -> np.ndarray:
    return np.digitize(rolling_mean, [55, 65, 75])


def verdict(t_value: np.float64, quietest: int, loudest_day: int) -> str:
    word = "louder" if t_value > 0 else "quieter"
    return f"{word}; crossing {quietest} is quietest, day {loudest_day} loudest"
