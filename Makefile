# kaden, for its developers. `make` lists the targets.
#
# run and test do all set-up on a fresh Debian 12 that has Go and Node, or say what is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: node-ok help run test build bench soak setup console check generate conformance clean

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
NODE_OK := $(shell command -v npm >/dev/null 2>&1 && node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||a==20&&b>=19?0:1)' 2>/dev/null && echo yes)

help: ## lists the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

run: ## installs what is missing, builds, and serves on 127.0.0.1:8080
	@dev/setup run
	@$(MAKE) --no-print-directory build
	./bin/kaden serve $(ARGS)

build: console ## builds bin/kaden, with the console where Node is there
	@mkdir -p bin
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/kaden ./cmd/kaden

test: ## installs what is missing and runs every test
	@dev/setup test
	@dev/test

check: ## static checks: each one, and why, is in dev/check
	@dev/check

bench: ## measures what docs/benchmarks.md keeps
	@dev/setup test
	@$(MAKE) --no-print-directory build
	@dev/bench

soak: ## the long tests: 500 kills, long fuzzing
	@dev/setup test
	@$(MAKE) --no-print-directory build
	@dev/soak

generate: ## writes generated files anew
	go generate ./...

# The console is built where Node is there; a committed page stands in for it elsewhere.
console:
ifeq ($(NODE_OK),yes)
	@dev/console
else
	@echo "console: Node 20.19 or newer is not here; a plain page stands in"
endif

node-ok:
	@echo $(NODE_OK)

clean: ## removes what was built
	rm -rf bin web/ui/node_modules web/ui/dist/app conformance/node_modules
