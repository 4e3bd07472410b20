"""JSON that nobody promised, put anywhere into a payload."""

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

Path = tuple[Any, ...]

_ODD = st.sampled_from(
    ["9" * 5000, "x" * 5000, "0001-01-01T00:00:00Z", "2024-02-30", "W49", -1, 2**70, [], {}]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | _ODD,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def garbage_for(payload: Any) -> st.SearchStrategy[list[tuple[Path, Any]]]:
    """What is put where, in one to four places of a payload."""
    places = st.sampled_from(_paths_of(payload)[1:])
    return st.lists(st.tuples(places, JSON), min_size=1, max_size=4)


def spoiled(payload: Any, changes: Sequence[tuple[Path, Any]]) -> Any:
    """The payload with garbage at these paths, as far as they still lead anywhere."""
    payload = copy.deepcopy(payload)
    for path, garbage in changes:
        place = payload
        for step in path[:-1]:
            try:
                place = place[step]
            except (KeyError, IndexError, TypeError):
                place = None
                break
        last = path[-1]
        if isinstance(place, dict) or (
            isinstance(place, list) and isinstance(last, int) and last < len(place)
        ):
            place[last] = garbage
    return payload


def _paths_of(value: Any, path: Path = ()) -> list[Path]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(p for key, item in inner for p in _paths_of(item, (*path, key)))]
