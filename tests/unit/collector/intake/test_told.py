from collector.intake.decode import decode
from collector.intake.told import AGAIN_SECONDS, Told
from collector.store.entry import Clock, Decoded, Envelope
from tests.build.world import START, Agent
from vigie.frame import Happening


def wrong(name: str = "a", tick: int = 0) -> Decoded:
    """A frame with a wrong clock and an event of its own."""
    agent = Agent("site/c", name, "b", skew=3600)
    clock = Clock("b", agent.wall(tick), agent.monotonic(tick))
    envelope = Envelope(
        "p", "", simulated=False, received=START, compressed=False, clocks={"b": clock}
    )
    return decode(agent.frame(tick, events=[Happening("agent_started", START // 1000)]), envelope)


def codes(decoded: Decoded) -> list[str]:
    return [code for frame in decoded.frames for code in frame.events["code"].to_pylist()]


def test_a_clock_that_stays_wrong_is_told_again_after_a_while_only() -> None:
    now = 0.0
    told = Told(lambda: now)
    assert codes(told.thinned(wrong())) == ["agent_started", "clock_wrong"]
    assert codes(told.thinned(wrong(tick=1))) == ["agent_started"]
    assert codes(told.thinned(wrong("other"))) == ["agent_started", "clock_wrong"]
    now = AGAIN_SECONDS
    assert codes(told.thinned(wrong(tick=2))) == ["agent_started", "clock_wrong"]
