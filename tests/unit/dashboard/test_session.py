import stat
from pathlib import Path

import pytest

from dashboard.session import FILE, RECHECK_SECONDS, Sessions
from tests.build.played import CODE, PERSON, TOKEN, Api, served
from vigie.client import Client
from vigie.errors import Refused


@pytest.fixture
def api() -> Api:
    return Api()


def sessions(directory: Path, url: str) -> Sessions:
    return Sessions(directory, lambda token: Client(url, token))


def test_a_code_opens_one_session_and_never_a_second(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        cookie = opened.open(CODE, now=0)
        visit = opened.find(cookie, now=1)
        assert visit is not None
        assert visit.person == PERSON
        with pytest.raises(Refused):
            opened.open(CODE, now=2)
        assert opened.find("another cookie", now=1) is None


def test_the_cookie_is_not_the_token_and_is_not_kept(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        cookie = opened.open(CODE, now=0)
        kept = (tmp_path / FILE).read_text()
        assert cookie != TOKEN
        assert cookie not in kept
        assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_visit_shows_no_secret_when_printed(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        visit = opened.find(opened.open(CODE, now=0), now=1)
        assert visit is not None
        assert TOKEN not in repr(visit)
        assert visit.csrf not in repr(visit)


def test_a_revoked_person_is_out_within_five_seconds(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        cookie = opened.open(CODE, now=0)
        api.revoked = True
        assert RECHECK_SECONDS < 5
        assert opened.find(cookie, now=RECHECK_SECONDS + 0.1) is None
        assert opened.find(cookie, now=0.2) is None


def test_an_api_that_is_away_ends_no_session(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        cookie = opened.open(CODE, now=0)
        api.down.add("sessions/checks")
        assert opened.find(cookie, now=100) is not None


def test_a_restarted_dashboard_knows_who_was_in(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        cookie = sessions(tmp_path, url).open(CODE, now=0)
        again = sessions(tmp_path, url)
        visit = again.find(cookie, now=1)
        assert visit is not None
        assert visit.person == PERSON


def test_a_damaged_file_only_means_signing_in_again(tmp_path: Path, api: Api) -> None:
    (tmp_path / FILE).write_text('{"a": {"token": 3')
    with served(api) as url:
        assert sessions(tmp_path, url).find("any", now=0) is None


def test_leaving_ends_the_session_here_and_at_the_api(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        cookie = opened.open(CODE, now=0)
        opened.close(cookie)
        assert opened.find(cookie, now=0.1) is None
        assert "DELETE /api/v1/sessions/current" in api.asked
        assert TOKEN not in (tmp_path / FILE).read_text()


def test_all_who_look_are_asked_about_in_one_question(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        cookies = []
        for number in range(20):
            api.codes = {f"code-{number}"}
            cookies.append(opened.open(f"code-{number}", now=0))
        api.asked.clear()
        for now in (1.0, 3.0, 5.0, 7.0, 9.0):
            assert all(opened.find(cookie, now) for cookie in cookies)
        asked = [one for one in api.asked if "sessions/checks" in one]
        # The first question is about the one who came first; from then on about everybody.
        assert len(asked) <= 4


def test_one_who_comes_back_late_is_asked_about_whoever_else_just_was(
    tmp_path: Path, api: Api
) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        early = opened.open(CODE, now=0)
        api.codes = {CODE}
        late = opened.open(CODE, now=0)
        assert opened.find(early, now=100) is not None
        api.revoked = True
        assert opened.find(late, now=101) is None


def test_an_api_that_is_away_is_not_asked_for_every_request(tmp_path: Path, api: Api) -> None:
    with served(api) as url:
        opened = sessions(tmp_path, url)
        cookie = opened.open(CODE, now=0)
        api.down.add("sessions/checks")
        api.asked.clear()
        for _ in range(50):
            assert opened.find(cookie, now=100) is not None
        assert len(api.asked) == 1
