# Two commands on a fresh machine: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
CURVES ?= ../shared/curves
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: install system demo serve test lint bench backtest stress docs slurm-up slurm-down clean

install: $(STAMP)  ## the virtual environment with service, client and development tools

$(STAMP): pyproject.toml trainer/pyproject.toml
	deploy/make-venv.sh "$(PYTHON)" "$(VENV)"
	$(BIN)/pip install --quiet --editable ".[dev,demo]" --editable ./trainer
	touch $(STAMP)

system:  ## SLURM and Chromium from Debian's packages (as root; otherwise says what is left out)
	deploy/install-system.sh

demo: install  ## the main job end to end; AUTO=1 clicks by itself
	$(BIN)/python deploy/demo.py $(if $(AUTO),--auto)

serve: install  ## the service on this machine
	$(BIN)/cutlossd serve

test: install system lint  ## everything; with CI=true a missing system part is a failure
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --strict trainer/cutloss

bench: install  ## what was asked beside what was measured
	$(BIN)/python tests/bench/run.py

backtest: install  ## forecasts and ETAs scored on real curves: make backtest CURVES=folder
	$(BIN)/python tests/bench/backtest_forecast.py --curves $(CURVES) --pictures .bench/worst-forecasts
	$(BIN)/python tests/bench/backtest_forecast_like.py --curves $(CURVES)
	$(BIN)/python tests/bench/backtest_eta.py --curves $(CURVES)

stress: install  ## forecasts scored on changed curves, and on repositories harder than those learned from
	$(BIN)/python tests/bench/backtest_forecast_stress.py --curves $(CURVES)

docs: install  ## the pages that are made from the code
	$(BIN)/python deploy/list_modules.py

slurm-up:  ## a real one-machine SLURM cluster for development (as root)
	deploy/slurm/install.sh
	deploy/slurm/up.sh

slurm-down:
	deploy/slurm/down.sh

clean:
	rm -rf $(VENV) .demo .bench dist build
