import pytest

from dashboard import stamps
from tests.build.played import container


def test_a_real_container_has_no_stamp() -> None:
    assert stamps.of_container(container(), "fr") == ""


@pytest.mark.parametrize(
    ("scale", "fr", "en"),
    [
        (1.0, "SIMULÉ", "SIMULATED"),
        (0.01, "SIMULÉ · échelle 1/100", "SIMULATED · scale 1/100"),
        (1e-6, "SIMULÉ · échelle 1/1\u202f000\u202f000", "SIMULATED · scale 1/1,000,000"),
        (0.3, "SIMULÉ · échelle 30\u00a0%", "SIMULATED · scale 30\u00a0%"),
        (0.025, "SIMULÉ · échelle 1/40", "SIMULATED · scale 1/40"),
    ],
)
def test_a_simulated_one_says_the_twins_scale_where_it_is_not_1(
    scale: float, fr: str, en: str
) -> None:
    played = container(simulated=True, scale=scale)
    assert stamps.of_container(played, "fr") == fr
    assert stamps.of_container(played, "en") == en


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, ""), (0.001, "SIMULÉ <\u00a01 %"), (0.43, "SIMULÉ 43 %"), (0.9999, "SIMULÉ 100 %"),
     (1.0, "SIMULÉ 100 %"), (0.998, "SIMULÉ 100 %")],
)  # fmt: skip
def test_a_value_says_the_share_of_it_that_is_simulated(share: float, said: str) -> None:
    assert stamps.of_share(share, "fr") == said
