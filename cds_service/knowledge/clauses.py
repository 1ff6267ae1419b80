"""Whether what a text mentions is said of the patient: not negated, suspected, past, or a relative's.

Read clause by clause, in both languages: a cue takes back only what it is about ("肺癌，骨转移待排" leaves the lung
cancer, "FH: lung cancer" leaves nothing). A clause that is only a cue ("lung cancer, suspected") is about the mention
before it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from cds_service.knowledge.phrases import (
    ASKING,
    AWAY,
    CLOSING,
    COMMA,
    COMPARED,
    CONTRAST,
    DOUBT,
    LINK,
    MARKER,
    MEASURE,
    METASTASIS,
    OBSERVED,
    OF_LESIONS,
    OTHER,
    STOP,
    Cue,
    Meaning,
    Mention,
    Word,
)
from cds_service.knowledge.words import Unit

QUERY = "?"


class Clauses:
    """The clauses of one text."""

    def __init__(self, words: Sequence[Word], units: Sequence[Unit], mentions: Sequence[Mention]) -> None:
        self._words, self._units, self._mentions = words, units, mentions
        meanings = [word.what for word in words]
        self._cues = [(at, m.cue) for at, m in enumerate(meanings) if m is not None and m.cue]
        self._state: list[str | None] = [None] * len(mentions)
        self._relatives = 0  # so many mentions have been looked at for relatives
        if self._cues and mentions:
            self._measure(meanings)

    def states(self) -> list[str | None]:
        """For each mention the state that a cue gives it; None where the text simply says it."""
        if self._mentions:
            for at, cue in self._cues:
                self._apply(at, cue)
        return self._state

    def _measure(self, meanings: Sequence[Meaning | None]) -> None:
        """Where clauses and sentences end, what begins where, and how many unknown words stand before each word."""
        count = len(meanings)
        roles = [m.roles if m is not None else frozenset[str]() for m in meanings]

        def ends_at(at: int) -> bool:
            return bool(roles[at] & {COMMA, STOP})

        self._clause_end, self._sentence_end = [count] * count, [count] * count
        for at in range(count - 1, -1, -1):
            after = at + 1 < count
            self._sentence_end[at] = at if STOP in roles[at] else self._sentence_end[at + 1] if after else count
            self._clause_end[at] = at if ends_at(at) else self._clause_end[at + 1] if after else count
        self._starts: dict[int, list[int]] = {}
        self._ends: dict[int, list[int]] = {}
        self._inside: dict[int, list[int]] = {}
        for number, mention in enumerate(self._mentions):
            self._starts.setdefault(mention.start, []).append(number)
            self._ends.setdefault(mention.end, []).append(number)
            for place in range(mention.start + 1, mention.end - 1):
                self._inside.setdefault(place, []).append(number)
        self._unknown = list(accumulate((_says_something(m) for m in meanings), initial=0))
        self._markers = list(accumulate((MARKER in r for r in roles), initial=0))
        self._asking = list(accumulate((ASKING in r for r in roles), initial=0))
        self._measures = list(accumulate((MEASURE in r for r in roles), initial=0))
        # For each word the last place up to which a mention has ended before it.
        self._ended = list(accumulate((at if at in self._ends else -1 for at in range(count + 1)), max))
        # For each word the last place before which a bracket has closed.
        closing = (at if at and self._units[self._words[at - 1].start].text == ")" else 0 for at in range(count + 1))
        self._closed = list(accumulate(closing, max))
        self._roles = roles
        self._clause_from = list(
            accumulate(range(1, count), lambda last, at: at if ends_at(at - 1) else last, initial=0)
        )

    def _apply(self, at: int, cue: Cue) -> None:
        if cue.last:
            if self._mentions[-1].start < at and not any(w.what and w.what.process for w in self._words[at + 1 :]):
                self._backward(at, cue)
        elif at in self._inside:
            self._mark(self._inside[at], cue)
        elif cue.where == "between":
            self._backward(at, cue)
            # 模拟定位+调强放疗: what is set apart is done beside it.
            if not cue.only or self._tight(at + 1) or not self._units[self._words[at].start].chinese:
                self._forward(at, cue)
        elif self._is_asked(at, cue):
            self._apply(at, cue._replace(state="suspected", asked=False))
        elif self._is_forward(at, cue):
            if not self._forward(at, cue):
                self._lonely(at, cue, self._backward if self._answers(at) else None)
        else:
            self._lonely(at, cue, self._backward)

    def _lonely(self, at: int, cue: Cue, otherwise: Callable[[int, Cue], None] | None) -> None:
        """A clause that is only a cue is about what stands before it: not 乳腺癌，病史10年, which says since when."""
        if not self._alone(at):
            if otherwise:
                otherwise(at, cue)
        elif not cue.only:
            self._unsay(at, cue)

    def _answers(self, at: int) -> bool:
        """Whether it is the last word of its clause, behind a colon: 骨转移：无."""
        return at > 0 and self._clause_end[at] == at + 1 and self._units[self._words[at - 1].start].text == ":"

    def _is_asked(self, at: int, cue: Cue) -> bool:
        """Whether an exclusion is what is asked for: 建议MRI除外骨转移, 请随访排除."""
        if not cue.asked or not self._is_forward(at, cue):
            return False
        return self._asking[at] > self._asking[self._clause_from[at]]

    def _is_forward(self, at: int, cue: Cue) -> bool:
        return cue.where == "before" or (cue.where == "around" and self._looks_forward(at))

    def _looks_forward(self, at: int) -> bool:
        start, end = self._clause_from[at], self._clause_end[at]
        following = bisect_right(self._mentions, at, key=_start)
        if following == len(self._mentions) or self._mentions[following].start >= end:
            return False
        tight_before, tight_after = self._tight(at), self._tight(at + 1)
        text = self._units[self._words[at].start]
        if text.text == QUERY and tight_before and self._unknown[at] > self._unknown[at - 1]:
            return False  # 脊髓受压？T7转移: it asks about the word that it follows
        if self._ended[at] <= start:
            return True
        if text.text == QUERY:
            return not tight_before
        return not (text.chinese and tight_before and not tight_after)

    def _forward(self, at: int, cue: Cue) -> bool:
        """Takes back what follows, up to the end of the clause: of the list, where it goes on over commas."""
        found: list[int] = []
        other = False
        chinese, listing = self._units[self._words[at].start].chinese, CLOSING in self._roles[at]
        for place in range(at + 1, self._scope(at)):
            meaning, roles = self._words[place].what, self._roles[place]
            # "疑肺炎 肺癌", "possible pneumonia with lung cancer": it is about something else.
            apart = chinese and not listing and (found or other) and not self._tight(place)
            if CONTRAST in roles or apart or (AWAY in roles and other and not found):
                break
            if meaning is not None and meaning.cue and self._is_forward(place, meaning.cue):
                if chinese or not self._goes_on(place, cue, meaning.cue):
                    break
                continue
            if DOUBT in roles and cue.state == "negated" and self._begins_anew(place):
                break
            if place in self._starts:
                found += self._starts[place]
            elif not found and _says_something(meaning):
                other = True
        if not (cue.concludes and self._is_concluded(found)):
            self._mark(found, cue)
        return bool(found)

    def _is_concluded(self, numbers: Sequence[int]) -> bool:
        """Whether a metastasis is what these come to: 考虑右肱骨头骨转移, but not 考虑退变或转移."""
        for number in numbers:
            concepts = {row.concept for row in self._mentions[number].rows}
            if METASTASIS in concepts:
                return True
            if not all(concept.startswith(OF_LESIONS) for concept in concepts):
                return False
        return False

    def _goes_on(self, at: int, cue: Cue, other: Cue) -> bool:
        """Whether a denial reaches over a doubt: "no uptake to suggest ...", but not "no fracture and possible ..."."""
        return (cue.state, other.state) == ("negated", "suspected") and not self._begins_anew(at)

    def _begins_anew(self, at: int) -> bool:
        """Whether "and", or "and findings", stands before a doubt: it then is about something of its own."""
        at -= 1
        while at > 0 and OBSERVED in self._roles[at]:
            at -= 1
        return at >= 0 and LINK in self._roles[at]

    def _scope(self, at: int) -> int:
        """Where the list of a cue ends: "FH: a, b" with the sentence, "no a, b, or c" with what closes it."""
        end, last = self._clause_end[at], self._sentence_end[at]
        if at + 1 < len(self._units) and at + 1 < len(self._words):
            following = self._units[self._words[at + 1].start]
            if following.text == ":":
                return last
        scope = end
        while end < last:
            following_end = self._clause_end[end + 1] if end + 1 < len(self._words) else last
            if end + 1 >= following_end:
                break
            if CLOSING in self._roles[end + 1] or CLOSING in self._roles[following_end - 1]:
                scope = following_end
            end = following_end
        return scope

    def _backward(self, at: int, cue: Cue) -> None:
        """Takes back the nearest thing before it in its clause; a relative's word, everything there."""
        end, start = self._ended[at], self._clause_from[at]
        if end <= start:
            return
        if cue.state == "relative":
            first = max(self._relatives, bisect_left(self._mentions, start, key=_start))
            self._relatives = bisect_left(self._mentions, at, key=_start)
            self._mark(range(first, self._relatives), cue)
        elif not self._of_something_else(end, at):
            self._mark(self._ends[end], cue)
            self._mark_again(end, cue)
            if cue.compares:
                self._mark_compared(end, cue)

    def _mark_again(self, end: int, cue: Cue) -> None:
        """Takes back what the words right before it say once more: 溶骨性骨质破坏不除外 names one lesion twice."""
        taken = {row.concept for number in self._ends[end] for row in self._mentions[number].rows}
        before = min(self._mentions[number].start for number in self._ends[end])
        while before in self._ends and self._tight(before):
            again = [n for n in self._ends[before] if any(r.concept in taken for r in self._mentions[n].rows)]
            if not again:
                return
            self._mark(again, cue)
            before = min(self._mentions[number].start for number in again)

    def _mark_compared(self, end: int, cue: Cue) -> None:
        """Takes back the other of two things between which a word decides: 转移与退变鉴别."""
        link = min(self._mentions[number].start for number in self._ends[end]) - 1
        if link > 0 and COMPARED in self._roles[link] and link in self._ends:
            self._mark(self._ends[link], cue)

    def _of_something_else(self, end: int, at: int) -> bool:
        """Whether it is about a marker between, or about other words that are set apart: "骨转移 左肺结节待排"."""
        if self._markers[at] > self._markers[end]:
            return True
        closed = self._closed[at]
        if closed > end and self._unknown[at] > self._unknown[closed]:
            return True  # 骨转移(+) 脑转移(-)
        chinese = self._units[self._words[end - 1].start].chinese
        return chinese and self._unknown[at] > self._unknown[end] and not self._tight(end)

    def _alone(self, at: int) -> bool:
        """Whether the clause of this cue says nothing else, nor what is to be done ("骨转移，考虑放疗")."""
        start, end = self._clause_from[at], self._clause_end[at]
        if self._unknown[end] > self._unknown[start] or self._measures[end] > self._measures[at]:
            return False
        return not any(start <= m.start < end for m in self._mentions)

    def _unsay(self, at: int, cue: Cue) -> None:
        end = self._ended[at]
        if end > 0 and self._unknown[at] == self._unknown[end]:
            self._mark(self._ends[end], cue)

    def _mark(self, numbers: Sequence[int], cue: Cue) -> None:
        for number in numbers:
            if cue.only and not any(row.concept in cue.only for row in self._mentions[number].rows):
                continue
            self._state[number] = self._state[number] or cue.state

    def _tight(self, place: int) -> bool:
        """Whether a word follows the one before it without a space."""
        if place <= 0 or place >= len(self._words):
            return False
        return self._units[self._words[place].start].start == self._units[self._words[place - 1].end - 1].end


def _start(mention: Mention) -> int:
    return mention.start


def _says_something(meaning: Meaning | None) -> int:
    """1 for a word that is about something: unknown, or known and not one that only holds others together."""
    if meaning is None or meaning.only_observed:
        return 1
    if meaning.rows or meaning.part or meaning.process or meaning.roles & {OTHER, MARKER}:
        return 1
    return 0
