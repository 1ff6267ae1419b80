"""What depends on the product of an order, not only on its drug."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.asked import answered
from tests.build import denosumab, request

EVERY_6_MONTHS: list[dict[str, Any]] = [{"timing": {"repeat": {"frequency": 1, "period": 6, "periodUnit": "mo"}}}]


@pytest.mark.parametrize(("product", "button"), [("Prolia", "replace"), ("Xgeva", "revise")])
def test_an_order_without_a_dose_is_replaced_where_its_product_cannot_hold_the_dose(
    edition: Edition, product: str, button: str
) -> None:
    draft = denosumab(None, medicationCodeableConcept={"text": product}, dosageInstruction=EVERY_6_MONTHS)
    findings = answered(edition, request(draft)).findings
    assert findings is not None
    advised = {finding.code: outcome for finding, outcome in findings.advice}
    assert [suggestion.label for suggestion in advised["denosumab-dose"].suggestions] == [button]
