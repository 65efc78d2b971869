# SPDX-License-Identifier: MIT
#
# The front door. Meson does the work (meson.build); this file is what one types.
#
#   make BUILD=out/mine ...            another build directory; build/ is the one people use
#   make MESON_FLAGS=-Dwerror=true ... options handed to Meson
#
# Every other build (clang, sanitizers, ppc64le, fuzzers) lies in out/NAME/.

SHELL := bash
.DEFAULT_GOAL := all
.PHONY: all demo test install ppc64le long bench deps deps-ci lint format clean help configure

BUILD ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
MESON_FLAGS ?=
PREFIX ?=
DESTDIR ?=

all: configure ## Build the program: build/sigilo
	@ninja -C $(BUILD) -j $(JOBS)

demo: all ## Anonymise three invented notes, in colour and as plain text, with verdicts and scores
	@bash scripts/demo.sh $(BUILD)/sigilo

test: all ## Build and run every native suite (one alone: meson test -C build --suite unit)
	@meson test -C $(BUILD) --no-rebuild --num-processes $(JOBS) --no-suite long --print-errorlogs

install: all ## Install; PREFIX=/usr/local by default, DESTDIR=... to stage
	@$(if $(PREFIX),meson configure $(BUILD) -Dprefix=$(abspath $(PREFIX)) && ninja -C $(BUILD) -j $(JOBS))
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD) --no-rebuild

ppc64le: ## Cross-build for IBM Power and run the suites under QEMU as POWER10 and POWER9
	@bash scripts/deps.sh build ci
	@bash scripts/ppc64le.sh

long: all ## What CI has no time for: fuzzers, 100,000 mutants, 100 MB (see docs/testing.md)
	@bash scripts/deps.sh ci
	@bash scripts/long.sh $(BUILD)

bench: all ## Measure speed
	@meson test -C $(BUILD) --no-rebuild --benchmark --verbose --num-processes 1

deps: ## Install what building needs, if missing (Debian, RHEL 9 and kin)
	@bash scripts/deps.sh build

deps-ci: ## Install also what CI needs: clang, cross compiler, QEMU
	@bash scripts/deps.sh build ci

lint: configure ## clang-format, clang-tidy, scripts, man pages, translations
	@bash scripts/deps.sh ci
	@ninja -C $(BUILD) -j $(JOBS)
	@bash scripts/lint.sh $(BUILD)

format: ## Reformat all C in place
	@bash scripts/lint.sh --fix

clean: ## Remove build/ and out/
	rm -rf build out

help: ## Show this
	@printf 'sigilo: what one can type\n\n'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | \
	  while IFS=$$'\t' read -r door text; do printf '%-16s %s\n' "$$door" "$$text"; done

# Installs what is missing (silent, and milliseconds, when nothing is) and makes the build directory.
configure:
	@bash scripts/deps.sh build
	@if [ ! -f $(BUILD)/build.ninja ]; then meson setup $(BUILD) $(MESON_FLAGS); \
	  elif [ -n '$(MESON_FLAGS)' ]; then meson configure $(BUILD) $(MESON_FLAGS); fi
