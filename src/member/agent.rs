//! Tower's agent in a member.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::{HOST_UID, MEMBER};
use crate::object::kubesphere;

/// The name of the agent's objects. KubeSphere's own manifest has a Deployment of this name, too.
pub const AGENT: &str = "cluster-agent";

/// What the agent's manifests are made of.
#[derive(Clone)]
pub struct Agent {
    /// The member's name.
    pub name: String,
    /// The UID of the host.
    pub host: String,
    /// The token that Tower expects.
    pub token: String,
    /// The address of Tower, `http://` or `https://`.
    pub address: String,
    /// The image, which also has Tower in it.
    pub image: String,
    /// `imagePullPolicy`.
    pub pull_policy: String,
    /// `imagePullSecrets`.
    pub pull_secrets: Value,
    /// `nodeSelector`, `tolerations` and `affinity`.
    pub placement: Value,
    /// The proxy to the outside, if the agent needs one.
    pub proxy: Option<String>,
}

/// Without the token.
impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Agent {
    /// The manifests, in the order in which they are applied.
    ///
    /// The agent v0.2.1 sends the token of its ServiceAccount to Tower, which uses it for everything that the host does
    /// in the member, so it has all rights. It serves no port and writes no file: there is nothing to probe. It reads
    /// that token only once, so the token is one that is not rotated.
    pub fn manifests(&self) -> Vec<Value> {
        let labels = json!({
            "app": "agent",
            "app.kubernetes.io/name": AGENT,
            "app.kubernetes.io/part-of": "tower",
            MEMBER: self.name,
        });
        let metadata = |name: &str| {
            json!({
                "name": name, "namespace": kubesphere::SYSTEM, "labels": labels,
                "annotations": {HOST_UID: self.host},
            })
        };
        let mut binding = metadata(AGENT);
        if let Some(fields) = binding.as_object_mut() {
            fields.shift_remove("namespace");
        }
        let mut account_token = metadata(&Self::account_token());
        account_token["annotations"]["kubernetes.io/service-account.name"] = AGENT.into();
        let mut data = json!({"token": BASE64_STANDARD.encode(&self.token)});
        if let Some(proxy) = &self.proxy {
            data["proxy"] = BASE64_STANDARD.encode(proxy).into();
        }
        vec![
            json!({
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(AGENT),
                "automountServiceAccountToken": false,
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": binding,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "ServiceAccount", "name": AGENT, "namespace": kubesphere::SYSTEM}],
            }),
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": account_token,
                "type": "kubernetes.io/service-account-token",
            }),
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": metadata(AGENT), "type": "Opaque",
                "data": data,
            }),
            self.deployment(&metadata(AGENT)),
        ]
    }

    fn account_token() -> String {
        format!("{AGENT}-account")
    }

    fn deployment(&self, metadata: &Value) -> Value {
        // The pod is replaced when the token is, or the proxy.
        let secret = [Some(&*self.token), self.proxy.as_deref()];
        let checksum =
            super::fingerprint(&secret.into_iter().flatten().collect::<Vec<_>>().join("\n"));
        let mut pod = json!({
            "serviceAccountName": AGENT,
            "automountServiceAccountToken": false,
            "imagePullSecrets": self.pull_secrets,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "agent",
                "image": self.image,
                "imagePullPolicy": self.pull_policy,
                "command": [
                    "/agent",
                    format!("--name={}", self.name),
                    "--token=$(AGENT_TOKEN)",
                    format!("--proxy-server={}", self.address),
                    "--keepalive=10s",
                    "--max-retry-interval=30s",
                    format!("--kubesphere-service={}.{}.svc:80", kubesphere::API_SERVER, kubesphere::SYSTEM),
                    "--kubernetes-service=kubernetes.default.svc:443",
                    "--v=0",
                ],
                "env": self.environment(),
                "resources": {
                    "requests": {"cpu": "100m", "memory": "100Mi"},
                    "limits": {"cpu": "1", "memory": "200Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{
                    "name": "account", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true,
                }],
            }],
            "volumes": [{
                "name": "account", "secret": {"secretName": Self::account_token(), "defaultMode": 0o440},
            }],
        });
        for key in ["nodeSelector", "tolerations", "affinity"] {
            if !self.placement[key].is_null() {
                pod[key] = self.placement[key].clone();
            }
        }
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": 1,
                // As long as an agent is connected, Tower keeps address and token of the first one: stop it first.
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
                "selector": {"matchLabels": {"app": "agent", "app.kubernetes.io/part-of": "tower"}},
                "template": {
                    "metadata": {
                        "labels": metadata["labels"],
                        "annotations": {"ksi.kubesphere.io/token-checksum": checksum},
                    },
                    "spec": pod,
                },
            },
        })
    }

    /// The address of a proxy may have a password in it, so it comes from the Secret, too.
    fn environment(&self) -> Value {
        let secret = |name: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": AGENT, "key": key}}});
        let mut all = vec![secret("AGENT_TOKEN", "token")];
        if self.proxy.is_some() {
            let direct = "$(KUBERNETES_SERVICE_HOST),kubernetes.default.svc,.svc,.cluster.local";
            all.extend(["HTTP_PROXY", "HTTPS_PROXY"].map(|name| secret(name, "proxy")));
            all.push(json!({"name": "NO_PROXY", "value": direct}));
        }
        all.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        Agent {
            name: "m1".into(),
            host: "u".into(),
            token: "hunter2".into(),
            address: "https://tower.example.com".into(),
            image: "kubesphere/tower:v0.2.1".into(),
            pull_policy: "IfNotPresent".into(),
            pull_secrets: json!([]),
            placement: json!({"nodeSelector": {"pool": "a"}, "tolerations": null}),
            proxy: None,
        }
    }

    #[test]
    fn the_token_is_only_in_its_secret() {
        let manifests = agent().manifests();
        let kinds: Vec<_> = manifests.iter().filter_map(|m| m["kind"].as_str()).collect();
        assert_eq!(
            kinds,
            ["ServiceAccount", "ClusterRoleBinding", "Secret", "Secret", "Deployment"]
        );
        let deployment = manifests.last().unwrap();
        assert!(!deployment.to_string().contains("hunter2"));
        assert!(!format!("{:?}", agent()).contains("hunter2"));
        assert_eq!(deployment["spec"]["template"]["spec"]["nodeSelector"], json!({"pool": "a"}));
        assert!(deployment["spec"]["template"]["spec"].get("tolerations").is_none());
    }

    #[test]
    fn another_token_replaces_the_pod() {
        let checksum = |agent: Agent| {
            agent.manifests().pop().unwrap()["spec"]["template"]["metadata"]["annotations"].clone()
        };
        assert_ne!(checksum(agent()), checksum(Agent { token: "other".into(), ..agent() }));
    }

    #[test]
    fn the_proxy_is_not_used_inside_of_the_cluster() {
        let with = Agent { proxy: Some("http://proxy.example.com:3128".into()), ..agent() };
        let env = with.environment();
        assert_eq!(env[2]["name"], "HTTPS_PROXY");
        assert!(env[3]["value"].as_str().unwrap().contains(".svc"));
        assert_eq!(agent().environment().as_array().unwrap().len(), 1);
    }

    #[test]
    fn the_password_of_a_proxy_is_only_in_the_secret() {
        let with =
            Agent { proxy: Some("http://me:hunter4@proxy.example.com:3128".into()), ..agent() };
        let manifests = with.manifests();
        assert!(!manifests[4].to_string().contains("hunter4"));
        assert!(!format!("{with:?}").contains("hunter4"));
        let proxy = manifests[3]["data"]["proxy"].as_str().unwrap();
        assert_eq!(BASE64_STANDARD.decode(proxy).unwrap(), with.proxy.unwrap().as_bytes());
    }

    #[test]
    fn each_object_says_whose_it_is() {
        for manifest in agent().manifests() {
            assert_eq!(manifest["metadata"]["annotations"][HOST_UID], "u", "{}", manifest["kind"]);
        }
    }
}
