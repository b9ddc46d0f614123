//! The objects of a member on its host.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::{MEMBER, Mode, server};
use crate::object::kubesphere;

/// How a host is to reach a member.
#[derive(Clone)]
pub enum Connection {
    /// With a kubeconfig.
    Direct {
        /// The kubeconfig as text.
        kubeconfig: String,
    },
    /// Through Tower.
    Agent {
        /// The token that the agent shows.
        token: String,
        /// Where the host reaches the member; without it Tower chooses.
        at: Option<Place>,
    },
}

/// Where a host reaches a member behind Tower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The port on which Tower serves the member's Kubernetes API.
    pub port: u16,
    /// The address of Service `mc-NAME`, once it has one.
    pub service_ip: Option<String>,
}

impl Connection {
    /// How it is reached.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Direct { .. } => Mode::Direct,
            Self::Agent { .. } => Mode::Agent,
        }
    }
}

/// The Service through which KubeSphere and KubeFed reach a member behind Tower, as Tower v0.2.2 would make it.
pub fn member_service(name: &str, port: u16) -> Value {
    let service = format!("mc-{name}");
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": service,
            "namespace": kubesphere::SYSTEM,
            "labels": {"app": service, "app.kubernetes.io/name": service, MEMBER: name},
        },
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": "tower", "app.kubernetes.io/name": "tower"},
            "ports": [
                {"name": "kubernetes", "protocol": "TCP", "port": 6443, "targetPort": port},
                {"name": "kubesphere", "protocol": "TCP", "port": 80, "targetPort": port + 10000},
            ],
        },
    })
}

/// The `Cluster` object of a member. ks-controller-manager joins it to the federation as soon as it has a kubeconfig.
///
/// With an agent it has condition Initialized: Tower v0.2.2 then keeps ports, token and Service as they are. Without
/// it Tower draws ports, perhaps those of another member. `now` is the time, RFC 3339.
pub fn cluster_object(name: &str, connection: &Connection, now: &str) -> Value {
    let mut object = json!({
        "apiVersion": "cluster.kubesphere.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": name, "labels": {MEMBER: name}},
        "spec": {
            "joinFederation": true,
            "enable": true,
            "provider": "kubesphere",
            "connection": {"type": connection.mode().connection_type()},
        },
    });
    let fields = &mut object["spec"]["connection"];
    let (token, at) = match connection {
        Connection::Direct { kubeconfig } => {
            fields["kubeconfig"] = BASE64_STANDARD.encode(kubeconfig).into();
            // ks-controller-manager only fills it when it is empty, and the console goes there.
            if let Some(server) = server(kubeconfig) {
                fields["kubernetesAPIEndpoint"] = server.into();
            }
            return object;
        }
        Connection::Agent { token, at } => (token, at),
    };
    fields["token"] = token.as_str().into();
    let Some(Place { port, service_ip }) = at else { return object };
    fields["kubernetesAPIServerPort"] = (*port).into();
    fields["kubesphereAPIServerPort"] = (port + 10000).into();
    if let Some(ip) = service_ip {
        let host = if ip.contains(':') { format!("[{ip}]") } else { ip.clone() };
        fields["kubernetesAPIEndpoint"] = format!("https://{host}:6443").into();
        fields["kubesphereAPIEndpoint"] = format!("http://{host}:80").into();
    }
    object["status"] = json!({"conditions": [{
        "type": "Initialized",
        "status": "True",
        "reason": "Initialized",
        "message": "Cluster has been initialized",
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }]});
    object
}

#[cfg(test)]
mod tests {
    use super::super::Registered;
    use super::*;

    #[test]
    fn tower_finds_the_cluster_initialized() {
        let at = Some(Place { port: 6000, service_ip: Some("10.96.0.9".into()) });
        let connection = Connection::Agent { token: "t".into(), at };
        let object = cluster_object("m1", &connection, "2026-01-01T00:00:00Z");
        let read = Registered::of(&object);
        assert_eq!((read.mode, read.port, read.is_enabled), (Mode::Agent, Some(6000), true));
        assert_eq!(read.endpoint.as_deref(), Some("https://10.96.0.9:6443"));
        assert!(read.initialized.unwrap().is_true);
        assert_eq!(member_service("m1", 6000)["spec"]["ports"][1]["targetPort"], 16000);
    }

    /// Otherwise the Cluster would have an address that no Service has.
    #[test]
    fn tower_completes_what_has_no_place() {
        let connection = Connection::Agent { token: "t".into(), at: None };
        let read = Registered::of(&cluster_object("m1", &connection, ""));
        assert_eq!((read.token.as_deref(), read.port, read.endpoint), (Some("t"), None, None));
        assert_eq!(read.initialized, None);
    }

    #[test]
    fn a_kubeconfig_is_stored_as_kubesphere_reads_it() {
        let connection = Connection::Direct { kubeconfig: "apiVersion: v1\n".into() };
        let read = Registered::of(&cluster_object("m1", &connection, ""));
        assert_eq!(read.kubeconfig.as_deref(), Some("apiVersion: v1\n"));
        assert_eq!((read.mode, read.initialized), (Mode::Direct, None));
    }
}
