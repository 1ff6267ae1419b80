"""Routes by code and by name; a word nobody knows is unknown, not another route."""

from __future__ import annotations

from typing import Any

import pytest

from tests.facts.dosages import read

SNOMED = "http://snomed.info/sct"
EDQM = "http://standardterms.edqm.eu"
NCI = "http://ncimeta.nci.nih.gov"


def code(code: str, system: str | None = None, display: str | None = None) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


@pytest.mark.parametrize(
    "route",
    [
        *(
            {"text": t}
            for t in ("SUBQ", "SubQ", "sub-Q", "SQ", "SC", "s.c.", "S.C.", "S/C", "subcut", "ih", "i.h.", "IH")
        ),
        *(
            {"text": t}
            for t in (
                "皮下",
                "皮下注射",
                "皮 下",
                "sub-cutaneous",
                "sub cut",
                "皮下(SC)",
                "SC injection",
                "Injection, subcutaneous",
            )
        ),
        *({"text": t} for t in ("Subcutaneous", "subcutaneously", "Ｓ．Ｃ．", "hypodermic", "subcutaneous use")),
        code("34206005", SNOMED),
        code("263887005", SNOMED),
        code("263887005"),
        code("263887005", "https://snomed.info/sct/"),
        code("20066000", EDQM),
        code("20066000", "urn:oid:0.4.0.127.0.16.1.1.2.1"),
        code("C38299", NCI),
        code("SQ", "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration", "Injection, subcutaneous"),
        code("7", "urn:local", "皮下注射"),
    ],
)
def test_subcutaneous(route: dict[str, Any]) -> None:
    assert read({"route": route}).route == "subcutaneous"


@pytest.mark.parametrize(
    "route",
    [
        *({"text": t} for t in ("IV", "i.v.", "iv drip", "ivgtt", "IVPB", "iv push", "IV infusion", "Intravenous use")),
        *({"text": t} for t in ("静滴", "静脉滴注", "静脉注射", "静脉输液", "静推", "静脉")),
        code("47625008", SNOMED),
        code("255560000", SNOMED),
        code("20045000", EDQM),
        code("C38276", NCI),
    ],
)
def test_intravenous(route: dict[str, Any]) -> None:
    assert read({"route": route}).route == "intravenous"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (code("260548002", SNOMED), "oral"),
        (code("20053000", EDQM), "oral"),
        ({"text": "p.o."}, "oral"),
        ({"text": "经口"}, "oral"),
        (code("20003000", EDQM), "topical"),
        ({"text": "cutaneous"}, "topical"),
        ({"text": "IM"}, "other"),
        ({"text": "i.m."}, "other"),
        ({"text": "肌注"}, "other"),
        ({"text": "鞘内注射"}, "other"),
        ({"text": "intra-arterial"}, "other"),
        (code("78421000", SNOMED), "other"),
        (code("20035000", EDQM), "other"),
    ],
)
def test_other_known_routes(route: dict[str, Any], expected: str) -> None:
    assert read({"route": route}).route == expected


@pytest.mark.parametrize(
    "route",
    [
        *({"text": t} for t in ("Injection", "injection", "注射", "inj", "parenteral", "输液", "see comment", "宝宝")),
        {"text": "IV or SC"},
        {"text": "皮下或静脉"},
        {"text": "x" * 100_000 + " sc"},
        code("999999", SNOMED),
        code("263887005", "http://example.org/routes"),
        code("34206005", EDQM),
        code("11", "urn:oid:1.2.3"),
        {"coding": [{"system": SNOMED, "code": "34206005"}, {"system": SNOMED, "code": "47625008"}]},
    ],
)
def test_what_says_nothing_or_two_things_is_unknown(route: dict[str, Any]) -> None:
    assert read({"route": route}).route is None
