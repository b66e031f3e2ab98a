"""Five containers hold a store; one tells badly, one forgets, the centre is killed, one goes dark.

What is asserted is what people would look at: is the inventory complete, how far are objects from
lost, and that no message was sent that need not be.
"""

from datetime import UTC, datetime
from pathlib import Path

from collector.duties.evaluate import Evaluate
from collector.duties.holdings import Holdings
from collector.duties.margins import Nearing
from collector.duties.own import Own
from tests.build.alarm import Story
from tests.build.fragments import Host, oid, record
from tests.build.receiving import Centre
from vigie.fragments import BUCKETS, Scheme, Status, bucket

OBJECTS = 300


def margins(centre: Centre, *without: str) -> dict[int, int]:
    found = centre.margins.margins({"pool"}, without)
    return {m.margin: m.objects for each in found for m in each.margins}


def test_an_incident_from_the_first_contact_to_a_dark_container(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    hosts = [Host(f"site/c{number}") for number in range(5)]

    # First contact: all buckets, of everybody.
    for number, host in enumerate(hosts):
        host.change(record(one, number) for one in range(OBJECTS))
        host.tell(centre.post)
        assert host.sent == ["delta"] + ["buckets 512"] * 8
    assert centre.kept.complete({"pool"}, "")
    assert margins(centre) == {2: OBJECTS}

    # The scrub of one finds rot: one delta, no bucket.
    first, second, third = hosts[:3]
    first.sent.clear()
    first.change(record(one, 0, Status.CORRUPT) for one in range(10))
    first.tell(centre.post, most=1)
    assert first.sent == ["delta"]
    assert margins(centre) == {2: OBJECTS - 10, 1: 10}

    # A second loses fragments, and forgets some changes before they were told.
    second.sent.clear()
    second.change(record(one, 1, Status.MISSING) for one in (3, 200))
    second.forget_log()
    second.change([record(201, 1, Status.UNREADABLE)])
    second.tell(centre.post)
    wanted = {bucket(oid(one)) for one in (3, 200)}
    assert second.sent == ["delta", "digests", f"buckets {len(wanted)}"]
    assert margins(centre) == {2: OBJECTS - 12, 1: 11, 0: 1}

    # A third loses its memory: all is told again, and nothing looks lost meanwhile. In the middle
    # of it the centre is killed, and goes on with what is still wanted.
    third.sent.clear()
    third.begin("e2")
    third.tell(centre.post, most=4)
    before = margins(centre)
    assert not centre.kept.complete({"pool"}, "")
    centre.restart()
    assert margins(centre) == before == {2: OBJECTS - 12, 1: 11, 0: 1}
    third.tell(centre.post)
    assert third.sent == ["delta"] + ["buckets 512"] * 3 + ["delta"] + ["buckets 512"] * 5
    assert sum(int(sent.split()[1]) for sent in third.sent if " " in sent) == BUCKETS
    assert centre.kept.complete({"pool"}, "")

    # A container goes dark: its fragments still count, and one can see what that would mean.
    assert margins(centre, "site/c4") == {1: OBJECTS - 12, 0: 11, -1: 1}
    found = centre.margins.margins({"pool"})[0]
    assert found.containers_tolerated == 0, "object 3 has three left, and needs three"

    # Repaired onto another container under the same index: the margin is back.
    hosts[3].change([record(3, 0), record(3, 1)])
    hosts[3].tell(centre.post)
    assert margins(centre) == {2: OBJECTS - 11, 1: 11}
    for host in hosts:
        assert centre.post(host.digests()).buckets == []
    centre.kept.close()


class Watching(Story):
    """Rules that read of the inventories how far objects are from being lost."""

    def __init__(self, folder: Path, centre: Centre) -> None:
        super().__init__(folder)
        self.step, own = 60.0, Own()
        held = Holdings(centre.kept, centre.margins, self.store.live)
        self.nearing = Nearing(own, held, lambda _: False)
        self.evaluate = Evaluate(
            own.beside(self.store), self.rulebook, self.register, self.counters
        )

    def tick(self, *, deliver: bool = True) -> None:
        self.nearing.run(datetime.fromtimestamp(self.now, UTC))
        super().tick(deliver=deliver)


def test_objects_near_their_end_are_told_in_time_and_those_being_told_are_not(
    tmp_path: Path,
) -> None:
    centre = Centre(tmp_path)
    story = Watching(tmp_path, centre)
    hosts = [Host(f"site/c{number}", schemes=(Scheme(3, 6),)) for number in range(6)]

    def damaged(number: int, *objects: int, status: Status = Status.MISSING) -> None:
        hosts[number].change(record(one, number, status) for one in objects)
        hosts[number].tell(centre.post)

    for number, host in enumerate(hosts):  # one after the other, as at the first contact
        host.change(record(one, number) for one in range(20))
        host.tell(centre.post)
        story.until(f"{number + 1}min")
    damaged(0, 1, 2, 3)
    story.until("20min")
    assert story.told == [], "two fragments to spare are repaired without a word"

    damaged(1, 1, 2)
    story.until("55min")
    assert [told[1:] for told in story.told] == [("firing", "objects_thin")]
    damaged(2, 1, status=Status.CORRUPT)
    story.until("65min")
    assert [told[2] for told in story.told[1:]] == ["objects_at_limit"]
    damaged(3, 1)
    story.until("70min")
    assert [told[2] for told in story.told[2:]] == ["objects_lost"]
    assert story.alert("objects_lost").value == 1

    damaged(0, 1, 2, 3, status=Status.OK)  # the shelf is mounted again
    story.until("80min")
    assert [told[1:] for told in story.told[3:]] == [("resolved", "objects_lost")]
    assert story.alert("objects_at_limit").open, "its worst object has none to spare yet"
    centre.kept.close()
