//! The registry answers as asked for, and keeps what it has over a restart.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use sandbox::registry::{Registry, Wish};

/// The first line of an answer, over plain HTTP.
fn answer(registry: &Registry, request: &str) -> Result<String, Box<dyn Error>> {
    let mut stream = TcpStream::connect(registry.address())?;
    let host = registry.address();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn registries() -> Result<(), Box<dyn Error>> {
    let plain = Wish { tls: false, ..Wish::default() };
    let Some(open) = Registry::start(plain)? else { return Ok(()) };
    let Some(closed) = Registry::start(Wish { login: true, ..plain })? else { return Ok(()) };
    assert_eq!(answer(&open, "GET /v2/")?, "HTTP/1.1 200 OK");
    assert_eq!(answer(&closed, "GET /v2/")?, "HTTP/1.1 401 Unauthorized");
    assert_eq!(answer(&open, "POST /v2/a/blobs/uploads/")?, "HTTP/1.1 202 Accepted");
    assert!(open.storage().join("docker/registry/v2/repositories/a").exists());
    open.restart()?;
    assert_eq!(answer(&open, "GET /v2/")?, "HTTP/1.1 200 OK");
    assert!(open.storage().join("docker/registry/v2/repositories/a").exists());
    open.clear()?;
    assert!(!open.storage().exists());
    let (folder, address) =
        (open.storage().parent().unwrap_or(&open.storage()).to_owned(), open.address());
    drop(open);
    assert!(!folder.exists() && TcpStream::connect(address).is_err());
    Ok(())
}
