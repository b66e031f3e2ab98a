"""Who is on at an instant."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.roster.duty import OnDuty, Stretch, course, moment, on, quiet_until
from alerts.roster.roster import DAY_MINUTES, Level, Post, Roster, Shift
from tests.build.roster import paris, roster

WEEKS = """
[[posts]]
id = "paris"
name = "Paris"
timezone = "Europe/Paris"
[[posts.levels]]
name = "on call"
shifts = [{ people = ["alice", "bob"], since = 2026-11-02, begins = "08:00", ends = "08:00" }]
backup = ["chief"]
"""
DAY_AND_NIGHT = """
[[posts]]
id = "paris"
name = "Paris"
timezone = "Europe/Paris"
[[posts.levels]]
name = "shift"
shifts = [
    { people = ["alice"], begins = "08:00", ends = "20:00" },
    { people = ["bob"], begins = "20:00", ends = "08:00" },
]
"""
OFFICE = """
[[posts]]
id = "paris"
name = "Paris"
timezone = "Europe/Paris"
[[posts.levels]]
name = "shift"
backup = ["chief"]
[[posts.levels.shifts]]
people = ["alice"]
days = ["mon", "tue", "wed", "thu", "fri"]
begins = "08:00"
ends = "18:00"
"""


def who(found: Roster, at: float) -> tuple[str, ...]:
    """Who is on at the first level of the first post."""
    post = found.posts[0]
    return on(found, post, post.levels[0], at).people


@pytest.mark.parametrize(
    ("at", "people"),
    [
        ("2026-11-02 07:59", ("chief",)),  # before the roster begins nobody is on but the backup
        ("2026-11-02 08:00", ("alice",)),
        ("2026-11-09 07:59", ("alice",)),  # the night before the handover is still of her week
        ("2026-11-09 08:00", ("bob",)),
        ("2026-11-16 08:00", ("alice",)),
        ("2027-11-01 08:00", ("alice",)),  # 52 weeks later
    ],
)
def test_two_people_take_weeks_in_turns_from_handover_to_handover(
    tmp_path: Path, at: str, people: tuple[str, ...]
) -> None:
    assert who(roster(tmp_path, WEEKS), paris(at)) == people


def test_nobody_is_on_outside_office_hours_but_the_backup(tmp_path: Path) -> None:
    found = roster(tmp_path, OFFICE)
    post = found.posts[0]
    assert on(found, post, post.levels[0], paris("2026-11-06 12:00")) == OnDuty(("alice",))
    for at in ("2026-11-06 18:00", "2026-11-07 12:00", "2026-11-06 07:59"):
        assert on(found, post, post.levels[0], paris(at)) == OnDuty(("chief",), backup=True)


def test_the_night_in_which_clocks_go_back_is_thirteen_hours_long(tmp_path: Path) -> None:
    found = roster(tmp_path, DAY_AND_NIGHT)
    post = found.posts[0]
    start, end = paris("2026-10-24 12:00"), paris("2026-10-25 12:00")
    hours = [
        ((s.end - s.start) / 3600, s.on.people)
        for s in course(found, post, post.levels[0], start, end)
    ]
    assert hours == [(8, ("alice",)), (13, ("bob",)), (4, ("alice",))]


def test_the_night_in_which_clocks_go_forward_is_eleven_hours_long(tmp_path: Path) -> None:
    found = roster(tmp_path, DAY_AND_NIGHT)
    post = found.posts[0]
    start, end = paris("2026-03-28 12:00"), paris("2026-03-29 12:00")
    hours = [(s.end - s.start) / 3600 for s in course(found, post, post.levels[0], start, end)]
    assert hours == [8, 11, 4]


def test_a_handover_in_the_hour_that_comes_twice_is_at_its_first_coming(tmp_path: Path) -> None:
    text = DAY_AND_NIGHT.replace('"08:00"', '"02:30"')
    found = roster(tmp_path, text)
    first, second = paris("2026-10-25 02:30"), paris("2026-10-25 02:30", fold=1)
    assert second - first == 3600
    assert who(found, first - 1) == ("bob",)
    assert who(found, first) == who(found, second - 1) == who(found, second) == ("alice",)


def test_a_handover_in_the_hour_that_clocks_skip_happens_all_the_same(tmp_path: Path) -> None:
    found = roster(tmp_path, DAY_AND_NIGHT.replace('"08:00"', '"02:30"'))
    handover = paris("2026-03-29 03:30")
    assert (who(found, handover - 1), who(found, handover)) == (("bob",), ("alice",))


zones = st.sampled_from(
    ["Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "UTC",
     "Africa/Casablanca", "Asia/Kathmandu"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    zone=zones,
    day=st.dates(date(2011, 12, 25), date(2030, 1, 1)),
    handovers=st.lists(st.integers(0, DAY_MINUTES - 1), min_size=2, max_size=4, unique=True),
)
@example(zone="Pacific/Apia", day=date(2011, 12, 30), handovers=[1, 2])  # there was no such day
def test_shifts_that_fill_a_day_leave_nobody_alone_and_never_two_whatever_clocks_do(
    zone: str, day: date, handovers: list[int]
) -> None:
    edges = sorted(handovers)
    shifts = tuple(
        Shift((f"p{n}",), begins=begins, ends=edges[(n + 1) % len(edges)])
        for n, begins in enumerate(edges)
    )
    level = Level("shift", shifts)
    post = Post("post", "Post", (level,), timezone=zone)
    start = moment(day, 0, ZoneInfo(zone))
    end = moment(day + timedelta(days=3), 0, ZoneInfo(zone))
    stretches = course(Roster(), post, level, start, end)
    assert all(len(stretch.on.people) == 1 for stretch in stretches)
    assert sum(stretch.end - stretch.start for stretch in stretches) == end - start


STAND_INS = (
    WEEKS
    + """
[[posts.stand_ins]]
person = "carol"
begins = 2026-11-04T12:00:00
ends = 2026-11-04T18:00:00
[[posts.stand_ins]]
person = "carol"
instead_of = "bob"
begins = 2026-11-08T00:00:00
ends = 2026-11-10T00:00:00
"""
)


def test_who_stands_in_is_on_and_whom_they_stand_in_for_is_not(tmp_path: Path) -> None:
    found = roster(tmp_path, STAND_INS)
    seen = [who(found, paris(f"2026-11-04 {time}")) for time in ("11:59", "12:00", "18:00")]
    assert seen == [("alice",), ("carol",), ("alice",)]


def test_who_stands_in_for_one_person_changes_nothing_while_another_is_on(tmp_path: Path) -> None:
    found = roster(tmp_path, STAND_INS)
    assert who(found, paris("2026-11-08 12:00")) == ("alice",)
    assert who(found, paris("2026-11-09 12:00")) == ("carol",)


def test_the_course_of_days_has_no_hole(tmp_path: Path) -> None:
    found = roster(tmp_path, OFFICE.replace('backup = ["chief"]\n', ""))
    post = found.posts[0]
    start = paris("2026-11-06 00:00")
    stretches = course(found, post, post.levels[0], start, paris("2026-11-09 12:00"))
    alice, nobody = OnDuty(("alice",)), OnDuty()
    assert stretches == [
        Stretch(start, paris("2026-11-06 08:00"), nobody),
        Stretch(paris("2026-11-06 08:00"), paris("2026-11-06 18:00"), alice),
        Stretch(paris("2026-11-06 18:00"), paris("2026-11-09 08:00"), nobody),
        Stretch(paris("2026-11-09 08:00"), paris("2026-11-09 12:00"), alice),
    ]


QUIET = """
[[posts]]
id = "paris"
name = "Paris"
timezone = "Europe/Paris"
quiet = [
    { begins = "20:00", ends = "07:00", days = ["mon", "tue", "wed", "thu", "fri"] },
    { begins = "00:00", ends = "24:00", days = ["sat", "sun"] },
    { begins = "00:00", ends = "07:00", days = ["mon"] },
]
[[posts.levels]]
name = "shift"
backup = ["chief"]
"""


@pytest.mark.parametrize(
    ("priority", "at", "until"),
    [
        (3, "2026-11-03 19:59", None),
        (3, "2026-11-03 20:00", "2026-11-04 07:00"),
        (3, "2026-11-04 06:59", "2026-11-04 07:00"),
        (3, "2026-11-04 07:00", None),
        (3, "2026-11-06 21:00", "2026-11-09 07:00"),  # a night, a weekend and a morning are one
        (2, "2026-11-03 20:00", None),
        (1, "2026-11-03 20:00", None),
    ],
)
def test_low_priorities_wait_for_the_end_of_quiet_hours(
    tmp_path: Path, priority: int, at: str, until: str | None
) -> None:
    (post,) = roster(tmp_path, QUIET).posts
    assert quiet_until(post, priority, paris(at)) == (None if until is None else paris(until))


def test_the_closest_post_has_it(tmp_path: Path) -> None:
    level = '[[posts.levels]]\nname = "all"\nbackup = ["chief"]\n'
    found = roster(
        tmp_path,
        f'[[posts]]\nid = "rest"\nname = "R"\n{level}'
        f'[[posts]]\nid = "site"\nname = "S"\nscopes = ["paris"]\n{level}'
        f'[[posts]]\nid = "hall"\nname = "H"\nscopes = ["paris/a"]\n{level}'
        f'[[posts]]\nid = "company"\nname = "C"\noperators = ["policloud"]\n{level}',
    )

    def post(*paths: str, operator: str = "") -> str:
        answered = found.post(paths, operator)
        return answered.id if answered is not None else "nobody"

    assert post("paris/a", "paris/a/host-1", operator="policloud") == "hall"
    assert post("paris/b", operator="policloud") == "site"
    assert post("lyon/a", operator="policloud") == "company"
    assert post("lyon/a", operator="other") == "rest"
    assert Roster().post(["paris/a"]) is None
