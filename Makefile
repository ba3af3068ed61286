# Two commands matter: `make demo` and `make test`. Both install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: help demo test test-services lint format chromium starter-model

help:
	@echo "make demo          build a demo study and serve it (PORT=8000); Ctrl-C stops it"
	@echo "make test          install, lint, and run every test"
	@echo "make test-services the tests of the database and the broker, on DATABASE_URL and CELERY_BROKER_URL"
	@echo "make lint          ruff, mypy, import contracts, missing migrations"
	@echo "make format        let ruff format the code"
	@echo "make starter-model train the starter model of latent diffusion again (half an hour of two idle cores)"

$(VENV)/installed: requirements.txt
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing what the project runs on (a few minutes on the first run) …"
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing what its tests need …"
	@$(PIP) install -r requirements-dev.txt
	@touch $@

demo: $(VENV)/installed
	@$(BIN)/python manage.py demo

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# A browser for the tests: one on the path, else the distribution's, else the browser tool's own download.
chromium: $(VENV)/installed-dev
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		$(BIN)/playwright install chromium; \
	fi

# A file's tests run in one process, which makes what they share once, and files in their order: the small ones come last.
BY_FILE := --dist loadfile --no-loadscope-reorder

# Crash tests look at time passing: nothing else runs beside them. Browser tests wait much: two processes share the time.
test: lint chromium
	$(BIN)/pytest -n 2 $(BY_FILE) -m "not e2e and not crash"
	$(BIN)/pytest -n 2 --dist worksteal -m e2e tests/e2e
	$(BIN)/pytest -m crash tests/crash tests/synthesis

test-services: $(VENV)/installed-dev
	$(BIN)/pytest -n 2 $(BY_FILE) -m "database and not crash" tests/readerstudy
	$(BIN)/pytest -m "crash and database" tests/crash

# The model that comes with latent diffusion, from its config and its seeds alone. The work stays in a folder for these
# phantoms and this config, and goes on there after an interruption.
STARTER := synthesis/methods/latent_diffusion
STARTER_PHANTOMS := --tumors 120 --hosts 20 --seed 8 --diameter-mm 6 24
STARTER_KEY := $(shell (echo '$(STARTER_PHANTOMS)'; cat $(STARTER)/starter.toml) | cksum | cut -d ' ' -f 1)
STARTER_RUN ?= data/starter-model-$(STARTER_KEY)
starter-model: $(VENV)/installed
	@test -d $(STARTER_RUN)/phantoms || { rm -rf $(STARTER_RUN)/rendering && \
		$(BIN)/python -m synthesis phantoms $(STARTER_PHANTOMS) --jobs 2 --out $(STARTER_RUN)/rendering && \
		mv $(STARTER_RUN)/rendering $(STARTER_RUN)/phantoms; }
	@for stage in autoencoder diffusion filter; do \
		OMP_NUM_THREADS=1 $(BIN)/python -m synthesis train $$stage $(STARTER)/starter.toml --resume \
			--manifest $(STARTER_RUN)/phantoms/manifest.csv --out $(STARTER_RUN)/run || exit; \
	done
	@mkdir -p $(STARTER)/models/starter
	@cp $(STARTER_RUN)/run/model/config.json $(STARTER_RUN)/run/model/weights.safetensors $(STARTER_RUN)/run/model/card.md $(STARTER)/models/starter/
	@$(BIN)/python -m synthesis models verify starter
