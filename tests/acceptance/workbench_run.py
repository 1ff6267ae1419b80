"""``make acceptance``: journeys through the workbench in headless Chromium, and the sizes it promises.

Needs Debian's ``chromium`` (or CHROMIUM, the path of another); playwright-core and axe-core come from npm. With
``--pictures FOLDER`` it leaves pictures of the pages there, in both languages, 1280 and 390 pixels wide.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import requests
from gated import gated
from run import HERE, node, serving

from cds_service import fixtures
from cds_service.base.clock import local_now
from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from cds_service.workbench.compare import answers_of, compared

FIRST = "zoledronic-acid-dose-above-row"
SECRET = "zaphod-7741"
PAGES = ("try", "knowledge", "knowledge/bisphosphonate-renal-dose", "knowledge/guideline", "compare", "report", "api")
# Bytes after gzip; the export as a zip, for each situation (two languages, and its part of all else).
LIMITS = {"scripts": 4_000, "styles": 6_000, "first page, all": 40_000, "fragment": 8_000, "export": 14_000}


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("No Chromium here (Debian: apt-get install chromium), or set CHROMIUM to the path of one.")
    return found


def expected(edition: Edition) -> dict[str, dict[str, list[str]]]:
    """Summaries by language and creatinine, as the command line answers."""
    situation = fixtures.load(FIRST)
    assert situation.request.count(b'"value": 1.15,') == 2
    made: dict[str, dict[str, list[str]]] = {}
    for tag in LANGUAGES:
        for value in ("0.86", "0.87", "1.03", "1.04", "1.15", "1.29", "1.3", "1.73", "1.74"):
            body = situation.request.replace(b'"value": 1.15,', f'"value": {value},'.encode())
            cards = answer_body(edition, situation.story.service, body, situation.at, tag).response.cards
            made.setdefault(tag, {})[value] = [card.summary for card in cards]
    return made


def scripted() -> str:
    """A request whose drug is named by markup."""
    document = json.loads(fixtures.load(FIRST).request)
    draft = document["context"]["draftOrders"]["entry"][0]["resource"]
    draft["medicationCodeableConcept"]["text"] = "zoledronic acid <script>alert(1)</script><img src=x onerror=alert(2)>"
    return json.dumps(document)


def refused() -> dict[str, str]:
    """Requests that a page must put into words; the one with a mark is none of them."""
    whole = fixtures.load(FIRST).request.decode().replace(f"synthetic-{FIRST}", SECRET)
    return {
        "mark": "\ufeff" + whole,
        "cut": whole[:-40],
        "other hook": whole.replace('"order-sign"', '"appointment-book"'),
        "no JSON": SECRET,
        "no call": json.dumps({"patient": SECRET}),
    }


def stored() -> dict[str, Any]:
    """Of every situation the language and the cards of its stored answer: topic, indicator, summary."""
    return {
        it.name: {
            "language": it.story.language,
            "cards": [
                [card["source"]["topic"]["code"], card["indicator"], card["summary"]]
                for card in it.response.get("cards", ())
            ],
        }
        for it in fixtures.situations()
    }


def recording(edition: Edition) -> tuple[str, list[str]]:
    """The answers with one number of the table changed, and the situations that then differ."""
    lines, names = [], []
    for (name, tag), cards in answers_of(edition).items():
        text = json.dumps({"name": name, "language": tag, "cards": cards}, ensure_ascii=False)
        lines.append(text.replace("3.3 mg", "3.7 mg"))
        shown = [(c["summary"], c["detail"], [s["label"] for s in c.get("suggestions", ())]) for c in cards]
        if "3.3 mg" in json.dumps(shown, ensure_ascii=False):
            names.append(name)
    return "\n".join(lines), sorted(names)


def sandboxed(edition: Edition) -> dict[str, Any]:
    """By hook a request of today, and by language the cards that a client sees of all services on that hook."""
    made: dict[str, Any] = {}
    for hook, name in (("order-select", "order-select-two-selected"), ("order-sign", FIRST)):
        now = local_now()
        asked = json.loads(fixtures.load(name).request_at(now))
        assert asked["hook"] == hook
        cards: dict[str, list[str]] = {tag: [] for tag in LANGUAGES}
        for service, tag in product(edition.service_ids_on(hook), LANGUAGES):
            prefetch = {key: it for key, it in asked["prefetch"].items() if key in edition.prefetch(service)}
            body = json.dumps(asked | {"prefetch": prefetch}).encode()
            shown = answer_body(edition, service, body, now, tag).response.cards
            cards[tag] += [f"{card.indicator}: {card.summary}" for card in shown]
        made[hook] = {"request": asked, "cards": cards}
    return made


def version(root: Path, edition: Edition) -> list[str]:
    """Another version of the content below ``root``, with 3.2 mg in the row of Table 2 that gives 3.3; the situations
    that then differ."""
    folder = root / "lower"
    shutil.copytree(content_root(), folder)
    file = folder / "recommendations" / "bisphosphonate-renal-dose.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count("dose: 3.3") == 1
    file.write_text(text.replace("dose: 3.3", "dose: 3.2"), encoding="utf-8")
    found = compared(answers_of(Edition.load(Settings(), folder)), answers_of(edition))
    return sorted(each.name for each in found.situations)


@contextmanager
def patient(folder: Path) -> Iterator[dict[str, Any]]:
    """The patient of a situation, as of today, on a FHIR server that wants a token; and what is asked of it."""
    sys.path.append(str(HERE.parent))
    from fhir_server.server import started  # noqa: PLC0415  # its folder is no package of the product

    asked = json.loads(fixtures.load(FIRST).request_at(local_now()))
    members = asked["prefetch"].values()
    entries = [entry["resource"] for member in members if member for entry in member.get("entry", [])]
    lone = [member for member in members if member and member["resourceType"] != "Bundle"]
    each = {f"{it['resourceType']}/{it['id']}": it for it in [*lone, *entries]}
    with started(folder) as server, server.holding(list(each.values())):
        yield {"server": server.base, "token": server.token, "patient": asked["context"]["patientId"], "order": FIRST}


def sizes(base: str, site: Path, folder: str) -> dict[str, int]:
    """What the limits are about, measured; the export as a zip in ``folder``."""

    def packed(path: str, **form: str) -> int:
        url = f"{base}/workbench/{path}"
        answer = requests.post(url, data=form, timeout=60) if form else requests.get(url, timeout=60)
        answer.raise_for_status()
        return len(gzip.compress(answer.content))

    scripts, styles = packed("static/bench.js"), packed("static/bench.css")
    archive = shutil.make_archive(f"{folder}/zipped", "zip", site)
    return {
        "scripts": scripts,
        "styles": styles,
        "first page, all": scripts + styles + packed("static/icon.svg") + packed("try"),
        "fragment": packed("try/answer", situation=FIRST),
        "export": Path(archive).stat().st_size // len(fixtures.names()),
    }


def _exported(site: Path, *, strips: bool) -> Path:
    command = [sys.executable, "-m", "cds_service", "export", "site", str(site)]
    subprocess.run([*command, *([] if strips else ["--no-strips"])], check=True, timeout=1200)
    return site


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--pictures", type=Path)
    asked.add_argument("--site", type=Path, help="An export that is there (make docs); default: one is made.")
    asked.add_argument(
        "--no-strips", action="store_true", help="Export without strips: quicker, while journeys change."
    )
    asked.add_argument(
        "--only", default="", help="Journeys whose titles hold this expression; nothing is measured then."
    )
    said = asked.parse_args()
    pictures: Path | None = said.pictures
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    runtime, browser, edition = node(), chromium(), Edition.load(Settings())
    text, names = recording(edition)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as elsewhere,
        tempfile.TemporaryDirectory() as versions,
        serving(CDS_COMPARE_DIR=versions) as url,
        gated() as production,
        patient(Path(elsewhere)) as on_server,
    ):
        base = url.removesuffix("/cds-services")
        site: Path = said.site.resolve() if said.site else _exported(Path(folder) / "site", strips=not said.no_strips)
        given: dict[str, Any] = {
            "base": base,
            "chromium": browser,
            # A sandbox of its own needs a user that is not root.
            "arguments": ["--no-sandbox"] if os.geteuid() == 0 else [],
            "creatinine": expected(edition),
            "script": scripted(),
            "refused": refused(),
            "secret": SECRET,
            "recording": text,
            "stored": stored(),
            "differing": names,
            "onServer": on_server,
            "production": production.told,
            "sandbox": sandboxed(edition),
            "python": sys.executable,
            "otherVersion": version(Path(versions), edition),
            "pages": PAGES,
            "only": said.only,
            "site": str(site),
            "pictures": str(pictures.resolve()) if pictures else None,
        }
        script = [runtime, str(HERE / "workbench.mjs")]
        failed = subprocess.run(script, input=json.dumps(given), text=True, check=False, timeout=1800).returncode
        for left in production.keeping(SECRET):
            print(f"FAILED  a pasted request was left in {left}")
            failed = 1
        for name, size in ({} if said.only else sizes(base, site, folder)).items():
            print(f"{'ok    ' if size <= LIMITS[name] else 'FAILED'}  {name}: {size} of {LIMITS[name]} bytes")
            failed = failed or int(size > LIMITS[name])
    return failed


if __name__ == "__main__":
    sys.exit(main())
