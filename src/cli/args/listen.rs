//! The addresses that the controller listens on.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use clap::Args;

use crate::serve::Addresses;

/// Where the servers of the controller listen.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListenArgs {
    /// Address for /livez, /readyz and /metrics; empty for none
    #[arg(long, value_name = "ADDRESS", default_value = ":8080", help_heading = "Servers")]
    http_addr: Address,
    /// Address of the admission webhook; empty for none
    ///
    /// The API server reaches it through port `webhook` of Service ks-installer. Without that port nothing is
    /// registered.
    #[arg(long, value_name = "ADDRESS", default_value = ":9443", help_heading = "Servers")]
    webhook_addr: Address,
}

impl ListenArgs {
    pub(in crate::cli) fn addresses(&self) -> Addresses {
        Addresses { http: self.http_addr.0, webhook: self.webhook_addr.0 }
    }
}

/// `:8080`, `127.0.0.1:8080` or `[::1]:8080`; none if it is empty or `0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Address(Option<SocketAddr>);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let everywhere = |port| SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
        match text.strip_prefix(':') {
            _ if text.is_empty() || text == "0" => Ok(None),
            Some(port) => port.parse().map(|port| Some(everywhere(port))).map_err(|_| ()),
            None => text.parse().map(Some).map_err(|_| ()),
        }
        .map(Self)
        .map_err(|()| format!("invalid address `{text}`: use for example :8080 or 127.0.0.1:8080"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_go_programs_read_them() {
        let of = |text: &str| text.parse().map(|Address(address)| address);
        assert_eq!(of(""), Ok(None));
        assert_eq!(of("0"), Ok(None));
        assert_eq!(of(":8080"), Ok(Some("[::]:8080".parse().unwrap())));
        assert_eq!(of("127.0.0.1:0"), Ok(Some("127.0.0.1:0".parse().unwrap())));
        for wrong in ["8080", ":http", "localhost:80", ":99999"] {
            assert!(of(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
