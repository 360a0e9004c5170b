from devtools.lanes import DATABASES, choose_redis


def number(**environment: str) -> int:
    url, _, chosen = choose_redis({"REDIS_URL": "unix:///run/redis.sock?db=9", **environment}).partition(
        "?db="
    )
    assert url == "unix:///run/redis.sock"
    return int(chosen)


def test_lanes_of_one_run_are_neighbours_and_none_has_database_nought() -> None:
    for run in (f"test_{letter}" for letter in "abcdefghij"):
        lanes = [number(TEST_DB_NAME=run, PYTEST_XDIST_WORKER=f"gw{lane}") for lane in range(4)]
        assert len(set(lanes)) == 4 and all(0 < lane < DATABASES for lane in lanes)


def test_a_run_without_lanes_has_that_of_the_first() -> None:
    assert number(TEST_DB_NAME="test_x") == number(TEST_DB_NAME="test_x", PYTEST_XDIST_WORKER="gw0")


def test_two_runs_in_one_checkout_are_apart() -> None:
    assert number(TEST_DB_NAME="test_x") != number(TEST_DB_NAME="test_y")
