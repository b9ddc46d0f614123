# What a contributor runs. `make try` and `make test` are the two commands of the README.

SHELL := /bin/bash
KSI := target/release/ksi

.PHONY: sandbox-up sandbox-status sandbox-down foreign-writers try test sweep lint doc bench golden clean

try: ## as root on Linux: install a host on a cluster that is started for it; elsewhere: apply to a directory
	@scripts/try

test: ## everything that proves ksi
	cargo test

lint: ## what has to be clean before a commit
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

sweep: ## kill ksi at every single write of an installation, an upgrade and an uninstallation, and in every chain: hours
	KSI_SWEEP=all cargo test --test clusters -- sweep

bench: ## speed and size, beside helm and kubectl
	cargo bench --bench offline --bench cluster

golden: ## take the present output as right: snapshots, schema, CRD and deploy/rbac.yaml; read the diff before committing it
	UPDATE=1 INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test

SANDBOX := cargo run --quiet --package sandbox --profile sandbox --

sandbox-up: ## real clusters on this machine (root): make sandbox-up CLUSTERS=host,member1,member2 OPTIONS='--isolate member2'
	$(SANDBOX) up --clusters $(or $(CLUSTERS),host) $(OPTIONS)

sandbox-status: ## which of them run, and with which images
	$(SANDBOX) status

sandbox-down: ## end them and remove everything that they made
	$(SANDBOX) down $(if $(CLUSTERS),--clusters $(CLUSTERS))

foreign-writers: ## do to a cluster what other hands do between two runs: make foreign-writers CLUSTER=host ROWS='scale set-image'
	$(SANDBOX) foreign-writers $(or $(CLUSTER),host) $(ROWS)

clean:
	cargo clean
	rm -rf out
