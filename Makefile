# What a contributor runs. `make try` and `make test` are the two commands of the README.

SHELL := /bin/bash

.PHONY: help try test lint deny sweep releases members bench golden image sandbox-up sandbox-status sandbox-down foreign-writers clean

help: ## list these commands
	@sed -nE 's/^([a-z-]+): ## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

try: ## install KubeSphere on a temporary cluster (root on Linux), elsewhere into a directory: 11 min the first time
	@scripts/try

test: ## run all tests; what real clusters need is built first
	@! command -v go >/dev/null || cargo run --quiet --bin sandbox -- build
	cargo test

lint: ## check format, lints and documentation: run it before a commit
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

deny: ## check the dependencies: licences, sources, duplicates, advisories
	scripts/deny

sweep: ## kill ksi at each single write of an install, an upgrade and an uninstall: hours
	KSI_SWEEP=all cargo test --test clusters -- sweep

releases: ## run the cluster tests on every release of Kubernetes, not on today's alone: an hour
	for release in 1.34 1.36; do KSI_SANDBOX_RELEASE=$$release cargo test --test clusters || exit; done

members: ## join, break, check and remove real members (root): a part of `make test`
	cargo test --test clusters -- member::

bench: ## measure speed and size, beside helm and kubectl
	cargo bench --bench offline --bench cluster --bench controller --bench fleet --bench images

image: ## build the container image of ksi as an OCI archive, without Docker
	scripts/image

# The schemas first: they are compiled into ksi, which needs them to read a new key.
golden: ## update golden files: snapshots, schemas, CRD and deploy/; read the diff before you commit it
	UPDATE=1 cargo test --test integration checked_in
	UPDATE=1 INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test --lib --test integration

SANDBOX := cargo run --quiet --bin sandbox --

sandbox-up: ## start real clusters on this machine (root): make sandbox-up CLUSTERS=host,member1 OPTIONS='--isolate member1'
	$(SANDBOX) up --clusters $(or $(CLUSTERS),host) $(OPTIONS)

sandbox-status: ## show running clusters and their images
	$(SANDBOX) status

sandbox-down: ## stop the clusters and remove everything that they created
	$(SANDBOX) down $(if $(CLUSTERS),--clusters $(CLUSTERS))

foreign-writers: ## change a cluster as other controllers and people do: make foreign-writers CLUSTER=host ROWS='scale set-image'
	$(SANDBOX) foreign-writers $(or $(CLUSTER),host) $(ROWS)

clean: ## remove everything that was built in this directory
	cargo clean
	rm -rf out
