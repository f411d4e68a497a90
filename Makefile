# Every target that runs Python first gets what it needs, and says what it fetches: lab/bootstrap.sh.
PY      := .venv/bin/python
DEMO    := asterisk sipp
BENCH   := bench $(DEMO)
TEST    := bench asterisk sipp baresip kamailio prometheus redis systemd faketime
# In this order; bench.overflow takes its short form, bench.day half an hour.
BENCHMARKS := calls expected_wait nobody_left who_first replay menu commands flood one_number \
    times handoff handoff_load people waiting growth 'overflow --short' day
# Side by side, one after the other to whoever is free; how many, in what order: tests/conftest.py.
PYTEST  := $(PY) -m pytest -q -n auto --dist loadgroup --no-loadscope-reorder --durations=20

# Each hotline of a test starts ivrd anew: where Python may not keep what it has compiled, it compiles
# all of it each time, which is a second of a processor.
unexport PYTHONDONTWRITEBYTECODE

# make install: DESTDIR is put before every path; PREFIX holds ivrd's own Python environment.
PREFIX  ?= /opt/ivrd
CONFDIR ?= /etc/ivrd
DATADIR ?= /usr/share/ivrd
LIBDIR  ?= /usr/lib
BINDIR  ?= /usr/local/bin
ASTDATA ?= /usr/share/asterisk
ASTCONF ?= /etc/asterisk
RELEASE := $(shell date -u +%Y%m%d-%H%M%S)
SYSTEM_PYTHON ?= /usr/bin/python3
RELEASES = $(SYSTEM_PYTHON) -m tools.release --destdir "$(DESTDIR)" --prefix "$(PREFIX)" \
    --confdir "$(CONFDIR)" --datadir "$(DATADIR)" --libdir "$(LIBDIR)" --bindir "$(BINDIR)" \
    --astdata "$(ASTDATA)" --astconf "$(ASTCONF)"

.DEFAULT_GOAL := help
.PHONY: help demo test verify lint lab run install downgrade uninstall bench chaos prompts states \
    screenshot clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s%s\n", $$1, $$2 }' Makefile

demo:  ## a wave of simulated callers, partners that lend seats, and the counts (ARGS=...)
	@lab/bootstrap.sh dev $(DEMO)
	@$(PY) -m lab demo $(ARGS)

test:  ## what a change can break, the real Asterisk included (ARGS=... goes to pytest)
	@lab/bootstrap.sh dev $(TEST)
	@$(PYTEST) $(ARGS)

verify:  ## all tests there are, with every fault and every example (ARGS=... goes to pytest)
	@lab/bootstrap.sh dev $(TEST)
	@$(PYTEST) --verify $(ARGS)

lint:  ## ruff, mypy --strict, import rules
	@lab/bootstrap.sh dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo

lab:  ## a private Asterisk with ivrd and simulated agents, until Ctrl-C (ARGS=...)
	@lab/bootstrap.sh dev $(DEMO)
	@$(PY) -m lab up $(ARGS)

run:  ## ivrd itself, with config/
	@lab/bootstrap.sh dev
	@.venv/bin/ivrd run --config config

bench:  ## all figures of bench/RESULTS.md and its plots anew: some two hours on a quiet machine
	@lab/bootstrap.sh dev $(BENCH) redis
	@failed=0; for part in $(BENCHMARKS); do $(PY) -m bench.$$part || failed=1; done; exit $$failed

chaos:  ## what breaks, fault by fault, under load (ARGS="--long", "--control", names)
	@lab/bootstrap.sh dev $(DEMO) faketime redis
	@$(PY) -m chaos $(ARGS)

prompts:  ## speak the prompts into sounds/
	@lab/bootstrap.sh dev
	@$(PY) -m tools.make_prompts

states:  ## redraw docs/states.md from the tables of calls and breakers
	@lab/bootstrap.sh dev
	@$(PY) -m tools.state_diagrams

screenshot:  ## docs/top.svg: ivrd top in the midst of the demo
	@lab/bootstrap.sh dev $(DEMO)
	@$(PY) -m tools.screenshot

# Built beside the one in use, which goes on; put into use when all of it is there.
install:  ## into the system, as root: /opt/ivrd, /etc/ivrd, systemd units (DESTDIR, PREFIX)
	rm -rf build
	lab/bootstrap.sh install "$(DESTDIR)$(PREFIX)/releases/$(RELEASE)"
	rm -rf build
	@$(RELEASES) install $(RELEASE)
	@test -n "$(DESTDIR)" || "$(BINDIR)/ivrd" check --next --config "$(CONFDIR)"

downgrade:  ## the release before the one in use again (CONFDIR, recordings stay as they are)
	@$(RELEASES) previous

uninstall:  ## what make install put there; leaves configuration, recordings, state
	@$(RELEASES) uninstall

clean:  ## remove what was made here (not the cache outside)
	rm -rf .venv build *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
