"""The workbench from outside: pages in both languages, where it is on, who is let in, and what is never kept."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import fixtures
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.engine import Database
from cds_service.store.memory import Memory
from cds_service.web.app import create_app
from cds_service.web.workbench import POLICY, is_on
from cds_service.workbench import words
from cds_service.workbench.page import markdown
from cds_service.workbench.situations import Wanted, listed
from tests.build import NOW

BONE = "bone-modifying-agents"
FIRST = "zoledronic-acid-dose-above-row"
PAGES = ["try", f"try?situation={FIRST}&strips=1", "knowledge", "knowledge/guideline", "compare", "report", "api"]
# Stands nowhere but in the request of a test.
SECRET = "Zaphod-Beeblebrox-7741"


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


def get(client: FlaskClient, path: str, **headers: str) -> Any:
    return client.get(f"/workbench/{path}", headers={name.replace("_", "-"): value for name, value in headers.items()})


def own(text: str | None = None, **more: str) -> dict[str, str]:
    """The form of a pasted request."""
    return {"text": fixtures.load(FIRST).request.decode() if text is None else text, "service": BONE, **more}


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


# Words


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    told = {tag: load_as(words.FOLDER / f"{tag}.yaml", dict[str, str]) for tag in LANGUAGES}
    assert list(told["en"]) == list(told["zh-CN"])
    gaps = {tag: {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in told[tag].items()} for tag in LANGUAGES}
    assert gaps["en"] == gaps["zh-CN"]


def test_every_word_is_used_and_every_word_used_is_there() -> None:
    folder = Path(words.__file__).parent
    code = "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.suffix in (".j2", ".py"))
    code += "".join(
        (folder.parent / "web" / f"{name}.py").read_text("utf-8") for name in ("pages", "try_views", "drawing")
    )
    told = set(load_as(words.FOLDER / "en.yaml", dict[str, str]))
    made = set(re.findall(r'"([a-z]+)-" ~ ', code)) | {"indicator", "kind", "problem", "sign", "cause"}
    used = set(re.findall(r'\bw\("([\w-]+)"[,)]', code))
    assert used - told == set()
    assert {key for key in told - used if f'"{key}"' not in code and key.split("-")[0] not in made} == set()


# Pages


@pytest.mark.parametrize("tag", ["zh", "ZH_Hans", "zh-CN"])
def test_a_language_is_read_as_everywhere(client: FlaskClient, tag: str) -> None:
    assert get(client, f"try?lang={tag}").headers["Content-Language"] == "zh-CN"
    assert Wanted(language=tag).fits(listed("chinese-dose-in-words"), "")  # type: ignore[arg-type]
    assert not Wanted(language=tag).fits(listed("denosumab-calcium-low"), "")  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_in_the_language_asked_for_and_loads_nothing_foreign(
    client: FlaskClient, path: str, tag: str
) -> None:
    answer = get(client, f"{path}{'&' if '?' in path else '?'}lang={tag}")
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, tag)
    page = Elements(answer.text).found
    assert ("html", {"lang": tag}) in page
    assert [tag for tag, _ in page].count("h1") == 1
    assert not [it for it in page if it[0] == "style" or "style" in it[1] or any(a.startswith("on") for a in it[1])]
    assert all(attributes.get("src") for name, attributes in page if name == "script")
    loaded = [a.get("src") or a.get("href") or "" for name, a in page if name in ("script", "link", "img", "iframe")]
    assert loaded
    assert not [each for each in loaded if "//" in each]
    ids = [a["id"] for _, a in page if "id" in a]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_the_policy_and_is_not_kept(client: FlaskClient, path: str) -> None:
    for answer in (get(client, path), get(client, "static/bench.css"), get(client, "nowhere"), get(client, "api.json")):
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "unsafe" not in POLICY


@pytest.mark.parametrize("path", ["try", "knowledge", "knowledge/guideline", "report", "api"])
def test_every_page_is_there_as_data(client: FlaskClient, path: str) -> None:
    answer = get(client, f"{path}.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_topic_has_a_page_without_a_dead_link(client: FlaskClient, edition: Edition, tag: str) -> None:
    names = set(fixtures.names())
    for topic in edition.recommendations:
        answer = get(client, f"knowledge/{topic}?lang={tag}")
        assert answer.status_code == 200, topic
        page = Elements(answer.text).found
        ids = {a.get("id") for _, a in page}
        for address in (a["href"] or "" for name, a in page if name == "a"):
            if address.startswith("#"):
                assert address[1:] in ids, (topic, address)
            elif found := re.search(r"situation=([\w-]+)", address):
                assert found[1] in names
            elif found := re.search(r"knowledge/([\w-]+)\?", address):
                assert found[1] in {*edition.recommendations, "guideline"}
        assert get(client, f"knowledge/{topic}.json").get_json()["page"]["rule"]["topic"] == topic


def test_a_topic_page_shows_what_its_rule_says_at_every_limit(client: FlaskClient) -> None:
    page = get(client, "knowledge/bisphosphonate-renal-dose.json").get_json()
    told = {point: said["sentence"] for point, said in next(d["rows"] for d in page["decisions"])}
    assert "not recommended" in told["29.9"]
    assert "above 3 mg" in told["30"]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_services_are_told_in_the_language_of_the_page_and_discovery_is_english(
    client: FlaskClient, edition: Edition, tag: LanguageTag
) -> None:
    found = client.get("/cds-services", headers={"Accept-Language": tag}).get_json()["services"]
    english = {each["id"]: [each["title"], each["description"], each["usageRequirements"]] for each in found}
    page = get(client, f"api?lang={tag}").text
    told = {
        each["id"]: [each["title"], each["description"], each["usage"]]
        for each in get(client, f"api.json?lang={tag}").get_json()["services"]
    }
    for service, texts in told.items():
        assert (texts == english[service]) == (tag == "en")
        assert all(re.search("[\u4e00-\u9fff]", text) for text in texts) == (tag == "zh-CN")
        assert [text for text in texts if text not in page] == []


def test_what_is_not_there_is_told_in_a_page_and_never_echoed(client: FlaskClient) -> None:
    for path in ("knowledge/<script>", "knowledge/nothing", f"try?situation={SECRET}", "try?situation=../cards"):
        answer = get(client, path)
        assert answer.status_code == 404
        assert SECRET not in answer.text
        assert "<script>" not in answer.text.replace('<script type="module" src="', "")


# Try


@pytest.mark.parametrize("tag", LANGUAGES)
def test_sizes_of_lesions_stand_in_a_table(client: FlaskClient, tag: str) -> None:
    page = get(client, f"try?situation=review-size-up-by-68-per-cent&lang={tag}").text
    rows = page.split('<table class="lesions">')[1].split("</table>")[0].split("<tr>")[2:]
    first, second = (" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows)
    assert re.search("“Left ilium” 2025-11-22 .* 20 × 15 300", first)
    assert re.search(r"“Left ilium” 2026-02-25 .* 28 × 18 504 \+68 % 2025-11-22", second)


def cards_of(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = get(client, f"try.json?{query}").get_json()["view"]["cards"]
    return held


@pytest.mark.parametrize("name", [s.name for s in fixtures.situations() if s.story.status == 200][::6])
def test_a_dry_run_shows_the_cards_the_hook_sends(client: FlaskClient, name: str) -> None:
    situation = fixtures.load(name)
    shown = cards_of(client, f"situation={name}&lang={situation.story.language}")
    assert [(c["summary"], c["indicator"]) for c in shown] == [
        (c["summary"], c["indicator"]) for c in situation.response["cards"]
    ]


def test_a_number_moved_moves_the_answer(client: FlaskClient) -> None:
    assert cards_of(client, f"situation={FIRST}&k.dose=3.3") == []
    (card,) = cards_of(client, f"situation={FIRST}&k.creatinine=1.9")
    assert card["indicator"] == "critical"
    page = get(client, f"try?situation={FIRST}&k.dose=3.3")
    assert "This is not the same as" in page.text


@pytest.mark.parametrize("typed", ["", "much", "NaN", "Infinity", "1e9999999", "-5", "9" * 400, "1.15"])
def test_whatever_is_typed_is_a_number_of_the_slider_or_nothing(client: FlaskClient, typed: str) -> None:
    answer = get(client, f"try.json?situation={FIRST}&k.creatinine={typed}&k.nothing=3")
    (stands,) = (
        float(each["stands"]) for each in answer.get_json()["view"]["knobs"] if each["knob"]["key"] == "creatinine"
    )
    assert 0.3 <= stands <= 6


def test_each_look_is_what_that_client_gets(client: FlaskClient) -> None:
    generic, epic = (cards_of(client, f"situation={FIRST}&look={look}") for look in ("generic", "epic"))
    assert generic[0]["source"]["topic"]["code"] == "bisphosphonate-renal-dose"
    assert epic[0]["source"]["topic"]["code"] == "bisphosphonaterenaldose"
    assert "look-epic" in get(client, f"try?situation={FIRST}&look=epic").text


def test_a_search_finds_by_title_topic_and_dialect_without_script(client: FlaskClient) -> None:
    found = Elements(get(client, "try?q=zoled&topic=bisphosphonate-renal-dose&dialect=R5").text).found
    listed = [
        a["href"]
        for name, a in found
        if name == "a" and "situation=" in (a.get("href") or "") and "data-" not in str(a)
    ]
    assert any("version-r5-zoledronic-acid" in each for each in listed if each)
    assert not any("denosumab" in each for each in listed if each)


def test_the_crosshair_leads_to_the_resource(client: FlaskClient) -> None:
    page = get(client, f"try?situation={FIRST}").text
    (place,) = set(
        re.findall(r'href="#(resource-\d+)"><span aria-hidden="true">◎</span> Observation/creatinine<', page)
    )
    assert re.search(rf'id="{place}"><summary><code>Observation/creatinine</code>', page)


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("", "$", "The body is empty"),
        ("{", "$", "not well-formed JSON"),
        ("[]", "$", ""),
        ('{"hook": "patient-view"}', "hook", ""),
        ("[" * 5_000, "$", ""),
    ],
)
def test_a_request_that_is_refused_is_told_where_and_why(client: FlaskClient, text: str, where: str, said: str) -> None:
    answer = client.post("/workbench/try", data=own(text))
    assert answer.status_code == 200
    assert 'class="problem"' in answer.text
    assert said in answer.text
    problem = client.post("/workbench/try.json", data=own(text)).get_json()["problem"]
    assert problem["status"] == 400
    assert any(where in (issue.get("where") or "") for issue in problem["issues"]) or where == "hook"


def test_a_request_of_one_s_own_may_begin_with_a_mark_and_has_sliders(client: FlaskClient) -> None:
    text = "\ufeff" + fixtures.load(FIRST).request_at(NOW).decode()
    told = client.post("/workbench/try.json", data=own(text, **{"k.dose": "3.3"})).get_json()
    assert told["view"]["cards"] == []
    assert {each["knob"]["key"] for each in told["view"]["knobs"]} >= {"dose", "creatinine", "weight", "age"}


def test_a_service_that_is_not_there_is_told(client: FlaskClient) -> None:
    assert client.post("/workbench/try.json", data=own(service="nothing")).get_json()["problem"]["status"] == 404


def test_the_request_to_fire_is_a_new_call_of_today(client: FlaskClient) -> None:
    form = {"situation": FIRST, "k.creatinine": "1.9"}
    first, second = (json.loads(client.post("/workbench/try/request", data=form).data) for _ in range(2))
    assert first["hookInstance"] != second["hookInstance"]
    sent = json.dumps(first)
    assert "1.9" in sent
    assert f'"{NOW.date().isoformat()}"' in sent
    answer = client.post(f"/cds-services/{BONE}", data=sent, content_type="application/json")
    (card,) = answer.get_json()["cards"]
    drawn = client.post(
        "/workbench/try/fired", data={"status": "200", "ms": "3", "response": answer.text, "service": BONE}
    )
    assert f'data-card="{card["uuid"]}"' in drawn.text
    assert "data-suggestion" in drawn.text


@pytest.mark.parametrize("response", ["", "{", "[]", '{"cards": [{}]}', '{"cards": 3}', "[" * 4000])
def test_what_is_no_answer_of_a_service_is_not_drawn(client: FlaskClient, response: str) -> None:
    for status in ("200", "412", "500"):
        drawn = client.post("/workbench/try/fired", data={"status": status, "ms": "x", "response": response})
        assert drawn.status_code == 200
        assert 'class="problem"' in drawn.text
    assert client.post("/workbench/try/fired", data={"status": "many", "response": "{}"}).status_code == 400


# Inert


def test_text_of_the_request_stays_text(client: FlaskClient) -> None:
    markup = '<img src=x onerror="alert(1)"><script>alert(2)</script> [here](javascript:alert(3))'
    document = json.loads(fixtures.load(FIRST).request_at(NOW))
    draft = document["context"]["draftOrders"]["entry"][0]["resource"]
    draft["medicationCodeableConcept"] = {"text": f"zoledronic acid {markup}"}
    draft["id"] = '"><b>x'
    document["prefetch"]["patient"]["name"] = [{"text": markup}]
    document["prefetch"]["laboratory"]["entry"][0]["resource"]["id"] = markup
    for path in ("try", "try/answer", "try/strips"):
        text = client.post(f"/workbench/{path}", data=own(json.dumps(document))).text
        page = Elements(text).found
        assert not [name for name, _ in page if name in ("img", "b", "iframe", "object")] or path == "try/strips"
        assert not [a for _, a in page if any(each.startswith("on") for each in a)]
        assert not [a for _, a in page if (a.get("href") or a.get("src") or "").startswith(("javascript:", "data:"))]
        assert text.count("<script") == (path == "try")


def test_markdown_of_a_card_loads_and_links_nothing() -> None:
    made = markdown("**b** <i>x</i> [a](https://x.example) ![p](https://x.example/p.png) <https://x.example> &lt;")
    assert "<strong>b</strong>" in made
    assert not set(re.findall(r"<(\w+)", made)) - {"p", "strong"}


# Kept nowhere


def test_a_pasted_request_is_not_logged_stored_or_put_into_an_address(
    edition: Edition, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'cds.sqlite3'}")
    memory = Memory.open(settings, None)
    client = create_app(settings, edition, lambda: NOW, memory).test_client()
    document = json.loads(fixtures.load(FIRST).request_at(NOW))
    document["prefetch"]["patient"]["name"] = [{"text": SECRET}]
    document["context"]["patientId"] = SECRET
    broken = json.dumps(document)[:-20]
    with caplog.at_level(logging.DEBUG):
        for text in (json.dumps(document), broken, SECRET):
            for path in ("try", "try.json", "try/answer", "try/strips", "try/request"):
                answer = client.post(f"/workbench/{path}", data=own(text))
                assert answer.status_code == 200
                shown = answer.text.replace("&#34;", '"')
                assert not [a for a in re.findall(r'(?:href|action)="([^"]*)"', shown) if SECRET in a]
    assert SECRET not in caplog.text
    memory.close(5)
    assert not [p for p in tmp_path.iterdir() if SECRET.encode() in p.read_bytes()]
    with Database(memory.database.url, 1).engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM call").scalar_one() == 0


def test_a_form_of_several_parts_is_refused_for_it_could_reach_the_disk(client: FlaskClient) -> None:
    answer = client.post("/workbench/try", data=own(), content_type="multipart/form-data")
    assert answer.status_code == 415


def test_a_request_as_large_as_a_call_may_be_is_read(client: FlaskClient) -> None:
    padded = fixtures.load(FIRST).request_at(NOW).decode() + " " * 600_000
    assert client.post("/workbench/try.json", data=own(padded)).get_json()["view"]["cards"]
    assert client.post("/workbench/try", data=own("x" * 6_000_000)).status_code == 413


# Who comes in


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "10.1.2.3", "a.localhost"]
)
def test_it_answers_to_its_own_names(client: FlaskClient, host: str) -> None:
    assert get(client, "api", Host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "x:1:2", ""])
def test_a_name_that_is_not_its_own_is_refused(client: FlaskClient, host: str) -> None:
    assert get(client, "api", Host=host).status_code in (400, 421)
    assert client.get("/cds-services", headers={"Host": host or "localhost"}).status_code == 200


def test_its_public_name_is_its_own(edition: Edition) -> None:
    client = create_app(Settings(public_url="https://cds.hospital.example"), edition, lambda: NOW).test_client()
    assert get(client, "api", Host="cds.hospital.example").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_form_of_another_site_is_refused(client: FlaskClient, site: str) -> None:
    for path in ("try", "try/answer", "try/request", "compare"):
        answer = client.post(f"/workbench/{path}", data=own(), headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403
    assert client.post("/workbench/try", data=own(), headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


# On and off


def test_a_browser_is_led_to_it_and_a_program_is_not(client: FlaskClient) -> None:
    led = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (led.status_code, led.headers["Location"]) == (303, "workbench/try")
    for accept in ("*/*", "application/json", ""):
        answer = client.get("/", headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("profile", "said", "on"),
    [
        ("development", None, True),
        ("development", "off", False),
        ("development", "on", True),
        ("production", None, False),
        ("production", "on", True),
    ],
)
def test_it_is_on_in_development_and_off_in_production(profile: Any, said: Any, on: bool) -> None:
    settings = Settings(profile=profile)
    assert is_on(dataclasses.replace(settings, workbench=said) if said else settings) is on


def test_where_it_is_off_nothing_of_it_is_there_or_imported() -> None:
    code = (
        "import sys; from cds_service.web.app import create_app; from cds_service.site.settings import Settings;"
        "client = create_app(Settings(workbench='off')).test_client();"
        "html = {'Accept': 'text/html'};"
        "print(client.get('/', headers=html).status_code, client.get('/workbench/try', headers=html).status_code,"
        " [m for m in sys.modules if m.startswith(('cds_service.workbench', 'markdown_it', 'cds_service.review'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert done.stdout.strip() == "404 404 []"
