"""Percentiles by nearest rank, checked against their definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.load.figures import PERCENTILES, Samples, median, nearest_rank

values = st.lists(st.integers(0, 10_000), min_size=1, max_size=300)


@given(values, st.sampled_from([*PERCENTILES, "0", "33.3"]))
def test_a_percentile_is_the_smallest_that_covers_its_share(some: list[int], wanted: str) -> None:
    found = Samples(some).percentiles((wanted,))[wanted]
    share = float(wanted) / 100
    assert found in some
    assert sum(value <= found for value in some) >= share * len(some) - 1e-9
    smaller = [value for value in some if value < found]
    assert not smaller or len(smaller) < share * len(some) + 1e-9
    assert found == nearest_rank(some, wanted)


def test_the_example_of_the_definition() -> None:
    assert Samples([15, 20, 35, 40, 50]).percentiles(("5", "30", "40", "50", "100")) == {
        "5": 15,
        "30": 20,
        "40": 20,
        "50": 35,
        "100": 50,
    }


def test_a_thousand_samples_have_a_thousandth() -> None:
    assert Samples(range(1, 1001)).percentiles(("99.9", "99")) == {"99.9": 999, "99": 990}


def test_no_samples_no_percentiles() -> None:
    assert Samples().percentiles() == {}
    with pytest.raises(ValueError, match="no values"):
        nearest_rank([], "50")
    with pytest.raises(ValueError, match="no values"):
        median([])


def test_samples_can_be_added() -> None:
    samples = Samples([1, 2])
    samples.add([3])
    assert len(samples) == 3
    assert samples.percentiles(("100",)) == {"100": 3}
