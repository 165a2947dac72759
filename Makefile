# The commands of the project, the same on a laptop and in CI. `make` alone lists them.
# All they need is Python 3.11 or newer; what they install goes into .venv.

VENV := .venv
BIN := $(VENV)/bin
# Tried in this order, the first one that is new enough is taken. `make PYTHON=… demo` names another.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python)

# -qq hides pip's warnings about the package sources of this or that machine; its errors still show.
PIP_INSTALL := $(BIN)/python -m pip install -qq --no-input -c constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help demo test coverage check lint format types layers docs bench audit constraints clean

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*  ## /\1	/p' Makefile | while IFS='	' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.demo  ## train the models of manifests/ on the practice service, and ask one of them
	@echo
	TUNEFORM_STEP_SECONDS=0.02 $(BIN)/tuneform apply --project . -y
	@echo
	$(BIN)/tuneform show number-generator --project .
	@echo
	$(BIN)/tuneform output --project .
	@echo
	$(BIN)/tuneform generate ticket-routing "Nobody rang the bell, and the parcel is gone." --project .

test: $(VENV)/.dev  ## run the whole suite, in parallel
	$(BIN)/python -m pytest -n auto

# Two threads that begin at once may fail to be traced by Python 3.11: that says nothing of ours. What
# was killed while it wrote has left half a file of counts, which is passed over.
coverage: $(VENV)/.dev  ## the whole suite, with its lines and branches counted; takes longer
	@rm -f .coverage .coverage.*
	@status=0; \
	$(BIN)/coverage run -m pytest -n auto -q \
		-W default::pytest.PytestUnraisableExceptionWarning || status=$$?; \
	$(BIN)/python -W ignore -m coverage combine --quiet && rm -f .coverage.*; \
	$(BIN)/coverage report && exit $$status

check: lint types layers test  ## everything that CI runs

lint: $(VENV)/.dev  ## ruff: the rules, and the formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(VENV)/.dev  ## ruff: repair what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/.dev  ## mypy, strict
	$(BIN)/mypy

layers: $(VENV)/.dev  ## import-linter: who may import whom
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev  ## write the generated pages of docs/ again
	$(BIN)/python docs/generate.py

bench: $(VENV)/.dev  ## measure speed against the floor; takes minutes, see bench/README.md
	$(BIN)/python bench/run.py

audit: $(VENV)/.made  ## ask for known vulnerabilities of the pinned dependencies
	@test -x .venvs/audit/bin/pip-audit || { $(BIN)/python -m venv .venvs/audit && \
		.venvs/audit/bin/python -m pip install -qq --no-input pip-audit; } || true
	@$(BIN)/python .ci/audit.py .venvs/audit/bin/pip-audit

constraints: $(VENV)/.made  ## pin the newest versions that pyproject.toml allows
	rm -rf .venvs/constraints
	$(BIN)/python -m venv .venvs/constraints
	.venvs/constraints/bin/python -m pip install -qq --no-input --upgrade pip
	.venvs/constraints/bin/python -m pip install -qq --no-input -e '.[embedded,oauth,postgres]' --group dev
	{ sed -n '/^#/p' constraints.txt; \
	  .venvs/constraints/bin/python -m pip freeze --all --exclude-editable --exclude setuptools \
	  | LC_ALL=C sort -f; } > .venvs/constraints.txt
	mv .venvs/constraints.txt constraints.txt

clean:  ## remove environments, caches, builds, and what the demo has trained
	rm -rf $(VENV) .venvs dist build .practice .tuneform .coverage .coverage.*
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests docs bench -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, and what was installed into it. Each stamp is written last, so that an installation
# which was interrupted is done again; a change of the pins or the dependencies does it again as well.

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

$(VENV)/.made:
	@if $(BIN)/python -c 'import pip; $(NEW_ENOUGH)' 2>/dev/null; then touch $@; exit; fi; \
	for python in $(PYTHONS); do \
		if $$python -c 'import ensurepip, venv; $(NEW_ENOUGH)' 2>/dev/null; then \
			echo "Creating $(VENV) with $$($$python --version)"; \
			$$python -m venv --clear $(VENV) && touch $@; exit; \
		fi; \
	done; \
	echo "error: no Python 3.11 or newer with the venv module was found (tried: $(PYTHONS))" >&2; \
	echo "  hint: install one (Debian, Ubuntu: python3 and python3-venv), or name it:" >&2; \
	echo "        make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
	exit 1

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing tuneform into $(VENV)"
	@$(PIP_INSTALL) -e '.[embedded]'
	@touch $@

# pip reads the development group since 25.1, newer than the one that comes with Python 3.11.
$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing tuneform and the development tools into $(VENV)"
	@$(PIP_INSTALL) --upgrade pip
	@$(PIP_INSTALL) -e '.[embedded,oauth,postgres]' --group dev
	@touch $(VENV)/.demo $@
