# What a contributor runs. `make try` and `make test` are the two commands of the README.

SHELL := /bin/bash
KSI := target/release/ksi

.PHONY: try test lint doc bench golden clean

try: ## build, check the sample, show its difference to nothing, apply it to a directory, apply it again
	@scripts/try

test: ## everything that proves ksi
	cargo test

lint: ## what has to be clean before a commit
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps

bench: ## speed and size, beside helm where it is installed
	cargo bench --bench offline

golden: ## take the present output as right: goldens, schema and CRD; read the diff before committing it
	UPDATE=1 INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test

clean:
	cargo clean
	rm -rf out
