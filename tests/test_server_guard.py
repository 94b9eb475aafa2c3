"""Who may ask: names, origins, the token and its cookie; and what is refused before a server starts."""

import pytest
from drawn import picture, saved
from served import TOKEN, Served, form

from arbitrary_nst import OptionError
from arbitrary_nst.server.guard import host_name
from arbitrary_nst.server.settings import ServeOptions

PHOTO = saved(picture(), "PNG")


@pytest.fixture(scope="module")
def server():
    with Served(allow_host="Studio.example, proxy") as served:
        yield served


@pytest.fixture(scope="module")
def locked():
    with Served(token=TOKEN) as served:
        yield served


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:8765", 200), ("192.168.1.7:80", 200),
        ("studio.example", 200), ("proxy:8765", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8765", 421), ("", 421), ("2130706433", 421), ("[evil]", 421), ("localhost@evil", 421),
    ],
)  # fmt: skip
def test_it_answers_to_its_own_names_alone(server, host, status):
    for path in ("/", "/healthz", "/api/v1/styles"):
        assert server.get(path, headers={"Host": host}).status_code == status


def test_hosts_are_read_without_ports_and_brackets():
    assert [host_name(host) for host in ("A.b:80", "[::1]:80", "::1", "a.")] == ["a.b", "::1", "", "a"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8765"}, 200),
        ({"Origin": "http://localhost:8765"}, 403),  # another origin than the one that is asked
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),  # a form of theirs
    ],
)
def test_other_sites_pages_command_nothing(server, headers, status):
    answer = server.post("/api/v1/stylize", **form(PHOTO, headers=headers))
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


def test_a_link_from_another_site_opens_the_page(server):
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert server.get("/", headers=visit).status_code == 200
    assert server.get("/api/v1/styles", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_every_answer_has_the_headers_of_safety(server):
    for path in ("/", "/api/v1/styles", "/nothing", "/healthz"):
        headers = server.get(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "'unsafe-inline'" not in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "same-origin" and headers["cache-control"]


@pytest.mark.parametrize(
    "shown",
    [None, "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer \xfc".encode("latin-1")],
)
def test_without_the_token_nothing_but_the_page(locked, shown):
    headers = {} if shown is None else {"Authorization": shown}
    for path in ("/api/v1/styles", "/api/v1/options", "/metrics", "/api/v1/jobs/x"):
        answer = locked.get(path, headers=headers)
        assert (answer.status_code, answer.json()["kind"]) == (401, "token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert locked.post("/api/v1/stylize", **form(PHOTO, headers=headers)).status_code == 401
    assert all(locked.get(path).status_code == 200 for path in ("/", "/healthz", "/readyz"))


def test_with_the_token(locked):
    assert locked.post("/api/v1/stylize", **form(PHOTO, headers={"Authorization": f"Bearer {TOKEN}"})).is_success


def test_a_page_shows_the_token_once():
    with Served(token=TOKEN) as served:
        assert served.get("/api/v1/session").json() == {"token_needed": True, "let_in": False}
        assert served.post("/api/v1/session", data={"token": "wrong"}).status_code == 401
        answer = served.post("/api/v1/session", data={"token": TOKEN})
        cookie = answer.headers["set-cookie"]
        assert answer.status_code == 204 and "HttpOnly" in cookie and "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert served.get("/api/v1/session").json()["let_in"] and served.get("/api/v1/styles").is_success
        served.delete("/api/v1/session")
        assert served.get("/api/v1/styles").status_code == 401


def test_requests_are_logged_without_what_is_secret(locked):
    locked.get("/api/v1/styles?token=secret", headers={"Authorization": "Bearer secret"})
    assert "GET /api/v1/styles 401" in locked.log[-1] and "secret" not in locked.log[-1]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_an_address_that_others_reach_needs_a_token_or_a_word(host, tmp_path):
    with pytest.raises(OptionError, match="others reach it"):
        ServeOptions(host=host)
    ServeOptions(host=host, no_token=True)
    ServeOptions(host=host, token_file=tmp_path / "token")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_alone_needs_none(host):
    assert ServeOptions(host=host).token() is None


def test_tokens_of_files(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert ServeOptions(token_file=path).token() == TOKEN
    for wrong in ("", "short", "a b" * 10, "\xfc" * 20):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(OptionError, match="no token of 16"):
            ServeOptions(token_file=path).token()
    with pytest.raises(OptionError, match="cannot be read"):
        ServeOptions(token_file=tmp_path / "none").token()
    with pytest.raises(OptionError, match="no token: there is one"):
        ServeOptions(token_file=path, no_token=True)
