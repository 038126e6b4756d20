# Everything a person or CI runs in this repository. `make` alone lists it.

.DEFAULT_GOAL := help
SHELL := bash
# rustup puts cargo here, but not every shell has it on its PATH yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
# Where cargo builds. `?=` would run cargo for every target, `help` included.
target_dir = $(or $(CARGO_TARGET_DIR),target)

.PHONY: help demo test test-full bench bench-rust bench-go bench-server bench-node bench-python bench-ruby generate fmt lint clean conformance conformance-mutants faults fuzz sbom soak surface

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## start a server, make 200 links for the creators of examples/creators.csv, visit them, show their clicks
	@scripts/bootstrap demo
	@cargo build --locked --package approute-server --package approute-demo
	@$(target_dir)/debug/approute-demo --server $(target_dir)/debug/approute-server $(ARGS)

test: ## everything that a change must pass: format, lints, generated files, spec, tests, docs, package
	@scripts/bootstrap test
	@scripts/test

test-full: ## `make test`, and what takes longer: every feature set, long tests, dependency audit
	@scripts/bootstrap full
	@scripts/test --full

bench: bench-rust bench-go bench-node bench-python bench-ruby ## measure what README and docs give figures for, and draw it; each language has a target of its own, such as bench-go
	@python3 bench/plot.py $(target_dir)/bench docs/images/benchmarks.svg

bench-rust:
	@scripts/bootstrap demo
	@cargo bench --locked --package approute-bench $(ARGS)

bench-go:
	@cd sdk-go && go test -run '^$$' -bench . ./bench

bench-node:
	@scripts/bootstrap test
	@npm ci --prefix bench/node --ignore-scripts --silent
	@cargo build --locked --release --package approute-node --package approute-bench
	@cd bindings-node && node scripts/build.mjs --native=release
	@mkdir -p $(target_dir)/bench
	@node --expose-gc bench/node/bench.mjs --json=$(target_dir)/bench/node.json $(ARGS)

bench-python:
	@scripts/bootstrap test
	@test -x $(target_dir)/bench-python/bin/pip || python3 -m venv $(target_dir)/bench-python
	@$(target_dir)/bench-python/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/python/requirements.txt
	@cargo build --locked --release --package approute-python --package approute-bench
	@mkdir -p $(target_dir)/bench
	@rm -rf $(target_dir)/bench-python/package && cp -r bindings-python/python $(target_dir)/bench-python/package
	@rm -f $(target_dir)/bench-python/package/approute/_native.abi3.so
	@cp $(target_dir)/release/libapproute_native.so $(target_dir)/bench-python/package/approute/_native.abi3.so
	@PYTHONPATH=$(target_dir)/bench-python/package $(target_dir)/bench-python/bin/python bench/python/bench.py \
		$(target_dir)/release/bench-server --json $(target_dir)/bench/python.json $(ARGS)

bench-server: ## the reference server under load, beside nginx; takes some minutes (ARGS: see --help)
	@scripts/bootstrap bench
	@cargo build --locked --release --package approute-server --package approute-bench
	@nginx=$$(command -v nginx || command -v /usr/sbin/nginx || echo $(target_dir)/bench/nginx/usr/sbin/nginx); \
		$(target_dir)/release/approute-bench-server --server $(target_dir)/release/approute-server --nginx "$$nginx" $(ARGS)

bench-ruby:
	@scripts/bootstrap test
	@cargo build --locked --release --package approute-ruby --package approute-bench --bin bench-server --lib
	@bindings-ruby/build $(target_dir)/release
	@mkdir -p $(target_dir)/bench
	@ruby -Ibindings-ruby/lib bench/ruby/bench.rb --json=$(target_dir)/bench/ruby.json $(ARGS)

generate: ## write again what comes from spec/openapi.yaml
	@scripts/bootstrap demo
	@cargo xtask generate

fmt: ## format the code
	@cargo fmt --all

lint: ## clippy and the linters of the spec, without the tests
	@scripts/bootstrap test
	@cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	@scripts/lint-spec

clean: ## remove build results, installed linters and the demo's database
	@cargo clean
	@rm -rf .demo spec/lint/node_modules server-reference/tests/verifiers/node_modules

conformance: ## the conformance cases against every SDK; writes docs/conformance.md (ARGS: part of a case id, a rule, an area)
	@scripts/bootstrap demo
	@cargo build --locked --package approute-conformance --package approute-conformance-driver --package approute-server
	@$(target_dir)/debug/approute-conformance run $(ARGS)

faults: ## every SDK behind a network that misbehaves: nothing lost, nothing doubled (ARGS: --calls N, --seed N, --driver NAME)
	@scripts/bootstrap demo
	@cargo build --locked --package approute-faults --package approute-conformance-driver --package approute-server
	@$(target_dir)/debug/approute-faults $(ARGS)

surface: ## the public surface of every package, and the spec, against what was released (ARGS: --update)
	@scripts/test node_build
	@$(target_dir)/debug/approute-surface $(ARGS)
	@scripts/spec-baseline $(ARGS)

soak: ## every SDK for an hour behind a network that misbehaves: memory, files, threads stay level (ARGS: --minutes N); writes docs/soak.md
	@scripts/test node_build
	@$(target_dir)/debug/approute-soak $(ARGS)

sbom: ## a bill of materials (CycloneDX) for each package, into target/sbom
	@scripts/bootstrap full
	@scripts/test --full sbom

conformance-mutants: ## break each rule, in every language, one at a time: exactly its cells turn red (ARGS: --language NAME, part of an id or rule)
	@scripts/bootstrap test
	@scripts/test node_build
	@$(target_dir)/debug/approute-conformance mutants $(ARGS)

fuzz: ## broken bodies, cursors and signatures, for ten minutes (ARGS: --seconds N, --seed N, --case N, bodies, cursors, signatures)
	@scripts/bootstrap demo
	@cargo build --locked --package approute-fuzz --package approute-server
	@$(target_dir)/debug/approute-fuzz --seconds 600 $(ARGS)
