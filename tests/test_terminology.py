"""What a code means: each trap of the terminology notes as a line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.base.folders import content_root
from cds_service.knowledge.codelists import DOMAINS, load_systems
from cds_service.knowledge.terminology import Coding, Match, Terminology

FOLDER = content_root() / "codelists"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
HOSPITAL = "http://hospital.example/diagnoses"
MAPPED: Mapping[str, str] = {HOSPITAL: "x-cn-nhsa-icd10", "urn:oid:1.2.3": "x-cn-nhsa-icd9cm3"}


@cache
def terminology() -> Terminology:
    return Terminology.load(FOLDER)


@cache
def mapped() -> Terminology:
    return Terminology.load(FOLDER, system_aliases=MAPPED)


def matches(domain: str, *codings: Coding, text: str | None = None) -> tuple[Match, ...]:
    return terminology().match(domain, codings, text)


def concepts(found: tuple[Match, ...]) -> set[str]:
    return {m.concept for m in found}


@pytest.mark.parametrize(
    ("system", "code", "concept", "product", "strength"),
    [
        # trap 1: clinical drugs, not ingredients alone; 4 mg and 5 mg of zoledronic acid
        (RXNORM, "77655", "zoledronic-acid", None, None),
        (RXNORM, "351114", "zoledronic-acid", "onc-4mg", "4 mg"),
        (RXNORM, "1114085", "zoledronic-acid", "onc-4mg", "4 mg"),
        (RXNORM, "705824", "zoledronic-acid", "osteoporosis-5mg", "5 mg"),
        (RXNORM, "904952", "ibandronate", "osteoporosis-3mg", "3 mg"),
        (RXNORM, "904946", "ibandronate", "onc-oral-50mg", "50 mg"),
        (RXNORM, "1737449", "pamidronate", None, "30 mg"),
        (RXNORM, "904919", "pamidronate", None, "30 mg"),  # retired, still in records
        # trap 2: denosumab 120 mg and 60 mg; one ATC code for both
        (RXNORM, "1046398", "denosumab", "onc-120mg", "120 mg"),
        (RXNORM, "1046402", "denosumab", "onc-120mg", "120 mg"),
        (RXNORM, "993452", "denosumab", "osteoporosis-60mg", "60 mg"),
        (RXNORM, "993451", "denosumab", None, None),  # a prefilled syringe proves no dose
        (ATC, "M05BX04", "denosumab", None, None),
        # trap 3: billing units are no dose
        ("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "J2430", "pamidronate", None, None),
        # trap 4: UNII where nothing else exists
        ("http://fdasis.nlm.nih.gov", "7L16W0096A", "incadronate", None, None),
        # trap 6: prefixes; the specific list wins over the group
        (ATC, "M05BA08", "zoledronic-acid", None, None),
        (ATC, "m05ba99", "other-bisphosphonate", None, None),
        (ATC, "M01AB05", "nsaid", None, None),
        # other addresses of the same system
        ("urn:oid:2.16.840.1.113883.6.88", "77655", "zoledronic-acid", None, None),
        ("2.16.840.1.113883.6.73", "M05BA08", "zoledronic-acid", None, None),
        ("https://www.nlm.nih.gov/research/umls/rxnorm/", "77655", "zoledronic-acid", None, None),
    ],
)
def test_a_drug_code_means_a_substance_and_where_known_a_product(
    system: str, code: str, concept: str, product: str | None, strength: str | None
) -> None:
    [found] = matches("drug", (system, code, None))
    assert (found.concept, found.product, found.strength) == (concept, product, strength)
    assert not found.by_name


@pytest.mark.parametrize("code", ["M05BX06", "M05BX03", "M05B", "M01AX05", "M01AX25", "N02CC01"])
def test_trap_6_neighbours_of_a_group_are_not_of_it(code: str) -> None:
    assert matches("drug", (ATC, code, None)) == ()


def test_a_group_code_yields_to_whatever_says_which_drug() -> None:
    group: Coding = (ATC, "M05BA", None)
    assert concepts(matches("drug", group)) == {"other-bisphosphonate"}
    assert concepts(matches("drug", group, (RXNORM, "77655", None))) == {"zoledronic-acid"}
    assert concepts(matches("drug", group, text="唑来膦酸注射液")) == {"zoledronic-acid"}


@pytest.mark.parametrize(
    ("system", "code", "flag"),
    [
        (ATC, "B01AC06", "antiplatelet"),
        (RXNORM, "243670", "antiplatelet"),
        (ATC, "M02AA15", "topical"),
        (RXNORM, "855635", "topical"),
        (ATC, "S01BC03", "ophthalmic"),
        (ATC, "C01EB16", "neonatal"),
        (RXNORM, "904919", "legacy"),
    ],
)
def test_trap_7_flags_say_what_must_not_count_at_full_strength(system: str, code: str, flag: str) -> None:
    [found] = matches("drug", (system, code, None))
    assert flag in found.flags


def test_a_combination_counts_for_each_of_its_substances() -> None:
    both = {"calcium-supplement", "vitamin-d"}
    assert concepts(matches("drug", (RXNORM, "809533", None))) == both
    assert concepts(matches("drug", text="碳酸钙D3片")) == both


@pytest.mark.parametrize(
    ("system", "code", "display", "expected"),
    [
        # trap 11: E83.5x differs between editions; the international code says neither
        (ICD10CM, "E83.51", None, {"hypocalcaemia"}),
        (ICD10CM, "E83.52", None, {"hypercalcaemia"}),
        (HOSPITAL, "E83.501", None, {"hypercalcaemia"}),
        (HOSPITAL, "E83.503", None, {"hypocalcaemia"}),
        (ICD10, "E83.5", None, set()),
        (ICD10, "E83.501", None, set()),
        (ICD10, "E83.5", "高钙血症", {"hypercalcaemia"}),
        # trap 12: bone, marrow, and the code hospitals read both ways
        (ICD10, "C79.5", None, {"bone-metastasis"}),
        (ICD10, "C79.500x001", None, {"bone-metastasis"}),
        (ICD10CM, "C79.51", None, {"bone-metastasis"}),
        (ICD10CM, "C79.52", "bone marrow metastasis", set()),
        (ICD10CM, "C79.52", "bone metastasis", set()),
        (SNOMED, "94222008", None, {"bone-metastasis"}),
        (SNOMED, "94217008", None, set()),
        (SNOMED, "314990009", None, set()),
        (HOSPITAL, "C79.501", None, set()),
        (HOSPITAL, "C79.501", "骨髓继发恶性肿瘤", set()),
        (HOSPITAL, "C79.501", "骨继发恶性肿瘤", {"bone-metastasis"}),
        (ICD10, "C79.501", "骨继发恶性肿瘤", {"bone-metastasis"}),
        (HOSPITAL, "C79.500x011", "关节继发恶性肿瘤", set()),
        # trap 13: pairs arrive as one string
        (ICD10, "C79.5†M90.7*", None, {"bone-metastasis", "pathological-fracture"}),
        (HOSPITAL, "D48.903+M90.7*", None, {"pathological-fracture"}),
        (ICD10CM, "M84.58XA", None, {"pathological-fracture"}),
        # trap 14: only the jaw
        (ICD10CM, "M87.180", None, {"osteonecrosis-of-jaw"}),
        (HOSPITAL, "K10.201", "放射性颌骨坏死", set()),
        # trap 16: a metastasis to the lung is no lung cancer
        (ICD10, "C34.900x001", None, {"lung-cancer"}),
        (ICD10CM, "C34.11", None, {"lung-cancer"}),
        (HOSPITAL, "C34.300x003", None, {"lung-cancer"}),
        (ICD10CM, "C7A.090", None, {"lung-cancer"}),
        (ICD10, "C78.0", "肺继发恶性肿瘤", {"other-metastasis"}),
        # lists of this project
        (ICD10CM, "M81.0", None, {"osteoporosis"}),
        (ICD10CM, "C90.01", None, {"multiple-myeloma"}),
        (ICD10CM, "Z99.2", None, {"dialysis"}),
        (ICD10CM, "N18.6", None, {"chronic-kidney-disease", "severe-kidney-disease"}),
        (HOSPITAL, "C50.900", None, {"other-primary-cancer"}),
        (ICD10CM, "C44.31", None, set()),
        (ICD10, "C80.9", None, set()),
        (ICD10, "C97", None, set()),
    ],
)
def test_a_diagnosis_code_is_read_in_its_own_edition(
    system: str, code: str, display: str | None, expected: set[str]
) -> None:
    assert concepts(mapped().match("condition", [(system, code, display)], None)) == expected


def test_trap_14_a_broad_code_is_marked_and_the_text_still_decides() -> None:
    [alone] = matches("condition", (ICD10, "K10.2", None))
    assert "broad" in alone.flags
    with_text = matches("condition", (ICD10, "K10.2", "颌骨炎症"), text="颌骨坏死")
    assert any(m.concept == "osteonecrosis-of-jaw" and "broad" not in m.flags for m in with_text)


@pytest.mark.parametrize("code", ["M84.40", "M48.5"])
def test_trap_13_a_fracture_of_unstated_cause_is_marked(code: str) -> None:
    [found] = matches("condition", (ICD10CM, code, None))
    assert "non-specific" in found.flags


@pytest.mark.parametrize("code", ["12195-4", "35592-5", "50380-5", "50381-3", "62238-1", "98979-8"])
def test_trap_18_what_is_per_body_surface_is_never_a_clearance(code: str) -> None:
    assert concepts(matches("observation", (LOINC, code, "Creatinine clearance"))) == {"egfr"}


@pytest.mark.parametrize(
    ("code", "concept"),
    [
        ("2164-2", "creatinine-clearance-measured"),
        ("35591-7", "creatinine-clearance-reported"),
        ("17861-6", "calcium-total"),
        ("1994-3", "calcium-ionised"),
        ("29265-6", "calcium-corrected"),
    ],
)
def test_traps_18_and_20_each_kind_of_result_is_its_own(code: str, concept: str) -> None:
    assert concepts(matches("observation", (LOINC, code, None))) == {concept}


def test_an_excluded_code_rules_its_name_out_too() -> None:
    assert matches("observation", (LOINC, "2161-8", "Creatinine"), text="肌酐") == ()
    assert matches("observation", (LOINC, "18281-6", None), text="校正钙") == ()


def test_a_display_rules_out_what_a_short_text_would_say() -> None:
    assert matches("observation", (LOINC, "0-0", "Creatinine [Mass/volume] in Urine"), text="Creatinine") == ()


def test_a_site_maps_its_own_addresses_and_only_then_local_codes_match() -> None:
    assert matches("procedure", ("urn:oid:1.2.3", "23.0900x003", None)) == ()
    assert concepts(mapped().match("procedure", [("1.2.3", "23.0900x003", None)], None)) == {
        "invasive-dental-procedure"
    }


def test_the_affiliate_rows_can_be_left_out() -> None:
    without = Terminology.load(FOLDER, snomed_affiliate=False)
    licensed: Coding = (SNOMED, "395926009", None)
    assert without.match("drug", [licensed], None) == ()
    assert concepts(matches("drug", licensed)) == {"zoledronic-acid"}
    assert concepts(without.match("condition", [(SNOMED, "94222008", None)], None)) == {"bone-metastasis"}


def test_codes_for_prefetch_are_verified_current_and_published() -> None:
    t = terminology()
    assert t.codes("creatinine", LOINC) == ("2160-0", "14682-9", "38483-4", "59826-8", "77140-2")
    assert "1996-8" not in t.codes("calcium-total", LOINC)  # one source only
    assert t.codes("diabetes", "x-cn-nhsa-icd10") == ()
    assert t.codes("creatinine", "text:zh") == ()


def test_only_verified_current_codes_may_be_emitted() -> None:
    t = terminology()
    assert t.has_verified("calcium-supplement", ATC, "A12AA")
    assert t.has_verified("zoledronic-acid", RXNORM, "77655")
    assert not t.has_verified("pamidronate", RXNORM, "904919")  # retired
    assert not t.has_verified("zoledronic-acid", RXNORM, "705875")  # one source
    assert not t.has_verified("diabetes", "x-cn-nhsa-icd10", "E14.900x001")
    assert not t.has_verified("zoledronic-acid", RXNORM, "0")
    assert t.row("creatinine", LOINC, "2161-8") is None
    assert not t.has_verified("bone-metastasis", SNOMED, "128462008")  # says no site
    row = t.row("zoledronic-acid", RXNORM, "351114")
    assert row is not None
    assert row.product == "onc-4mg"


def test_an_alias_must_lead_to_a_known_system() -> None:
    with pytest.raises(Exception, match=r"systems\.yaml.*leads to unknown x-cn-nothing\. Remedy: use one of"):
        Terminology.load(FOLDER, system_aliases={"http://a": "x-cn-nothing"})


def test_nothing_of_cpt_or_cdt_ships() -> None:
    owners = {system.name for system in load_systems(FOLDER).all().values()}
    assert not {"CPT", "CDT"} & owners
    for system in ("http://www.ama-assn.org/go/cpt", "http://www.ada.org/cdt"):
        assert matches("procedure", (system, "D7140", None), (system, "D0120", None)) == ()


_text = st.one_of(
    st.none(), st.text(max_size=40), st.sampled_from(["肺癌", "无", "?", "C79.5†", "M05BA08", ICD10, ATC, LOINC])
)


@given(
    domain=st.sampled_from(DOMAINS),
    codings=st.lists(st.tuples(_text, _text, _text), max_size=4),
    text=_text,
)
def test_no_coding_and_no_text_raises(domain: str, codings: list[Coding], text: str | None) -> None:
    found = terminology().match(domain, codings, text)
    assert all(m.domain == domain for m in found)


def test_the_text_of_a_coded_condition_may_name_more() -> None:
    coded = (ICD10, "C34.900", None)
    assert concepts(matches("condition", coded, text="肺癌骨转移")) == {"lung-cancer", "bone-metastasis"}
    assert concepts(matches("condition", coded, text="肺癌，骨转移待排")) == {"lung-cancer"}


def test_a_text_that_takes_a_diagnosis_back_outweighs_its_code() -> None:
    for text in ("骨转移待排", "rule out bone metastasis", "无骨转移", "FH: bone metastasis"):
        assert matches("condition", (ICD10, "C79.500", None), text=text) == (), text
    coded = ((ICD10, "C34.900", "肺癌"), (ICD10, "C79.500", "骨转移"))
    assert concepts(matches("condition", *coded, text="肺癌，骨转移待排")) == {"lung-cancer"}
    assert concepts(matches("condition", (HOSPITAL, "x", "骨转移"), text="骨转移？")) == set()


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("尿肌酐", None),
        (None, "Creatinine [Mass/volume] in Pleural fluid"),
        ("Creatinine", "Creatinine, Urine"),
        ("引流液肌酐", "Creatinine"),
    ],
)
def test_a_name_that_says_another_fluid_outweighs_the_code(text: str | None, display: str | None) -> None:
    assert matches("observation", (LOINC, "2160-0", display), text=text) == ()
    assert concepts(matches("observation", (LOINC, "2160-0", "Creatinine in Serum or Plasma"), text="肌酐")) == {
        "creatinine"
    }


def test_a_clearance_is_measured_in_urine_too() -> None:
    name = "Creatinine renal clearance in 24 hour Urine and Serum or Plasma"
    assert concepts(matches("observation", (LOINC, "2164-2", name))) == {"creatinine-clearance-measured"}
    assert terminology().fluid((), name) == "unknown"


@pytest.mark.parametrize(
    ("codings", "texts", "expected"),
    [
        ([(SNOMED, "119364003", None)], (), "blood"),
        ([("http://terminology.hl7.org/CodeSystem/v2-0487", "SER", None)], (), "blood"),
        ([("http://terminology.hl7.org/CodeSystem/v2-0487", "UR", None)], (), "other"),
        ([("http://hl7.org/fhir/v2/0487", "PLR", None)], (), "other"),
        ([(SNOMED, "418564007", "Pleural fluid specimen")], (), "other"),
        ([], ("Urine",), "other"),
        ([], ("静脉血",), "blood"),
        ([], (None, "胸腔积液"), "other"),
        ([], ("尿素氮",), "unknown"),
        ([], ("Creatinine",), "unknown"),
        ([("urn:x", "1", "Drain fluid")], (None,), "other"),
        ([], (), "unknown"),
    ],
)
def test_a_specimen_is_blood_or_another_fluid(
    codings: list[Coding], texts: tuple[str | None, ...], expected: str
) -> None:
    assert terminology().fluid(codings, *texts) == expected


def test_what_callers_invent_is_not_remembered() -> None:
    """Neither a long text nor a long system or code leaves anything behind."""
    made = Terminology.load(FOLDER)
    before = made._cached.cache_info().currsize, made._codes._hits.cache_info().currsize
    for number in range(20):
        made.match("drug", [(f"urn:{number}:" + "x" * 400, "77655", None)], None)
        made.match("drug", [(RXNORM, f"{number}" * 400, None)], None)
        made.match("drug", [], f"{number} " * 400)
    assert (made._cached.cache_info().currsize, made._codes._hits.cache_info().currsize) == before


def test_codes_of_an_earlier_year_are_matched_and_never_emitted() -> None:
    hcpcs = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
    [old] = matches("drug", (hcpcs, "J3487", None))
    assert (old.concept, old.product) == ("zoledronic-acid", "onc-4mg")
    assert not terminology().has_verified("zoledronic-acid", hcpcs, "J3487")
