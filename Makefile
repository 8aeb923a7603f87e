# Everything works from nothing but python3, make and a C compiler.
#
#   make test PYTHON=python3.10 VENV=.venv310      another Python, in an environment of its own
#   HOWDAH_IMPL=python make test                   the pure-Python implementation

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=

bin := $(VENV)/bin
# It is not quiet: who waits for a minute wants to see for what.
install = $(bin)/python -m pip install --disable-pip-version-check --progress-bar off

# What an editable install has to be made anew for: metadata, and the native sources.
native := core/howdah/native $(wildcard */*/_native)
build := pyproject.toml setup.py $(foreach extension,pyx pxi pxd,$(wildcard $(addsuffix /*.$(extension),$(native))))

.PHONY: demo test bench lint format docs sync clean

demo: $(VENV)/.demo
	PYTHONPATH=contrib $(bin)/python -m howdah_demo

test: $(VENV)/.test
	$(bin)/python -m pytest -n auto --dist worksteal --howdah-impl=this $(PYTEST_ARGS)

bench: $(VENV)/.bench
	$(bin)/python -m tests.bench

lint: $(VENV)/.lint
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy core plugins contrib tests/typing/program.py tests/typing/pool.py
	PYTHONPATH=contrib $(bin)/lint-imports  # howdah_demo, which is not installed, is checked too
	$(bin)/python .ci/complexity.py
	$(bin)/python .ci/async_to_sync.py --check
	$(bin)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(bin)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(bin)/check-jsonschema --builtin-schema vendor.readthedocs .readthedocs.yaml
	$(if $(wildcard .ci/generate_sqlstates.py),$(bin)/python .ci/generate_sqlstates.py --check)

format: $(VENV)/.lint
	$(bin)/ruff check --fix
	$(bin)/ruff format

sync: $(VENV)/.lint
	$(bin)/python .ci/async_to_sync.py

docs: $(VENV)/.docs
	$(bin)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

clean:
	rm -rf .venv* build dist docs/_build core/*.egg-info *.egg-info
	rm -f $(foreach extension,c so,$(addsuffix /*.$(extension),$(native)))

$(bin)/python:
	@echo 'Creating a virtual environment in $(VENV)'
	$(PYTHON) -m venv $(VENV)

# Each purpose is installed once, into one environment, and again when what it is built from changes. setup.py
# compiles what of the native code has changed.
$(VENV)/.demo: groups := demo
# Its data only: what it depends on, pandas and NumPy, would be most of what is downloaded.
$(VENV)/.demo: data := vega_datasets
$(VENV)/.test: groups := test
$(VENV)/.bench: groups := bench
$(VENV)/.lint: groups := lint test bench
$(VENV)/.docs: groups := docs
$(VENV)/.docs: extras := [cli]
$(VENV)/.demo $(VENV)/.test $(VENV)/.bench $(VENV)/.lint $(VENV)/.docs: $(build) | $(bin)/python
	@echo 'Installing howdah for: $(groups); its native code is compiled if it has changed, which takes about a minute'
	$(install) 'pip>=25.1'  # the first that knows dependency groups
	$(if $(data),$(install) --no-deps $(data))
	$(install) $(addprefix --group ,$(groups)) --editable '.$(extras)'
	@touch $@
