"""The reviewed content hangs together: codes that may be emitted, both languages, what is off, what is refused."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

import cds_service
from cds_service.base import folders
from cds_service.base.complaints import StartFault
from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES, DrugGroup
from cds_service.edition import WITHOUT_RULE, Edition
from cds_service.site.settings import Settings
from tests.asked import faults_of

CODE = Path(cds_service.__file__).parent


# What a card suggests


def test_every_code_a_card_suggests_is_verified(edition: Edition) -> None:
    codings = [(o.concept, c.system, c.code) for o in edition.knowledge.orderables.values() for c in o.coding]
    assert codings
    assert [c for c in codings if not edition.terminology.has_verified(*c)] == []


def test_every_orderable_is_named_in_both_languages_and_says_where_its_dose_is_from(edition: Edition) -> None:
    for name, orderable in edition.knowledge.orderables.items():
        assert set(orderable.text) == set(LANGUAGES), name
        assert (orderable.dose is None) or orderable.source, name
        assert orderable.route is None or edition.knowledge.dosing.routes[orderable.route].snomed, name


# Both languages say the same


def keys(node: object) -> object:
    """The keys of a mapping all the way down; the words are the translator's."""
    return {key: keys(value) for key, value in node.items()} if isinstance(node, dict) else None


@pytest.mark.parametrize("file", sorted(p.name for p in (content_root() / "texts" / "en").glob("*.yaml")))
def test_the_languages_have_the_same_keys(file: str) -> None:
    said = [
        keys(yaml.safe_load((content_root() / "texts" / tag / file).read_text(encoding="utf-8"))) for tag in LANGUAGES
    ]
    assert said[0] == said[1]


def test_the_languages_have_the_same_files() -> None:
    files = [{p.name for p in (content_root() / "texts" / tag).iterdir()} for tag in LANGUAGES]
    assert files[0] == files[1]


# What the code can say has words


def constants(node: ast.AST | None) -> Iterator[str]:
    """The strings an expression can be: a literal, or either side of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*constants(node.body), *constants(node.orelse))


def emitted() -> tuple[set[str], set[str]]:
    """Every literal ``what`` and ``why`` of a ``Missing`` that facts and rules can make.

    A result that cannot be used gives its own reason: what the readers of values return or note besides a value.
    """
    whats, whys = set[str](), set[str]()
    for file in [*(CODE / "facts").glob("*.py"), *(CODE / "rules").glob("*.py")]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assigned = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                if node.func.id in ("Missing", "reasons", "_or_absent", "newer_unusable"):
                    whats |= set(constants(node.args[0]))
                if node.func.id == "Missing":
                    why = node.args[1]
                    whys |= set(constants(assigned.get(why.id) if isinstance(why, ast.Name) else why))
                if node.func.id == "Dated" and len(node.args) > 2:
                    whys |= set(constants(node.args[2]))
            if isinstance(node, ast.FunctionDef) and file.name in ("units.py", "observations.py"):
                returns = ast.unparse(node.returns) if node.returns else ""
                if returns == "Fraction | str":
                    whys |= {w for r in ast.walk(node) if isinstance(r, ast.Return) for w in constants(r.value)}
    return whats, whys


def test_the_search_for_what_is_emitted_finds_it() -> None:
    whats, whys = emitted()
    assert {"creatinine", "calcium", "weight", "sex", "egfr", "baseline-creatinine"} <= whats
    assert {
        "not-obtained",
        "incomplete",
        "not-on-record",
        "too-old",
        "unit-unknown",
        "no-body-surface",
        "undated",
    } <= whys


@pytest.mark.parametrize("tag", LANGUAGES)
def test_whatever_can_be_missing_has_words(edition: Edition, tag: str) -> None:
    whats, whys = emitted()
    shared = edition.wordings[tag].language.shared
    assert whats | set(edition.knowledge.services.prefetch) <= set(shared.missing)
    assert whys <= set(shared.why_missing)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_whatever_a_card_names_has_a_word(edition: Edition, tag: str) -> None:
    shared = edition.wordings[tag].language.shared
    assert set(edition.knowledge.guideline.drugs.drugs) <= set(shared.drugs)
    methods = {"measured", "reported", "cockcroft-gault", "de-indexed-egfr"}
    kinds = {"ionised", "corrected-reported", "corrected-computed", "total-uncorrected"}
    assert methods | kinds | {"low", "normal", "high", "done", "ordered", "booked"} <= set(shared.words)
    assert set(edition.knowledge.dosing.routes) | {"other"} <= set(shared.words)


def test_every_drug_has_a_group_a_rule_may_ask_for(edition: Edition) -> None:
    assert {d.group for d in edition.knowledge.guideline.drugs.drugs.values()} == set(get_args(DrugGroup))


# What is switched off


def off(tmp_path: Path, *topics: str) -> Settings:
    """Settings of a site that switches these topics off."""
    file = tmp_path / "off.yaml"
    file.write_text("topics:\n" + "".join(f"  {topic}: off\n" for topic in topics), encoding="utf-8")
    return Settings(site_file=file)


def test_a_topic_can_be_switched_off(edition: Edition, tmp_path: Path) -> None:
    without = Edition.load(off(tmp_path, "nsaid-with-bisphosphonate"))
    assert set(edition.recommendations) - set(without.recommendations) == {"nsaid-with-bisphosphonate"}
    assert "nsaid-with-bisphosphonate" not in without.topics


@pytest.mark.parametrize("topic", ["no-such-topic", "not-evaluated", "review-summary"])
def test_a_topic_that_is_not_there_or_must_stay_cannot_be_switched_off(tmp_path: Path, topic: str) -> None:
    with pytest.raises(StartFault, match=topic):
        Edition.load(off(tmp_path, topic))


def test_without_label_rules_only_the_guideline_speaks() -> None:
    edition = Edition.load(Settings(label_rules=False))
    assert edition.recommendations.keys() >= WITHOUT_RULE
    kinds = {topic: r.source.kind for topic, r in edition.recommendations.items() if topic not in WITHOUT_RULE}
    assert set(kinds.values()) == {"guideline"}
    assert len(kinds) > 5


def test_what_only_a_switched_off_topic_needs_is_not_asked_for(tmp_path: Path) -> None:
    needs = Edition.load(off(tmp_path, "dental-exam-before-bma")).prefetch("bone-modifying-agents")
    assert "appointments" not in needs
    assert "laboratory" in needs


# What stops the start


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    return Path(shutil.copytree(content_root(), tmp_path / "cards"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_whole_copy_loads(cards: Path) -> None:
    assert Edition.load(Settings(), cards).rules


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_topic_without_words_in_a_language_is_refused(cards: Path, tag: str) -> None:
    (cards / "texts" / tag / "infusion-time.yaml").unlink()
    with pytest.raises(StartFault, match=r"infusion-time\.yaml"):
        Edition.load(Settings(), cards)


def test_a_topic_without_a_rule_is_refused(cards: Path) -> None:
    source = (cards / "recommendations" / "infusion-time.yaml").read_text(encoding="utf-8")
    copied = source.replace("infusion-time", "infusion-speed")
    (cards / "recommendations" / "infusion-speed.yaml").write_text(copied, encoding="utf-8")
    edit(cards / "services.yaml", "      - infusion-time\n", "      - infusion-time\n      - infusion-speed\n")
    with pytest.raises(StartFault, match="infusion-speed"):
        Edition.load(Settings(), cards)


def test_a_listed_topic_without_its_yaml_is_refused(cards: Path) -> None:
    edit(cards / "services.yaml", "      - infusion-time\n", "      - infusion-time\n      - infusion-speed\n")
    with pytest.raises(StartFault, match="infusion-speed"):
        Edition.load(Settings(), cards)


def test_a_rule_whose_topic_is_listed_nowhere_is_refused(cards: Path) -> None:
    edit(cards / "services.yaml", "      - pamidronate-infusion-time\n", "")
    with pytest.raises(StartFault, match="pamidronate-infusion-time"):
        Edition.load(Settings(), cards)


def test_a_code_list_edited_without_review_is_refused(cards: Path) -> None:
    edit(cards / "codelists" / "denosumab.csv", "993449", "993448")
    with pytest.raises(StartFault, match=r"denosumab\.csv"):
        Edition.load(Settings(), cards)


def test_an_unknown_member_of_a_content_file_is_refused(cards: Path) -> None:
    edit(cards / "services.yaml", "topic_system:", "topic_sytem: x\ntopic_system:")
    with pytest.raises(StartFault, match="topic_sytem"):
        Edition.load(Settings(), cards)


def test_a_package_without_its_content_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_PACKAGE", tmp_path / "cds_service")
    with pytest.raises(FileNotFoundError, match="reinstall"):
        folders.content_root()
    (tmp_path / "cds_service" / "cards").mkdir(parents=True)
    assert folders.content_root() == tmp_path / "cds_service" / "cards"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("recommendations/infusion-time.yaml", "  minimum:", "  minium:", "'minimum'"),
        ("recommendations/infusion-time.yaml", "default:", "usual:", "'default'"),
        ("recommendations/infusion-time.yaml", "[conditions]", "[condition]", "'condition'"),
        ("texts/en/infusion-time.yaml", "  too-fast:", "  too-fst:", "too-f"),
        ("texts/zh-CN/infusion-time.yaml", "  no-time:", "  no-tme:", "no-t"),
        ("texts/en/bma-repeat-too-early.yaml", "p.minimum", "p.minium", "p.minium"),
        ("texts/en/infusion-time.yaml", "|num", "|nmu", "nmu"),
        ("texts/zh-CN/infusion-time.yaml", "{{ minimum", "{% minimum", "not a template"),
        ("texts/en/_shared.yaml", "{% if source.table %}", "{% if source.table %", "not a template"),
        ("texts/en/_explanation.yaml", "{% if earlier %}", "{% if earlier %", "not a template"),
        ("texts/zh-CN/_explanation.yaml", "  diagnoses-none:", "  diagnosis-none:", "'diagnoses-none'"),
        ("translations.yaml", "  zh-CN:", "  zh:", "zh-CN"),
        ("measurements.yaml", "  weight-lowest:", "  weight-least:", "weight-lowest is not among the limits"),
        ("texts/en/_macros/renal.j2", "{% if list %}", "{% if c.newer %", "not a template"),
        ("texts/zh-CN/_macros/calcium.j2", "macro calcium_status", "macro status", "calcium_status"),
        (
            "measurements.yaml",
            "  calcium:\n    value: 28",
            "  kalzium:\n    value: 28",
            "calcium is not among the windows",
        ),
        ("measurements.yaml", "  creatinine:\n", "  kreatinin:\n", "creatinine is not among the analytes"),
        ("measurements.yaml", "value: 28", "value: 2800", "renal"),
    ],
)
def test_names_that_do_not_agree_stop_the_start(cards: Path, file: str, old: str, new: str, said: str) -> None:
    edit(cards / file, old, new)
    with pytest.raises(StartFault) as caught:
        Edition.load(Settings(), cards)
    assert said in str(caught.value)
    assert "Remedy" in str(caught.value)
    assert Path(file).name in str(caught.value)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_topic_without_the_line_of_its_scope_is_refused(cards: Path, tag: str) -> None:
    """The judge says it of any topic: without it `check --explain` had no words."""
    edit(cards / "texts" / tag / "infusion-time.yaml", "  out-of-scope:", "  out-of-scop:")
    with pytest.raises(StartFault, match="no line 'out-of-scope' under quiet"):
        Edition.load(Settings(), cards)


def test_a_text_that_shows_what_its_rule_does_not_give_is_refused(cards: Path) -> None:
    edit(cards / "texts" / "en" / "concurrent-bma.yaml", "{{ other|name", "{{ othr|name")
    with pytest.raises(StartFault, match="the text shows othr, which the rule does not give"):
        Edition.load(Settings(), cards)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  unit: h\n", "  unit: d\n", "a whole number of hours"),
        ("  value: 24\n", "  value: 0.5\n", "a whole number of hours"),
        ("  value: 24\n", "  value: 73\n", "outside its own min and max"),
    ],
)
def test_how_long_an_order_is_not_repeated_is_checked(cards: Path, old: str, new: str, told: str) -> None:
    edit(cards / "services.yaml", old, new)
    with pytest.raises(StartFault, match=told):
        Edition.load(Settings(), cards)


@pytest.mark.parametrize(
    ("file", "name", "told"),
    [
        ("texts/en/start-bma.yaml", "  order-exam:", "uses 'order-exam', which is not among its suggestions"),
        ("texts/zh-CN/opioid-with-bma.yaml", "  order-calcium:", "uses 'order-calcium', which is not among its sugg"),
        ("texts/en/denosumab-hypocalcaemia.yaml", "  low-uncorrected:", "uses 'low-uncorrected', which is not among"),
        ("texts/en/bisphosphonate-hypocalcaemia.yaml", "  not-low:", "uses 'not-low', which is not among its quiet"),
        ("recommendations/opioid-with-bma.yaml", "  exam:", "the rule asks for 'exam'"),
    ],
)
def test_what_two_rules_say_alike_is_checked_for_each(cards: Path, file: str, name: str, told: str) -> None:
    edit(cards / file, f"\n{name}", f"\n  another{name.strip()}")
    with pytest.raises(StartFault) as caught:
        Edition.load(Settings(), cards)
    assert any(told in str(fault) for fault in faults_of(caught.value))


def test_what_two_rules_say_alike_is_asked_for_by_each(edition: Edition) -> None:
    """Neither rule nor texts of these two read whether an examination or a calcium is arranged by themselves."""
    for topic in ("start-bma", "opioid-with-bma"):
        assert {"procedures", "tests", "calcium", "bma_options"} <= {*edition.topics[topic].chapters}


def test_what_is_said_alike_is_whole_by_itself() -> None:
    """What such a function calls of its own module would not be read with the rule."""
    tree = ast.parse((CODE / "evaluate" / "alike.py").read_text(encoding="utf-8"))
    made = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for function in made.values():
        assert [a.arg for a in function.args.args][:2] == ["facts", "p"]
        assert not made.keys() & {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


def test_membership_is_said_once(cards: Path) -> None:
    """One wrong letter in a recommendation's own service removed its cards without a word."""
    edit(
        cards / "recommendations" / "infusion-time.yaml", "topic: infusion-time\n", "topic: infusion-time\nservice: x\n"
    )
    with pytest.raises(StartFault, match="unknown key 'service'"):
        Edition.load(Settings(), cards)


def test_a_topic_may_be_in_several_services_but_once_in_each(cards: Path) -> None:
    services = cards / "services.yaml"
    text = services.read_text(encoding="utf-8")
    first = text[text.index("  - id: bone-modifying-agents") :]
    services.write_text(text + first.replace("bone-modifying-agents", "second"), encoding="utf-8")
    edition = Edition.load(Settings(), cards)
    assert edition.topics_of("second") == edition.topics_of("bone-modifying-agents")
    edit(services, "      - infusion-time\n", "      - infusion-time\n      - infusion-time\n")
    with pytest.raises(StartFault, match="bone-modifying-agents lists infusion-time twice"):
        Edition.load(Settings(), cards)


def test_what_is_required_must_be_read(cards: Path) -> None:
    edit(cards / "recommendations" / "infusion-time.yaml", "[conditions]", "[conditions, procedures]")
    with pytest.raises(StartFault, match="'procedures' is required and never read"):
        Edition.load(Settings(), cards)


def test_every_fault_of_a_start_is_told(cards: Path, tmp_path: Path) -> None:
    """One run names them all: content of any kind, the site file, the settings."""
    edit(cards / "recommendations" / "infusion-time.yaml", "default:", "usual:")
    edit(cards / "recommendations" / "dental-exam-before-bma.yaml", "    min: 30", "    mni: 30")
    edit(cards / "texts" / "zh-CN" / "infusion-time.yaml", "  no-time:", "  no-tme:")
    edit(cards / "codelists" / "denosumab.csv", "993449", "993448")
    site = tmp_path / "site.yaml"
    site.write_text("windows: {renal: 900}\ntopics: {dose: off}\n", encoding="utf-8")
    with pytest.raises(StartFault) as caught:
        Edition.load(Settings(site_file=site), cards)
    said = [str(fault) for fault in faults_of(caught.value)]
    for words in ("'default'", "'mni'", "'no-time'", "denosumab.csv", "renal is 900", "topic 'dose'"):
        assert any(words in line for line in said), words
    assert len(said) == len(set(said))


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_concept_has_one_name_on_cards_and_in_explanations(tag: str) -> None:
    """A macro says a diagnosis by ``words``, an explanation by ``concepts``: one key, one name."""
    words, concepts = (
        yaml.safe_load((content_root() / "texts" / tag / f"{file}.yaml").read_text(encoding="utf-8"))[section]
        for file, section in (("_shared", "words"), ("_explanation", "concepts"))
    )
    both = words.keys() & concepts.keys()
    assert len(both) > 15
    assert {key: (words[key], concepts[key]) for key in both if words[key] != concepts[key]} == {}
