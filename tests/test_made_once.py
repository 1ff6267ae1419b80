"""What readers are made of is made at start: a call makes no pattern, however many texts it brings."""

from __future__ import annotations

import re

import pytest

from cds_service import fixtures
from cds_service.edition import Edition
from cds_service.tools.asking import answer_body

READ = [it for it in fixtures.situations() if b"DiagnosticReport" in it.request and it.story.status == 200]


def test_a_call_with_reports_makes_no_pattern(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    # Not those that Python remembers: joining hundreds of words is what takes the time.
    monkeypatch.setattr(re, "compile", lambda pattern, *_: made.append(pattern))
    monkeypatch.setattr(re, "escape", lambda word: made.append(word) or word)
    for it in READ:
        answer_body(edition, it.story.service, it.request, it.at, "en")
    assert made == []


def test_there_are_such_calls() -> None:
    assert len(READ) > 20
