"""What a report says of the spinal cord: read with the list of diagnoses, sentence by sentence.

A sentence that names a worn spine beside a compressed cord (椎间盘突出) gives the cause, which is no metastasis; one
that names a metastasis too leaves open which it is (T9转移瘤，椎管狭窄，脊髓受压), and that must not be missed. Why the
study was asked for (Indication: rule out cord compression) is no finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.narrative import METASTASIS, headed, pattern, quoted, sentence_ends, split
from cds_service.facts.skeleton import CORD, DEGENERATIVE
from cds_service.fhir.structs import CodeableConcept
from cds_service.knowledge.terminology import Terminology
from cds_service.knowledge.words import plain

Named = Literal["positive", "equivocal"]


class CordReader:
    """Finds a compressed cord in the codes and the text of a report."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology, self._ends = terminology, sentence_ends(terminology)
        self._asked = headed(terminology.wording.background)
        self._looked_for = re.compile(pattern(terminology.wording.background))

    def read(self, codes: Iterable[CodeableConcept], text: str | None) -> tuple[Named, RequestText] | tuple[None, None]:
        """Whether the report says (positive) or doubts (equivocal) it, and the words. None: neither, or denied."""
        found: dict[Named, RequestText] = {}
        for named, words in (*self._said(text), *self._coded(codes)):
            found.setdefault(named, quoted(words))
        for named in ("positive", "equivocal"):
            if named in found:
                return named, found[named]
        return None, None

    def _said(self, text: str | None) -> Iterator[tuple[Named, str]]:
        for sentence in split(text, self._ends):
            if self._asked.match(plain(sentence)):
                continue
            read = self._terminology.read("condition", sentence)
            said = {row.concept for row in read.rows}
            if DEGENERATIVE in said and not self._names_metastasis(sentence):
                continue
            if CORD in said:
                yield "positive", sentence
            elif read.unsaid.get(CORD) == "suspected" and not self._is_looked_for(sentence):
                yield "equivocal", sentence

    def _is_looked_for(self, sentence: str) -> bool:
        """Whether it begins with a word like "evaluate for", and names no metastasis."""
        return bool(self._looked_for.match(plain(sentence))) and not self._names_metastasis(sentence)

    def _names_metastasis(self, sentence: str) -> bool:
        read = self._terminology.read("finding", sentence)
        doubted = read.unsaid.get(METASTASIS) == "suspected"
        return doubted or any(row.concept == METASTASIS for row in read.rows)

    def _coded(self, codes: Iterable[CodeableConcept]) -> Iterator[tuple[Named, str]]:
        for each in codes:
            codings = [(c.system, c.code, c.display) for c in each.codings()]
            found = self._terminology.match("condition", codings, None)
            if any(m.concept == CORD and "broad" not in m.flags for m in found):
                yield "positive", each.said()
