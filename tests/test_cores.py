import os

import pytest

from charrnn import _cores


def test_the_threads_of_every_library_spin_shortly():
    environment = {}
    _cores.let_threads_sleep(environment)
    assert environment.keys() == {"GOMP_SPINCOUNT", "KMP_BLOCKTIME"}


@pytest.mark.parametrize("name", ["GOMP_SPINCOUNT", "KMP_BLOCKTIME"])
def test_what_the_user_has_set_stays(name):
    environment = {name: "7"}
    _cores.let_threads_sleep(environment)
    assert environment[name] == "7"


def test_a_wait_policy_of_the_users_rules_all_of_openmp():
    environment = {"OMP_WAIT_POLICY": "active"}
    _cores.let_threads_sleep(environment)
    assert environment.keys() == {"OMP_WAIT_POLICY"}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no core can be chosen here")
def test_only_cores_that_the_process_is_bound_to_count():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert _cores.num_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
