"""From a process to its job, and from samples to shares."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.gpu.processes import Jobs, Process, Use, job_of, means
from tests.build import nvml

POD = "0f1a2b3c-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("cgroup", "job"),
    [
        ("0::/system.slice/slurmstepd.scope/job_4242/step_0/user/task_0", ("slurm", "4242")),
        ("9:memory:/slurm/uid_1000/job_17/step_batch\n0::/", ("slurm", "17")),
        (
            f"0::/kubepods.slice/x.slice/x-pod{POD.replace('-', '_')}.slice/cri-containerd-a.scope",
            ("kubernetes", POD),
        ),
        (f"4:devices:/kubepods/burstable/pod{POD}/0123abcd", ("kubernetes", POD)),
        ("0::/system.slice/ollama.service", ("systemd", "ollama.service")),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/train.scope",
            ("systemd", "train.scope"),
        ),
        ("0::/system.slice/my-job_5.service", ("systemd", "my-job_5.service")),
        ("0::/", ("none", "7")),
        ("", ("none", "7")),
    ],
)
def test_a_control_group_names_the_job(cgroup: str, job: tuple[str, str]) -> None:
    assert job_of(7, cgroup + "\n") == job


def test_a_long_or_wild_name_still_makes_a_key() -> None:
    _, job = job_of(7, "0::/system.slice/" + "x\x07" * 200 + ".service")
    assert job.isprintable()
    assert len(job.encode()) <= 128


def test_a_share_is_the_mean_of_what_is_new() -> None:
    samples = [(1, 10, 90), (1, 20, 40), (1, 30, 60), (2, 30, 7), (3, 30, 2**32 - 1)]
    assert means(samples, 10) == ({1: 0.5, 2: 0.07}, 30)


def test_nothing_new_says_nothing() -> None:
    assert means([(1, 10, 90)], 10) == ({}, 10)


def jobs(folder: Path, cgroups: Mapping[int, str]) -> Jobs:
    return Jobs(nvml.processes(folder, cgroups))


def test_a_job_adds_up_its_processes(tmp_path: Path) -> None:
    known = jobs(tmp_path, {1: "0::/a.service", 2: "0::/a.service", 3: "0::/b.service"})
    listed = [Process(1, 100), Process(2, 50), Process(3, None)]
    assert known.uses(listed, {1: 0.7, 2: 0.6}) == [
        Use("systemd", "a.service", 2, 150, 1.0), Use("systemd", "b.service", 1, None, None),
    ]  # fmt: skip


def test_a_process_that_is_hidden_or_gone_is_of_no_job(tmp_path: Path) -> None:
    assert jobs(tmp_path, {}).uses([Process(1, 100)], {}) == []


def test_a_number_that_is_given_again_is_another_process(tmp_path: Path) -> None:
    known = jobs(tmp_path, {1: "0::/a.service"})
    known.uses([Process(1, 100)], {})
    (tmp_path / "proc/1/cgroup").write_text("0::/b.service\n")
    assert known.uses([Process(1, 100)], {})[0].job == "a.service"
    known.keep([])
    assert known.uses([Process(1, 100)], {})[0].job == "b.service"


def test_numbers_mean_nothing_in_another_namespace(tmp_path: Path) -> None:
    proc = nvml.processes(tmp_path, {})
    assert Jobs(proc).visible()
    (proc / "self/ns/pid").unlink()
    (proc / "self/ns/pid").symlink_to("pid:[4026532000]")
    assert not Jobs(proc).visible()
    assert not Jobs(tmp_path / "none").visible()
