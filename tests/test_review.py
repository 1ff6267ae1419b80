"""The review pages: one per topic, from the running rules; whatever changes there makes them stale."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from cds_service.edition import WITHOUT_RULE, Edition
from cds_service.review.pages import pages, stale_pages
from tests.asked import with_recommendation

TOPIC = "infusion-time"


def test_every_topic_has_a_page_and_all_are_fresh(edition: Edition) -> None:
    made = dict(pages(edition))
    assert set(made) == {
        f"{topic}.md" for topic in edition.knowledge.guideline.recommendations if topic not in WITHOUT_RULE
    }
    assert stale_pages(edition) == []


def test_a_page_holds_what_a_reviewer_needs(edition: Edition) -> None:
    page = dict(pages(edition))["bisphosphonate-renal-dose.md"]
    for part in ("## Source", "## Parameters", "## Decision table", "## Cases", "## Wordings", "## Not encoded"):
        assert part in page
    assert "| 49.9 | advise warning above | this order 3.3 mg |" in page
    assert "| 50 | advise warning above | this order 3.5 mg |" in page
    assert "(zh-CN, critical)" in page


def test_a_changed_number_makes_its_page_stale(edition: Edition) -> None:
    shipped = edition.knowledge.guideline.recommendations[TOPIC]
    longer = msgspec.structs.replace(shipped.parameters["minimum"], value=Decimal(20))
    changed = msgspec.structs.replace(shipped, parameters={**shipped.parameters, "minimum": longer})
    assert stale_pages(with_recommendation(edition, changed)) == [f"{TOPIC}.md"]
