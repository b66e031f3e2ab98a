from dashboard.noc.chosen import LONGEST, MOST_VALUES, Chosen

NAMES = ("scope", "period", "without")


def test_only_what_the_screen_knows_is_chosen() -> None:
    chosen = Chosen.read(NAMES, {"period": ["day"], "evil": ["x"], "without": ["a", "b"]})
    assert chosen.one("period") == "day"
    assert chosen.all("without") == ("a", "b")
    assert chosen.one("scope", "none") == "none"
    assert "evil" not in chosen.word


def test_a_link_keeps_the_choice_but_for_what_it_changes() -> None:
    chosen = Chosen.read(NAMES, {"scope": ["a/b c"], "period": ["day"]})
    assert chosen.link("/x", "fr", period="now") == "/x?lang=fr&scope=a%2Fb+c&period=now"
    assert chosen.link("/x", "en", scope="") == "/x?lang=en&period=day"


def test_two_choices_have_two_words_and_the_same_choice_one() -> None:
    words = {
        Chosen.read(NAMES, query).word
        for query in ({}, {"scope": ["a"]}, {"period": ["a"]}, {"without": ["a"]},
                      {"without": ["a", "b"]}, {"without": ["a&without=b"]})
    }  # fmt: skip
    assert len(words) == 6
    asked = {"period": ["day"], "scope": ["a"]}
    assert Chosen.read(NAMES, asked) == Chosen.read(NAMES, dict(reversed(asked.items())))


def test_an_address_without_end_is_cut() -> None:
    chosen = Chosen.read(NAMES, {"without": ["x" * 9_999] * 9_999})
    assert len(chosen.all("without")) == MOST_VALUES
    assert len(chosen.one("without")) == LONGEST
