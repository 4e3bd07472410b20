import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database

BACKOFFS = st.builds(Backoff, st.floats(0.01, 100), st.floats(0.01, 10_000), st.floats(0, 1))


def test_each_wait_is_twice_the_one_before_up_to_the_longest() -> None:
    backoff = Backoff(first=60, longest=1_800)
    assert [backoff.seconds(failures) for failures in range(8)] == [
        *(0, 60, 120, 240, 480, 960),
        *(1_800, 1_800),
    ]


@given(BACKOFFS, st.integers(-5, 10_000), st.floats(0, 1))
def test_no_wait_is_longer_than_the_longest_nor_shorter_than_chance_may_make_it(
    backoff: Backoff, failures: int, chance: float
) -> None:
    whole = backoff.seconds(failures)
    assert 0 <= whole <= backoff.longest
    assert whole * (1 - backoff.jitter) * 0.999 <= backoff.seconds(failures, chance) <= whole
    assert backoff.jittered(failures) <= whole
    assert backoff.seconds(failures + 1) >= whole


def test_the_database_waits_as_long(database: Database) -> None:
    backoff = Backoff(first=60, longest=3_600)
    numbers = [1, 2, 3, 5, 6, 7, 100, 2_000]
    with database.transaction() as connection:
        for failures in numbers:
            wait = backoff.until(sa.literal(failures)) - sa.func.clock_timestamp()
            seconds = connection.scalar(sa.select(sa.func.round(sa.func.extract("epoch", wait))))
            assert seconds == backoff.seconds(failures)
