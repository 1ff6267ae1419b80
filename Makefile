# Everything sets itself up: Python >= 3.11 and make are enough. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
FHIR_VENV := .venv-fhir
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
# Locks are complete (a test holds it), so nothing is resolved: a release that appears tomorrow changes no installation.
# Wheels only: building from source would fetch the newest build tools, which no lock names.
AS_LOCKED := --disable-pip-version-check --require-hashes --no-deps --only-binary :all:
LOCKED := install --quiet $(AS_LOCKED) -r
# A pip command, told in a line a package (in a terminal one line that changes): it is silent for a minute otherwise. What it said
# last is shown when it fails.
define TOLD
import subprocess, sys, time
packages = sum(line[:1].isalnum() for line in open(sys.argv[-1], encoding="utf-8"))
show = (lambda text: print(f"\r\033[K  {text}", end="", flush=True)) if sys.stdout.isatty() else (lambda text: print(f"  {text}", flush=True))
began, said, done = time.monotonic(), [], 0
with subprocess.Popen([*sys.argv[1:], "--progress-bar", "off"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
    for line in running.stdout:
        said.append(line)
        if " (from -r " in line and line.startswith(("Collecting ", "Processing ", "Requirement already")):
            done += 1
            show(f"{done} of {packages}: {line.split(' (from')[0].split()[-1].rpartition('/')[2][:60]}")
        elif line.startswith("Installing collected"):
            show(f"unpacking {done} packages ...")
if running.returncode:
    print("", *said[-20:], sep="\n", file=sys.stderr)
else:
    show(f"{done} packages in {time.monotonic() - began:.0f} s")
if sys.stdout.isatty():
    print()
sys.exit(running.returncode)
endef
export TOLD
# What writes the locks. Named without a hash: it is installed by `make lock` only, and what it writes is reviewed.
UV := uv==0.13.9
COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --quiet --python-version 3.11 --upgrade
.PHONY: help serve test quick few lint types unit fresh coverage review burden bench crash siege mutants docs pictures acceptance sandbox lock clean

# $(call timed,what,command): the command, and how long it took.
timed = @start=$$(date +%s); $(2) && echo "$(1): $$(( $$(date +%s) - start )) s"

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# An installation that was broken off leaves packages that pip takes for whole. `unfinished` stands while one is under way:
# what finds it there makes the environment anew.
begun = @if test -e $(VENV)/unfinished || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then $(PYTHON) -m venv --clear $(VENV) || exit 1; fi; touch $(VENV)/unfinished
ended = @rm $(VENV)/unfinished

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@mkdir -p $(VENV) && touch $(VENV)/unfinished
	@echo "Setting up, once. 1 of 3: an environment in $(VENV), some seconds ..."
	@$(PYTHON) -m venv $(VENV)
	$(ended)

# What the server needs, exactly as locked.
$(VENV)/serve.stamp: $(VENV)/pyvenv.cfg requirements.lock
	$(begun)
	@echo "Setting up, once. 2 of 3: what the server needs, about a minute on an ordinary line:"
	@$(BIN)/python -c "$$TOLD" $(BIN)/python -m pip install $(AS_LOCKED) -r requirements.lock
	$(ended)
	@touch $@

# What the tests need besides, and the package itself, editable.
$(VENV)/test.stamp: $(VENV)/serve.stamp requirements-dev.lock pyproject.toml
	$(begun)
	@echo "Setting up, once. What the tests need besides, a minute or two:"
	@$(BIN)/python -c "$$TOLD" $(BIN)/python -m pip install $(AS_LOCKED) -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(ended)
	@touch $@

# A FHIR server for the tests, in an environment of its own: its dependencies and ours never meet.
$(FHIR_VENV)/stamp: requirements-fhir.lock | $(VENV)/pyvenv.cfg
	$(PYTHON) -m venv --clear $(FHIR_VENV)
	$(FHIR_VENV)/bin/python -m pip $(LOCKED) requirements-fhir.lock
	$(FHIR_VENV)/bin/python -m pip check
	@touch $@

serve: $(VENV)/serve.stamp ## start the server (HOST, PORT, WORKERS, THREADS, CDS_*)
	@echo "Starting: content is read and checked, then answered once; a few seconds ..."
	@$(BIN)/python -m cds_service serve

test: $(VENV)/test.stamp $(FHIR_VENV)/stamp ## lint, types, tests, freshness of the review pages; says how long each takes
	$(call timed,make test,$(MAKE) --no-print-directory lint types unit fresh)

# What a contributor runs after every change: content, cases, architecture, and all that is quick to say.
QUICK := tests/test_architecture.py tests/test_rule_code.py tests/test_content.py tests/test_guideline_load.py tests/test_cases.py tests/test_answers.py tests/test_registry.py tests/test_codelists.py tests/test_evaluate.py
quick: $(VENV)/test.stamp ## lint, types, content, cases, architecture: under a minute
	$(call timed,make quick,$(MAKE) --no-print-directory lint types few)

few: $(VENV)/test.stamp
	$(call timed,tests,$(BIN)/python -m pytest --numprocesses auto --no-header $(QUICK))

lint: $(VENV)/test.stamp
	$(call timed,lint,$(BIN)/ruff check . && $(BIN)/ruff format --check .)

types: $(VENV)/test.stamp
	$(call timed,types,$(BIN)/mypy)

unit: $(VENV)/test.stamp $(FHIR_VENV)/stamp
	$(call timed,tests,$(BIN)/python -m pytest --numprocesses auto --dist worksteal)

# By itself: counting lines and branches takes more time than the tests.
coverage: $(VENV)/test.stamp $(FHIR_VENV)/stamp ## all tests, and what of the code they ran; fails below the figure of pyproject.toml
	$(call timed,coverage,$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --cov-report=term)

fresh: $(VENV)/test.stamp
	$(call timed,review pages,$(BIN)/python -m cds_service review --check)

review: $(VENV)/test.stamp ## write the review pages from the running rules
	$(BIN)/python -m cds_service review

burden: $(VENV)/test.stamp ## ask the made-up ward how many cards it gets, and write deploy/burden.md
	$(BIN)/python -m cds_service burden

bench: $(VENV)/test.stamp $(FHIR_VENV)/stamp ## ratios against a bare Flask application, measured in one run
	$(BIN)/python tests/bench/bench.py

mutants: $(VENV)/test.stamp ## mutation testing of all rules and facts (long)
	$(BIN)/python tests/mutants/run.py

# Of the five pages in English: the first journey gives the report something to show, the thirteenth looks at every page.
PAGES := try knowledge compare report api
pictures: $(VENV)/test.stamp tests/acceptance/node_modules/.package-lock.json ## make the pictures of the documentation anew (needs npm, chromium)
	@rm -rf build/pictures
	$(BIN)/python tests/acceptance/workbench_run.py --no-strips --only '^1 en|^13 en: k' --pictures build/pictures
	cp $(foreach page,$(PAGES),$(foreach width,1280 390,build/pictures/$(page)-en-$(width).png)) deploy/docs/pictures/

# Named like the client's package file, so that a new lock file installs anew. No install scripts are run.
tests/acceptance/node_modules/.package-lock.json: tests/acceptance/package.json tests/acceptance/package-lock.json
	@command -v npm >/dev/null || { echo "make acceptance needs npm (Debian: apt-get install nodejs npm); everything else does without."; exit 1; }
	npm ci --prefix tests/acceptance --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# What generates a client from /openapi.json, in an environment of its own.
build/generated/stamp: requirements-generated.lock | $(VENV)/pyvenv.cfg
	$(PYTHON) -m venv --clear build/generated
	build/generated/bin/python -m pip $(LOCKED) requirements-generated.lock
	build/generated/bin/python -m pip check
	@touch $@

# What builds the documentation, in an environment of its own.
build/sphinx/stamp: requirements-docs.lock | $(VENV)/pyvenv.cfg
	$(PYTHON) -m venv --clear build/sphinx
	build/sphinx/bin/python -m pip $(LOCKED) requirements-docs.lock
	build/sphinx/bin/python -m pip check
	@touch $@

# A warning is a fault. STRIPS=--strips: with where each answer changes, in every page of the workbench (minutes).
STRIPS ?= --no-strips
docs: $(VENV)/serve.stamp build/sphinx/stamp ## write the documentation into build/docs, the workbench beside it: pages that open from disk
	@rm -rf build/docs
	build/sphinx/bin/sphinx-build -W --keep-going -q -E -d build/doctrees -c deploy/docs . build/docs
	$(BIN)/python -m cds_service export site build/docs/workbench $(STRIPS)
	$(BIN)/python tests/acceptance/docs_run.py build/docs

siege: $(VENV)/test.stamp ## loads against a real server: slow clients, floods, hung workers, full disks (five minutes)
	$(BIN)/python tests/siege/run.py

crash: $(VENV)/test.stamp ## kill -9 of the whole server under feedback load, twenty times on each database
	$(BIN)/python tests/crash/run.py

sandbox: $(VENV)/test.stamp $(FHIR_VENV)/stamp ## HL7's Sandbox (SANDBOX_DIR: a built copy) with this server and a made-up patient, to open in a browser
	$(BIN)/python tests/acceptance/hl7_sandbox_run.py --stay

acceptance: $(VENV)/test.stamp $(FHIR_VENV)/stamp docs build/generated/stamp tests/acceptance/node_modules/.package-lock.json ## an independent client; the documentation; the workbench in a browser; HL7's Sandbox where SANDBOX_DIR names a copy; behind nginx; a client generated from /openapi.json (needs npm, chromium, nginx, openssl)
	$(BIN)/python tests/acceptance/run.py
	$(BIN)/python tests/acceptance/workbench_run.py --site build/docs/workbench --pictures build/workbench
	$(BIN)/python tests/acceptance/hl7_sandbox_run.py --pictures build/sandbox
	$(BIN)/python tests/acceptance/nginx_run.py
	$(BIN)/python -m tests.acceptance.generated_run build/generated/bin/python

# Needs none of the locks: they may be what cannot be installed any more.
lock: $(VENV)/pyvenv.cfg ## resolve the lock files anew
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: $(UV)
	$(BIN)/$(COMPILE) pyproject.toml -o requirements.lock
	$(BIN)/$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock
	$(BIN)/$(COMPILE) tests/fhir_server/requirements.in -o requirements-fhir.lock
	$(BIN)/$(COMPILE) deploy/supply.in -o requirements-supply.lock
	$(BIN)/$(COMPILE) tests/acceptance/requirements.in -o requirements-generated.lock
	$(BIN)/$(COMPILE) deploy/docs/requirements.in -o requirements-docs.lock

clean: ## remove what the targets made
	rm -rf $(VENV) $(FHIR_VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis mutants build dist *.egg-info tests/acceptance/node_modules

# Tools for the two below, and a copy of what a server runs with, each in an environment of its own.
build/supply/stamp: requirements-supply.lock | $(VENV)/pyvenv.cfg
	$(PYTHON) -m venv --clear build/supply
	build/supply/bin/python -m pip $(LOCKED) requirements-supply.lock
	build/supply/bin/python -m pip check
	@touch $@

build/runtime/stamp: requirements.lock | $(VENV)/pyvenv.cfg
	$(PYTHON) -m venv --clear --without-pip build/runtime
	$(BIN)/python -m pip --python build/runtime $(LOCKED) requirements.lock
	$(BIN)/python -m pip --python build/runtime check
	@touch $@

.PHONY: sbom audit
sbom: build/supply/stamp build/runtime/stamp ## write build/sbom.json: what the service is made of (CycloneDX, validated)
	@sed 's/^dynamic = .*/version = "'"$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' cds_service/__init__.py)"'"/' pyproject.toml > build/pyproject.toml
	build/supply/bin/cyclonedx-py environment build/runtime --pyproject build/pyproject.toml --sv 1.6 --of JSON --output-reproducible --validate -o build/sbom.json

define SHOW
import json
for each in json.load(open("build/audit.json"))["dependencies"]:
    for known in each["vulns"]:
        print(each["name"], each["version"], known["id"], "fixed in", ", ".join(known["fix_versions"]) or "no version yet")
endef
export SHOW

OSV_URL ?= https://api.osv.dev/v1/query
audit: build/supply/stamp ## ask the OSV database about every locked package (needs the network; OSV_URL)
	@rm -f build/audit.json
	@build/supply/bin/pip-audit -r requirements.lock --disable-pip --strict -s osv --osv-url $(OSV_URL) --desc off --progress-spinner off -f json -o build/audit.json 2>build/audit.log \
	  && echo "no known vulnerability (build/audit.json)" \
	  || { if test -s build/audit.json; then echo "known vulnerabilities (build/audit.json):"; $(BIN)/python -c "$$SHOW"; else \
	       echo "$(OSV_URL) did not answer: nothing was audited. Run it where there is a network, or name a mirror: make audit OSV_URL=... (why: build/audit.log)"; fi; exit 1; }
