"""Every stored answer as each client gets it: still a valid response, with the same ids."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Annotated, Any, Literal

import msgspec
import pytest

from cds_service.deliver.profiles import Offered, epic_code, transform
from cds_service.edition import Edition
from cds_service.fixtures import load, situations
from cds_service.render.model import CodingOut, Response, Text, Wire
from cds_service.site.address import inside
from cds_service.site.model import Client, Site
from cds_service.tools.validate import errors_of
from tests.site.made import client, site

Json = dict[str, Any]
ANSWERED = [s for s in situations() if s.story.status == 200 and s.response["cards"]]
EPIC, ORACLE = client(profile="epic"), client(profile="oracle")
LIST = "https://ehr.example.org/preference-list"
RESPONSES = pytest.mark.parametrize("situation", ANSWERED, ids=lambda s: s.name)


class EpicAction(Wire, frozen=True):
    """What Epic documents of an action: create or delete, and its text."""

    type: Literal["create", "delete"]
    description: Text
    resource: dict[str, Any] | None = None
    resource_id: Text | None = None


class EpicSuggestion(Wire, frozen=True):
    label: Text
    uuid: Text
    actions: Annotated[list[EpicAction], msgspec.Meta(min_length=1, max_length=1)]
    is_recommended: bool = False


class EpicTopic(Wire, frozen=True):
    system: Text
    code: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{1,100}$")]
    display: Text


class EpicSource(Wire, frozen=True):
    label: Text
    topic: EpicTopic
    url: Text | None = None


class EpicCard(Wire, frozen=True):
    uuid: Text
    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=139)]
    indicator: Literal["info", "warning", "critical"]
    source: EpicSource
    detail: Text
    suggestions: list[EpicSuggestion] = []
    selection_behavior: Literal["any"] | None = None
    override_reasons: Annotated[list[CodingOut], msgspec.Meta(max_length=6)] = []


class EpicResponse(Wire, frozen=True):
    cards: list[EpicCard]


def records(*doses: float | None) -> list[Json]:
    return [
        {"system": LIST, "code": f"PL-{n}", "display": "record"} | ({} if dose is None else {"dose": dose})
        for n, dose in enumerate(doses)
    ]


def full_list(edition: Edition) -> Site:
    """A site whose preference list has every orderable, at every dose a card could name."""
    doses = (None, 1000, 120, 3.3, 3.5, *range(1, 101))
    return site(preference_list={name: records(*doses) for name in edition.knowledge.orderables})


def offered(edition: Edition, chosen: Site) -> Offered:
    return Offered.of(edition.knowledge, chosen)


@pytest.fixture(scope="module")
def everything(edition: Edition) -> Offered:
    return offered(edition, full_list(edition))


@pytest.fixture(scope="module")
def nothing(edition: Edition) -> Offered:
    return offered(edition, site())


def sent(name: str, to: Client, what: Offered) -> list[Json]:
    made: list[Json] = transform(load(name).response, to, "en", what)["cards"]
    return made


def suggestions(card: Json) -> list[tuple[str, str]]:
    return [(a["type"], a["description"]) for s in card.get("suggestions", []) for a in s["actions"]]


@RESPONSES
def test_generic_and_sandbox_get_it_as_it_is(situation: Any, nothing: Offered) -> None:
    for to in (None, client(), client(profile="sandbox")):
        assert transform(situation.response, to, "en", nothing) == situation.response


@RESPONSES
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_epic_gets_what_epic_documents(situation: Any, language: str, everything: Offered, nothing: Offered) -> None:
    given = copy.deepcopy(situation.response)
    for what in (everything, nothing):
        made = transform(situation.response, EPIC, language, what)

        msgspec.convert(made, EpicResponse)
        assert [c["uuid"] for c in made["cards"]] == [c["uuid"] for c in given["cards"]]
        ids = Counter(s["uuid"] for c in made["cards"] for s in c.get("suggestions", []))
        assert all(count == 1 for count in ids.values())
    assert situation.response == given


@RESPONSES
def test_what_epic_can_create_keeps_its_id_and_stays_valid(situation: Any, everything: Offered) -> None:
    for before, after in zip(
        situation.response["cards"], transform(situation.response, EPIC, "en", everything)["cards"], strict=True
    ):
        kept = [s["uuid"] for s in before.get("suggestions", []) if {a["type"] for a in s["actions"]} != {"update"}]
        assert [u for u in (s["uuid"] for s in after.get("suggestions", [])) if u in kept] == kept
        for action in (a for s in after.get("suggestions", []) for a in s["actions"] if a["type"] == "create"):
            assert errors_of(action["resource"], situation.story.dialect) == ()
            assert LIST in json.dumps(action["resource"])


@RESPONSES
def test_oracle_gets_a_valid_answer_without_what_is_not_registered(situation: Any, nothing: Offered) -> None:
    made = transform(situation.response, ORACLE, "en", nothing)

    msgspec.convert(made, Response)
    assert all(c["indicator"] != "critical" and "url" not in c["source"] for c in made["cards"])
    assert [c["uuid"] for c in made["cards"]] == [c["uuid"] for c in situation.response["cards"]]


def test_topic_codes_stay_apart_without_hyphens(edition: Edition) -> None:
    codes = {epic_code(topic) for topic in edition.knowledge.guideline.recommendations}

    assert len(codes) == len(edition.knowledge.guideline.recommendations)
    assert all(code.isascii() and code.isalnum() and len(code) <= 100 for code in codes)


def test_orderables_are_told_apart_by_their_codes(edition: Edition) -> None:
    codes = [
        (o.resource, frozenset((c.system, c.code) for c in o.coding)) for o in edition.knowledge.orderables.values()
    ]
    assert len(set(codes)) == len(codes)


def replacement(edition: Edition) -> str:
    """A stored answer that offers other drugs in place of the order."""
    return next(
        s.name
        for s in ANSWERED
        if any(
            {a["type"] for a in g["actions"]} == {"delete", "create"} and len(c["suggestions"]) > 2
            for c in s.response["cards"]
            for g in c.get("suggestions", [])
        )
    )


def test_a_replacement_beside_its_removal_becomes_the_new_order_alone(edition: Edition, everything: Offered) -> None:
    card = next(c for c in sent(replacement(edition), EPIC, everything) if len(c.get("suggestions", [])) > 2)

    assert [kind for kind, _ in suggestions(card)].count("delete") == 1
    created = [text for kind, text in suggestions(card) if kind == "create"]
    assert created
    assert all("remove the present order as well" in text for text in created)


def test_a_replacement_without_its_removal_becomes_two_parts_that_name_each_other(everything: Offered) -> None:
    card = sent("denosumab-60-mg-for-bone-metastasis", EPIC, everything)[0]
    (kind_1, text_1), (kind_2, text_2) = suggestions(card)

    assert (kind_1, kind_2) == ("delete", "create")
    assert "removes the present order, it adds none" in text_1
    assert "adds the new order; remove the present order as well" in text_2


def test_a_record_with_another_dose_never_stands_for_the_cards(edition: Edition) -> None:
    for doses, kinds in (((60,), []), ((None,), []), ((60, 120), ["delete", "create"])):
        what = offered(edition, site(preference_list={"denosumab": records(*doses)}))
        card = sent("denosumab-60-mg-for-bone-metastasis", EPIC, what)[0]

        assert [kind for kind, _ in suggestions(card)] == kinds
        if kinds:
            drug = card["suggestions"][1]["actions"][0]["resource"]["medicationCodeableConcept"]
            assert drug["coding"] == [{"system": LIST, "code": "PL-1", "display": "record"}]
        else:
            assert "selectionBehavior" not in card


def test_a_dose_range_takes_a_record_within_it(edition: Edition) -> None:
    stored = next(
        s.name for s in ANSWERED if any("doseRange" in json.dumps(c.get("suggestions")) for c in s.response["cards"])
    )
    for dose, there in ((799, False), (800, True), (1200, True), (1201, False)):
        what = offered(edition, site(preference_list={"vitamin-d": records(dose)}))
        found = any(kind == "create" for card in sent(stored, EPIC, what) for kind, _ in suggestions(card))
        assert found is there


def test_one_of_several_new_orders_may_stand_alone(edition: Edition) -> None:
    stored = next(
        s.name
        for s in ANSWERED
        if any(
            [a["type"] for a in g["actions"]] == ["create", "create"]
            for c in s.response["cards"]
            for g in c.get("suggestions", [])
        )
    )
    both = offered(edition, site(preference_list={"calcium": records(None), "albumin": records(None)}))
    one = offered(edition, site(preference_list={"albumin": records(None)}))

    assert sum(len(suggestions(c)) for c in sent(stored, EPIC, both)) == 2
    assert sum(len(suggestions(c)) for c in sent(stored, EPIC, one)) == 1


def test_what_is_no_orderable_of_ours_is_left_out(nothing: Offered) -> None:
    response = copy.deepcopy(load("denosumab-60-mg-for-bone-metastasis").response)
    action = response["cards"][0]["suggestions"][0]["actions"][1]
    action["resource"]["medicationCodeableConcept"]["coding"][0]["code"] = "other"

    assert "suggestions" not in transform(response, EPIC, "en", nothing)["cards"][0]


def test_suggestions_for_r5_stay_r5(everything: Offered) -> None:
    response = copy.deepcopy(load("denosumab-60-mg-for-bone-metastasis").response)
    resource = response["cards"][0]["suggestions"][0]["actions"][1]["resource"]
    resource["medication"] = {"concept": resource.pop("medicationCodeableConcept")}

    made = transform(response, EPIC, "en", everything)["cards"][0]["suggestions"][1]["actions"][0]["resource"]
    assert made["medication"]["concept"]["coding"][0]["system"] == LIST
    assert made["medication"]["concept"]["text"] == resource["medication"]["concept"]["text"]
    assert errors_of(made, "R5") == ()

    extraction = sent("version-r5-zoledronic-acid", EPIC, everything)
    services = [
        a["resource"]
        for card in extraction
        for s in card.get("suggestions", [])
        for a in s["actions"]
        if a.get("resource", {}).get("resourceType") == "ServiceRequest"
    ]
    assert services
    assert all(s["code"]["concept"]["coding"][0]["system"] == LIST for s in services)


def test_oracle_pops_up_only_for_the_listed_topics(nothing: Offered) -> None:
    stored = next(s for s in ANSWERED if any(c["indicator"] == "critical" for c in s.response["cards"]))
    critical = {c["source"]["topic"]["code"] for c in stored.response["cards"] if c["indicator"] == "critical"}
    allowed = client(profile="oracle", popup_topics=sorted(critical))

    said = [c["indicator"] for c in sent(stored.name, allowed, nothing)]
    assert said == [c["indicator"] for c in stored.response["cards"]]
    demoted = [c["indicator"] for c in sent(stored.name, ORACLE, nothing)]
    assert demoted == ["warning" if i == "critical" else i for i in said]


def test_oracle_keeps_registered_links(nothing: Offered) -> None:
    to = client(profile="oracle", links=["https://doi.org/10.7507"])
    response = copy.deepcopy(ANSWERED[0].response)
    response["cards"] = response["cards"][:1]
    response["cards"][0]["links"] = [
        {"label": "a", "url": "https://doi.org/10.7507/x", "type": "absolute"},
        {"label": "b", "url": "https://doi.org.evil.example/10.7507/x", "type": "absolute"},
    ]
    response["cards"][0]["source"]["url"] = "https://doi.org/10.7507/1007-4848.202402042"

    card = transform(response, to, "en", nothing)["cards"][0]
    assert [link["label"] for link in card["links"]] == ["a"]
    assert card["source"]["url"] == response["cards"][0]["source"]["url"]


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("https://doi.org/10.7507", True),
        ("https://doi.org:443/10.7507/a", True),
        ("https://doi.org/10.75071", False),
        ("http://doi.org/10.7507/a", False),
        ("https://x@doi.org/10.7507/a", False),
        ("https://doi.org/10.7507/../a", False),
        ("https://doi.org/10.7507/%2e%2e/a", False),
        ("https://doi.org:x/10.7507/a", False),
        ("https://doi.org\\@evil.example/10.7507/a", False),
    ],
)
def test_a_prefix_is_an_origin_and_a_path(url: str, there: bool) -> None:
    assert inside(url, "https://doi.org/10.7507") is there
