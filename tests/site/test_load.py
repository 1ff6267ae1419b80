"""The site file: what it may say, what stops the start, and what it changes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cds_service.base.complaints import ContentError, SettingsError
from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.knowledge.model import Parameters
from cds_service.knowledge.terminology import Terminology
from cds_service.site.check import Known, complaints
from cds_service.site.load import apply, apply_windows, rows
from cds_service.site.model import NO_SITE, Site
from cds_service.site.settings import Settings
from tests.asked import site_of
from tests.site.made import EXAMPLE, known_of, site

DENTAL = "dental-exam-before-bma"
DOSE = "bisphosphonate-renal-dose"
HIS = "https://his.example.org/drugs"
A_DRUG = {"system": HIS, "code": "L-1", "concept": "zoledronic-acid", "domain": "drug"}


@pytest.fixture(scope="module")
def known(edition: Edition) -> Known:
    return known_of(edition)


def test_the_example_is_usable_and_shows_every_key(known: Known) -> None:
    example = site_of(EXAMPLE, known)

    assert all(getattr(example, field) for field in Site.__struct_fields__)
    used = {f for c in example.clients for f in type(c).__struct_fields__ if getattr(c, f)}
    assert used == set(type(example.clients[0]).__struct_fields__)


def test_the_path_is_a_setting(tmp_path: Path) -> None:
    assert Settings.from_env({"CDS_SITE_FILE": str(EXAMPLE)}).site_file == EXAMPLE
    with pytest.raises(SettingsError, match="CDS_SITE_FILE"):
        Settings.from_env({"CDS_SITE_FILE": str(tmp_path / "none.yaml")})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("topics:\n  denosumab-dose: on\n  denosumab-dose: off\n", ":3: the key 'denosumab-dose' stands twice"),
        ("windows:\n  renal: 21\ntopic: {}\n", ":3: unknown key 'topic'. Remedy: did you mean 'topics'"),
        (
            "topics: {}\ndefault_language: zh-CN\n",
            ":2: 'default_language' is no longer a key. Remedy: set CDS_DEFAULT_LANGUAGE",
        ),
        (
            "acetaminophen_daily_maximum_g: 2\n",
            ":1: 'acetaminophen_daily_maximum_g' is no longer a key. Remedy: delete",
        ),
        ("windows:\n  renal: 91\n", ":2: renal is 91, outside 1 to 90 d"),
        (
            "topics:\n  denosumab-dos: off\n",
            ":2: there is no topic 'denosumab-dos'. Remedy: did you mean denosumab-dose",
        ),
        ("topics:\n  denosumab-dose: no\n", ":2: wrong value"),
        (
            "clients:\n  - name: a\n    algorithms:\n      - HS256\n",
            ":4: wrong value: Invalid enum value 'HS256'. Remedy: write one of: ES384, RS384, ES256, RS256",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_remedy(known: Known, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ContentError) as caught:
        site_of(file, known)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"clients": [{"name": "a"}, {"name": "b"}]}, "place of all other callers"),
        ({"clients": [{"name": "a", "issuer": "i"}, {"name": "b", "issuer": "i"}]}, "the issuer i"),
        (
            {
                "clients": [
                    {"name": "a", "fhir_servers": ["https://e.example/r4"]},
                    {"name": "b", "fhir_servers": ["https://e.example/r4/"]},
                ]
            },
            "FHIR server https://e.example/r4",
        ),
        ({"clients": [{"name": "a", "fhir_servers": ["http://ehr.example/r4"]}]}, "neither https"),
        ({"clients": [{"name": "a", "fhir_servers": ["https://u@ehr.example/r4"]}]}, "only letters"),
        ({"clients": [{"name": "a", "fhir_servers": ["https://ehr.example/a/../b"]}]}, "only letters"),
        ({"clients": [{"name": "a", "fhir_servers": ["https:///r4"]}]}, "no host name"),
        ({"clients": [{"name": "a", "fhir_servers": ["https://ehr.example:x/r4"]}]}, "not a URL"),
        ({"clients": [{"name": "a", "links": ["javascript:x"]}]}, "no host name"),
        ({"clients": [{"name": "a", "popup_topics": ["dose"]}]}, "no topic 'dose'"),
        ({"code_systems": {"https://his.example.org": "icd"}}, "no code system 'icd'"),
        ({"codes": [A_DRUG | {"concept": "zoledronate"}]}, "no concept 'zoledronate'"),
        ({"codes": [A_DRUG | {"domain": "condition"}]}, "domain drug"),
        ({"codes": [A_DRUG | {"product": "gold"}]}, "no product of zoledronic-acid"),
        ({"codes": [A_DRUG | {"code": " "}]}, "empty"),
        ({"codes": [A_DRUG, A_DRUG]}, "stands twice"),
        ({"names": [{"text": "唑", "lang": "zh", "concept": "zoledronic-acid", "domain": "drug"}]}, "too short"),
        ({"names": [{"text": "...", "lang": "en", "concept": "zoledronic-acid", "domain": "drug"}]}, "too short"),
        (
            {"names": [{"text": "唑来膦酸", "lang": "en", "concept": "zoledronic-acid", "domain": "drug"}]},
            "language en",
        ),
        ({"parameters": {"dental": {}}}, "no topic 'dental'"),
        ({"parameters": {DENTAL: {"lookback": 100}}}, "no parameter of"),
        ({"parameters": {DENTAL: {"look_back": 29}}}, "outside 30 to 366"),
        ({"parameters": {DENTAL: {"look_back": "90.5"}}}, "not a whole number"),
        ({"parameters": {"denosumab-dose": {"dose": 60}}}, "a number of the guideline"),
        ({"topics": {"not-evaluated": "off"}}, "cannot be switched"),
        ({"windows": {"calcum": 14}}, "did you mean calcium"),
        ({"preference_list": {"zoledronate": []}}, "no orderable 'zoledronate'"),
    ],
)
def test_what_does_not_fit_the_content_is_refused(known: Known, members: dict[str, Any], said: str) -> None:
    found = list(complaints(site(**members), known))

    assert len(found) == 1
    assert said in f"{found[0].what} {found[0].remedy}"


def test_bounds_belong_to_what_is_allowed(known: Known) -> None:
    for value in (30, 366):
        assert list(complaints(site(parameters={DENTAL: {"look_back": value}}), known)) == []


def test_this_machine_may_be_asked_without_tls(known: Known) -> None:
    local = site(clients=[{"name": "sandbox", "fhir_servers": ["http://127.0.0.1:8080/fhir", "http://[::1]/fhir"]}])
    assert list(complaints(local, known)) == []


def test_an_empty_site_changes_nothing(edition: Edition) -> None:
    assert apply(edition.recommendations, NO_SITE) == edition.recommendations
    assert apply_windows(edition.readers.measurements, NO_SITE) == edition.readers.measurements
    assert rows(NO_SITE) == ()


def test_numbers_are_the_sites(edition: Edition) -> None:
    made = apply(edition.recommendations, site(parameters={DENTAL: {"look_back": 90}}))

    assert Parameters(made[DENTAL]).days("look_back") == 90
    assert Parameters(edition.recommendations[DENTAL]).number("look_back") == Fraction(180)


def test_windows_are_the_sites(edition: Edition) -> None:
    made = apply_windows(edition.readers.measurements, site(windows={"renal": 21, "calcium": 14})).windows

    assert [int(made[name].value) for name in ("renal", "calcium", "weight")] == [21, 14, 180]


def test_topics_off_are_gone(edition: Edition) -> None:
    chosen = site(topics={DENTAL: "off", "infusion-time": "on"})
    made = apply(edition.recommendations, chosen)

    assert set(edition.recommendations) - set(made) == {DENTAL}


def test_with_the_label_ibandronate_has_no_row_and_is_no_alternative(edition: Edition) -> None:
    seen = Parameters(apply(edition.recommendations, site(ibandronate="label"))[DOSE])

    assert seen.bands("table_2", "ibandronate") == []
    assert "ibandronate" not in seen.drugs("table_2")
    assert seen.bands("table_2", "pamidronate") != []
    assert Parameters(edition.recommendations[DOSE]).bands("table_2", "ibandronate") != []


def test_local_codes_and_names_are_recognised_and_never_emitted(known: Known) -> None:
    local = load_as(EXAMPLE, Site)
    made = Terminology.load(content_root() / "codelists", system_aliases=local.code_systems, extra_rows=rows(local))

    drug = made.match("drug", [(f"{HIS}/", "LOCAL-0001", None)], None)[0]
    assert (drug.concept, drug.product) == ("zoledronic-acid", "onc-4mg")
    assert [m.concept for m in made.match("drug", [], "院内唑膦注射剂 4mg")] == ["zoledronic-acid"]
    assert [m.concept for m in made.match("procedure", [], "Dental checkup for oncology")] == ["dental-examination"]
    assert [
        m.concept for m in made.match("condition", [("https://his.example.org/icd10-yibao", "C34.100", None)], None)
    ] == ["lung-cancer"]
    assert not made.has_verified("zoledronic-acid", HIS, "LOCAL-0001")
    assert made.codes("zoledronic-acid", HIS) == ()


def test_a_local_code_in_a_known_system_is_compared_as_that_system_is(known: Known) -> None:
    made = Terminology.load(
        content_root() / "codelists",
        extra_rows=rows(
            site(
                codes=[
                    {
                        "system": "urn:oid:2.16.840.1.113883.6.90",
                        "code": "Z99.X1",
                        "concept": "dialysis",
                        "domain": "condition",
                    }
                ]
            )
        ),
    )
    assert [
        m.concept for m in made.match("condition", [("http://hl7.org/fhir/sid/icd-10-cm", "Z99X1", None)], None)
    ] == ["dialysis"]


def test_a_call_is_led_to_one_client() -> None:
    made = site(
        clients=[
            {"name": "a", "fhir_servers": ["https://a.example"]},
            {"name": "b", "fhir_servers": ["https://b.example/r4/"], "private": True},
            {"name": "rest"},
        ]
    )

    def named(server: str | None) -> str | None:
        found = made.client_at(server)
        return found and found.name

    assert named("https://a.example/") == "a"
    assert named("https://b.example/r4") == "b"
    assert named("https://b.example/r4x") == "rest"
    assert named(None) == "rest"
    assert NO_SITE.client_at("https://a.example") is None
