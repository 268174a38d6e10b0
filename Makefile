# Everything here sets itself up: a virtual environment in .venv with the versions of constraints.txt.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Containers often set it; every process that the tests start would compile all modules anew (10 CPU-s per worker).
unexport PYTHONDONTWRITEBYTECODE
# One worker more than cores: the end-to-end modules mostly wait, and they come first (conftest.py), each in one worker.
PARALLEL = -n $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) --dist loadfile --no-loadscope-reorder

.PHONY: help run test lint format type bench timescaledb test-timescaledb clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# pip's own cache makes a second environment fast; the stamp makes a second `make` instant. pip compiles with one core,
# and not our own modules, which would be compiled at every start where PYTHONDONTWRITEBYTECODE is set (containers).
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed; '$(PYTHON)' was not found. Set PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $$($(PYTHON) --version) is too old. Set PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "This Python cannot make virtual environments (Debian: apt install python3-venv)."; exit 1; }
	@echo "Setting up $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable '.$(EXTRAS)'
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib ticket_pipeline || true # packages hold templates that are no Python
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt
	@$(MAKE) --no-print-directory -B $(STAMP) EXTRAS='[dev]'
	@touch $@

run: $(STAMP) ## Run everything: database, marketplace (simulated unless configured), Dagster; Ctrl-C stops it
	@$(BIN)/ticket-pipeline run

test: $(VENV)/.installed-dev ## Run all tests on a real PostgreSQL
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

timescaledb: $(VENV)/.installed-dev ## Unpack a real TimescaleDB from Debian's packages into .cache
	@$(BIN)/python scripts/install_timescaledb.py

# What TimescaleDB could change: the schema, statements over its hypertable, prices, exports, and a crash of the database.
CRASH = test_a_crashed_database_loses_no_capture_and_the_batch_continues_after_its_restart
ON_TIMESCALEDB = $(addprefix ticket_pipeline_tests/storage/test_,migrations.py upgrade.py statements.py snapshots.py \
	snapshot_trust.py event_cleanup.py rebuild.py rebuild_cost.py hourly_prices.py daily_prices.py recomputation.py \
	check_cost.py quality.py changes.py sales.py reclassify.py doctor.py) \
	$(addprefix ticket_pipeline_tests/queries/test_,prices.py now.py) \
	ticket_pipeline_tests/cli/test_export.py::test_every_table_can_be_exported_with_all_its_columns \
	ticket_pipeline_tests/archive/test_archiving.py \
	ticket_pipeline_tests/end_to_end/test_kills.py::$(CRASH)

test-timescaledb: $(VENV)/.installed-dev ## Run the tests that TimescaleDB could change on a real one
	@pg_bin=$$($(BIN)/python scripts/install_timescaledb.py) && \
	TICKET_PIPELINE_TEST_SERVER=timescaledb TICKET_PIPELINE_TEST_PG_BIN=$$pg_bin \
	$(BIN)/python -m pytest $(PARALLEL) $(ON_TIMESCALEDB) $(ARGS)

lint: $(VENV)/.installed-dev ## Check format, style, SQL, the direction of imports, and the files of deploy/
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar sql
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml
	@if test -x $(BIN)/hadolint; then $(BIN)/hadolint deploy/Dockerfile; fi

format: $(VENV)/.installed-dev ## Bring code and SQL to the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

type: $(VENV)/.installed-dev ## Check types, strictly
	@$(BIN)/mypy

bench: $(VENV)/.installed-dev ## Measure, beside named baselines (docs/benchmarks.md)
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove the environment and caches; data in .state stays
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
