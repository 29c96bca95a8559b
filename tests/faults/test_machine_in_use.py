"""CPU quotas: cores that exist but may not be used all the time."""

import os

import pytest
from matrix import row
from stumbles import stumble

from charrnn import _cores

V2 = "0::/pod/box\n"
V1 = "12:pids:/pod\n4:cpu,cpuacct:/pod/box\n0::/\n"


@row(39)
@stumble(27)
@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        (V2, {}, 8),
        (V2, {"pod/box/cpu.max": "max 100000"}, 8),
        (V2, {"pod/box/cpu.max": "200000 100000"}, 2),
        (V2, {"pod/box/cpu.max": "150000 100000"}, 1),  # the half would wait for its turn
        (V2, {"pod/box/cpu.max": "50000 100000"}, 1),
        (V2, {"pod/box/cpu.max": "max 100000", "pod/cpu.max": "300000 100000"}, 3),
        (V2, {"cpu.max": "400000 100000"}, 4),  # a container sees its own group as the top one
        (V2, {"pod/box/cpu.max": "rubbish"}, 8),
        (
            V1,
            {
                "cpu,cpuacct/pod/box/cpu.cfs_quota_us": "200000",
                "cpu,cpuacct/pod/box/cpu.cfs_period_us": "100000",
            },
            2,
        ),
        (V1, {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        (V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
    ],
)
def test_a_cpu_quota_limits_the_threads(tmp_path, monkeypatch, groups, files, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    names = {"proc/self/cgroup": groups} | {
        f"sys/fs/cgroup/{name}": text for name, text in files.items()
    }
    for name, text in names.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert _cores.num_cores(tmp_path) == expected


@row(39)
def test_a_machine_without_control_groups_has_no_quota(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert _cores.num_cores(tmp_path) == 3
