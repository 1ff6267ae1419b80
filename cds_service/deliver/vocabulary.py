"""The codes that feedback may use at this site."""

from __future__ import annotations

from cds_service.call.feedback import Vocabulary
from cds_service.deliver.profiles import epic_code
from cds_service.knowledge.load import Guideline
from cds_service.site.model import FeedbackOptions


def vocabulary(guideline: Guideline, options: FeedbackOptions) -> Vocabulary:
    """Our reasons and topics, topics as Epic spells them, and the site's own codes for reasons."""
    reasons, topics = guideline.override_reasons, guideline.recommendations
    return Vocabulary(
        system=reasons.system,
        reasons=frozenset(reasons.display),
        topics={epic_code(topic): topic for topic in topics} | {topic: topic for topic in topics},
        local={(each.system, each.code): each.reason for each in options.reasons},
        comments=options.comments,
    )
