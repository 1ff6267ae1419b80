"""What is ordered under the name of a conference of several disciplines, and what is one discipline's consultation."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from tests.build import PATIENT, ago
from tests.facts.whole import facts_of


def arranged(edition: Edition, name: str) -> bool:
    asked = {
        "resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "code": {"text": name},
        "subject": {"reference": f"Patient/{PATIENT}"}, "authoredOn": ago(3),
    }  # fmt: skip
    return facts_of(edition, asked).conferences.arranged(30) is not None


@pytest.mark.parametrize(
    "name",
    [
        "全院大会诊", "MDT大会诊", "多科会诊", "联合会诊", "院内多科会诊", "全院会诊", "组织全院会诊", "多专业会诊",
        "骨科、放疗科、肿瘤科联合会诊", "多學科會診", "多科室联合会诊", "肺癌多学科综合门诊", "骨转移MDT",
        "Multidisciplinary consultation", "multi-disciplinary team meeting", "multidisciplinary case conference",
        "Tumor conference", "interdisciplinary conference",
    ],
)  # fmt: skip
def test_a_conference_of_several_disciplines(edition: Edition, name: str) -> None:
    assert arranged(edition, name)


@pytest.mark.parametrize(
    "name",
    [
        "骨科会诊", "会诊", "急会诊", "科内会诊", "放疗科会诊", "院外会诊", "疼痛科会诊", "点名会诊", "护理大会诊",
        "未行多学科会诊", "未行全院大会诊", "Orthopaedic consultation", "radiation oncology consult", "case management",
        "discharge conference", "team nursing",
    ],
)  # fmt: skip
def test_one_discipline_is_none(edition: Edition, name: str) -> None:
    assert not arranged(edition, name)
