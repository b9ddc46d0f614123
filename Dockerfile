# The image of ksi: one static program, and nothing else. `make image` makes the same without Docker.
#   docker build -t kubesphere/ksi:v0.1.0 .
FROM docker.io/library/rust:1.95-bookworm AS build
# For scripts/image, which lists what is linked in.
RUN apt-get update && apt-get install --yes --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ENV RUSTFLAGS="-C target-feature=+crt-static"
RUN target="$(rustc --print host-tuple)" \
 && cargo build --release --locked --bin ksi --target "$target" \
 && install -D "target/$target/release/ksi" /image/bin/ksi \
 && scripts/image sbom "$target" > /tmp/sbom \
 && install -D -m 0644 /tmp/sbom /image/usr/share/sbom/ksi.cdx.json

FROM scratch
COPY --from=build /image /
USER 65532:65532
ENTRYPOINT ["/bin/ksi"]
