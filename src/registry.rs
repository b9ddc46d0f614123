//! Registries of container images: a client for the distribution API, as OCI and Docker speak it.
//!
//! [`Client`] asks for manifests, reads blobs as verified streams and writes both. It logs in when a registry asks,
//! follows redirects without ever showing credentials to another host, waits as long as a rate limit says, and never
//! holds more of a blob in memory than what is on its way. Nothing here knows Kubernetes.
//!
//! ```text
//! Reference = Repository (registry + path) + tag and/or Digest
//! Client::ping(registry)           does a registry answer?
//!       ::resolve(reference)       Descriptor: digest, size, media type (HEAD)
//!       ::manifest(reference)      Manifest: Index of Descriptors, or Image with config and layers; verified
//!       ::platforms(repository, manifest)
//!       ::blob_size(repository, digest), ::blob(repository, descriptor)      Blob: pieces, verified at the last
//!       ::mount(to, digest, from), ::push_blob(to, descriptor, open), ::put_manifest(reference, manifest)
//! ```

mod address;
mod challenge;
mod client;
mod connect;
mod credentials;
mod digest;
mod download;
mod error;
mod login;
mod manifest;
mod names;
mod options;
mod reference;
mod retry;
mod send;
mod session;
mod token;
mod upload;

pub use hyper::body::Bytes;

pub use client::Client;
pub use credentials::Credentials;
pub use digest::{Digest, Hasher};
pub use download::Blob;
pub use error::{Error, ErrorKind};
pub use manifest::{Content, Descriptor, Manifest, Platform};
pub use options::Options;
pub use reference::{Reference, Repository, is_registry};
pub use upload::Source;

#[cfg(test)]
mod tests;
