//! The next steps after an installation: where the console is, how to log in, and where
//! members find Tower.

use serde_json::Value;

use super::installed::NAMESPACE;
use crate::health::{self, Endpoint};
use crate::object::{Object, ObjectId, is_federated, kubesphere};
use crate::target::Target;

const CONSOLE: &str = kubesphere::CONSOLE;
const TOWER: &str = kubesphere::TOWER;
const AFTER_JOIN: &str = "  after the join: the password that admin has on the host";

/// The next steps after an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextSteps {
    /// Where the console is.
    pub console: Option<Endpoint>,
    /// Where the password of `admin` is.
    pub password: Password,
    /// Whether a host decides about the password once this cluster has joined it.
    pub is_member: bool,
    /// Where agents of members find Tower.
    pub tower: Option<Endpoint>,
}

/// Where the password of `admin` is, as far as ksi knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Password {
    /// The initial one is in Secret kubesphere-secret.
    Stored,
    /// Nobody stored it.
    Unknown,
    /// The cluster is a member: its users are those of the host.
    OfHost,
}

/// What is known of a cluster and its configuration.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// `multicluster.proxyPublishAddress`.
    pub published: Option<&'k str>,
    /// The address of a node.
    pub node: Option<&'k str>,
    /// Whether its role is member.
    pub is_member: bool,
}

impl NextSteps {
    /// Reads the Services that were installed and evaluates them; `None` where nothing runs. Nothing here
    /// fails: the installation itself went well.
    pub async fn read<T: Target>(target: &T, desired: &[Object], known: Known<'_>) -> Option<Self> {
        let services = [CONSOLE, TOWER].map(|name| service(desired, name));
        let admin = desired.iter().find(|object| is_admin(&object.id));
        let ids = services.iter().flatten().chain(&admin).map(|object| object.id.clone());
        let ids: Vec<ObjectId> = ids.collect();
        if !target.runs_workloads() {
            return None;
        }
        let live = target.live(&ids).await.ok()?;
        let password = password(desired, admin.and_then(|admin| live.get(&admin.id)));
        let [console, tower] = services
            .map(|service| service.map(|service| live.get(&service.id).unwrap_or(&service.body)));
        Self::of(console, tower, password, known)
    }

    fn of(
        console: Option<&Value>,
        tower: Option<&Value>,
        password: Password,
        known: Known<'_>,
    ) -> Option<Self> {
        let Known { published, node, is_member } = known;
        (console.is_some() || tower.is_some()).then(|| Self {
            console: console.map(|service| health::console(service, node)),
            password,
            is_member,
            tower: tower.map(|service| health::tower(service, published, node)),
        })
    }

    /// The same as lines of text.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(console) = &self.console {
            lines.push(format!("Console:   {}", console.message));
            lines.push(account(self.password));
            if self.is_member && self.password != Password::OfHost {
                lines.push(AFTER_JOIN.to_owned());
            }
        }
        if let Some(tower) = &self.tower {
            lines.push(format!("Tower:     {}", tower.message));
            lines.extend(tower.next_step.as_ref().map(|next| format!("  next: {next}")));
        }
        lines.join("\n")
    }
}

/// What to do with a directory of manifests, as lines of text.
pub fn after_directory(path: &str, objects: &[Object]) -> String {
    let password = if has_initial_password(objects) {
        format!("in Secret kubesphere-secret of {path}, key initAdminPassword (base64)")
    } else {
        "the one from your configuration".to_owned()
    };
    format!(
        "Account:   admin\n\
         Password:  initial password: {password}\n\
         Apply it:  kubectl apply --server-side -f {path}/00-namespaces -f {path}/10-crds\n           \
         kubectl wait --for=condition=Established crd --all\n           \
         kubectl apply --server-side --recursive -f {path}\n\
         Keep:      {path}/.ksi: the generated values and the inventory, secret like a password"
    )
}

fn service<'o>(objects: &'o [Object], name: &str) -> Option<&'o Object> {
    objects.iter().find(|object| {
        object.id.kind == "Service"
            && object.id.name == name
            && object.id.namespace.as_deref() == Some(NAMESPACE)
    })
}

fn is_admin(id: &ObjectId) -> bool {
    id.kind == "User" && id.name == "admin"
}

/// Where the password is. `admin` is the live User.
fn password(objects: &[Object], admin: Option<&Value>) -> Password {
    if admin.is_some_and(|admin| is_federated(admin) && !is_federation_host(objects)) {
        Password::OfHost
    } else if has_initial_password(objects) {
        Password::Stored
    } else {
        Password::Unknown
    }
}

/// Whether the initial password is stored, because ksi generated it.
fn has_initial_password(objects: &[Object]) -> bool {
    objects.iter().any(|object| {
        object.id.kind == "Secret"
            && object.id.name == kubesphere::SECRET
            && object.body["data"]["initAdminPassword"].is_string()
    })
}

/// Whether KubeFed runs here. A host is a member of its own federation.
fn is_federation_host(objects: &[Object]) -> bool {
    objects.iter().any(|object| object.id.kind == "Deployment" && object.component == "kubefed")
}

/// The account, and the command that prints its password.
fn account(password: Password) -> String {
    let initial = "Account:   admin\nPassword:  initial password (until changed):";
    match password {
        Password::Stored => format!(
            "{initial}\n  kubectl -n {NAMESPACE} get secret {} \
             -o jsonpath='{{.data.initAdminPassword}}' | base64 -d",
            kubesphere::SECRET
        ),
        Password::Unknown => {
            format!("{initial} the one from your configuration, or the existing one")
        }
        Password::OfHost => {
            "Account:   admin, with the password that it has on the host of this member".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;
    use crate::check::{self, Configured, Context, Gathered, Outcome, Part};
    use crate::config::Configuration;
    use crate::diagnose;
    use crate::status::{About, Report, Snapshot, testing};

    fn checked(service: &Value, published: Option<&str>, node: &str) -> String {
        let mut multicluster = json!({"clusterRole": "host"});
        multicluster["proxyPublishAddress"] = published.unwrap_or_default().into();
        let document = json!({"multicluster": &multicluster}).to_string();
        let config = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "kubesphere-config", "namespace": NAMESPACE},
            "data": {"kubesphere.yaml": document},
        });
        let node = json!({"status": {"addresses": [{"type": "InternalIP", "address": node}]}});
        let objects = [
            (Part::Services, Ok(vec![service.clone()])),
            (Part::Config, Ok(vec![config])),
            (Part::Nodes, Ok(vec![node])),
        ];
        let gathered = Gathered { objects: objects.into(), ..Gathered::default() };
        let spec = json!({"multicluster": {"clusterRole": "host"}});
        let configuration = Some(Configuration::from_json(spec).unwrap());
        let configured = Configured { configuration, ..Configured::default() };
        let context = Context { configured: &configured, now: OffsetDateTime::UNIX_EPOCH };
        let report = check::run(&gathered, &context, false, &[]);
        let row = report.rows.into_iter().find(|row| row.about.id == "proxy-publish-address");
        match row.unwrap().outcome {
            Outcome::Ok(Some(text)) | Outcome::Warning(text) | Outcome::Error(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn check_status_diagnosis_and_summary_give_the_same_answer() {
        let node = "10.0.0.2";
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "tower", "namespace": NAMESPACE},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 8080, "nodePort": 30721}]},
        });
        let id = ObjectId::of(&service).unwrap();
        let installed = testing::installed(std::slice::from_ref(&service));
        let objects = [(id.clone(), service.clone())].into();
        let snapshot = Snapshot { objects, ..Snapshot::default() };
        for published in [None, Some("http://t:80"), Some("https://t:443"), Some("t:80")] {
            let expected = health::tower(&service, published, Some(node));
            let known = Known { published, node: Some(node), ..Known::default() };
            let next = NextSteps::of(None, Some(&service), Password::Unknown, known).unwrap();
            assert_eq!(next.tower.as_ref(), Some(&expected));
            assert!(next.text().contains(&expected.message));
            let about = About {
                publish_address: published.map(str::to_owned),
                node_address: Some(node.to_owned()),
                ..About::default()
            };
            let report = Report::new(&installed, &snapshot, &about, OffsetDateTime::UNIX_EPOCH);
            assert_eq!(report.tower.as_ref(), Some(&expected));
            let text = checked(&service, published, node);
            let finding = diagnose::pending_address(&id, &service, published, Some(node));
            let Some(next_step) = expected.next_step else {
                assert_eq!((text, finding), (expected.message, None));
                continue;
            };
            assert_eq!(text, format!("{}\nnext: {next_step}", expected.message));
            let finding = finding.unwrap();
            assert_eq!((finding.message, finding.next_step), (expected.message, next_step));
        }
        assert_eq!(NextSteps::of(None, None, Password::Unknown, Known::default()), None);
    }

    #[test]
    fn the_password_is_never_shown() {
        let body = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "kubesphere-secret", "namespace": NAMESPACE},
            "data": {"initAdminPassword": "Q0FOQVJZ"},
        });
        let (id, policy) = (ObjectId::of(&body).unwrap(), crate::object::Policy::Apply);
        let secret = Object { id, component: "ks-core".into(), policy, body };
        let user = |managed: &str| json!({"metadata": {"labels": {"kubefed.io/managed": managed}}});
        let (own, federated) = (user("false"), user("true"));
        let secret = [secret];
        assert_eq!(password(&secret, None), Password::Stored);
        assert_eq!(password(&secret, Some(&own)), Password::Stored);
        assert_eq!(password(&secret, Some(&federated)), Password::OfHost);
        assert_eq!(password(&[], None), Password::Unknown);
        let [secret] = secret;
        let body =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "k"}});
        let (id, component) = (ObjectId::of(&body).unwrap(), "kubefed".into());
        let host = [secret, Object { id, component, policy: crate::object::Policy::Apply, body }];
        assert_eq!(password(&host, Some(&federated)), Password::Stored);
        let console = json!({"spec": {"type": "ClusterIP", "ports": [{"port": 80}]}});
        let text = |password| {
            NextSteps::of(Some(&console), None, password, Known::default()).unwrap().text()
        };
        assert!(text(Password::Stored).contains("kubectl -n kubesphere-system get secret"));
        assert!(text(Password::Unknown).contains("the one from your configuration"));
        let of_host = text(Password::OfHost);
        assert!(of_host.contains("on the host") && !of_host.contains("initAdminPassword"));
        let member = Known { is_member: true, ..Known::default() };
        let of_member =
            |password| NextSteps::of(Some(&console), None, password, member).unwrap().text();
        assert!(of_member(Password::Stored).ends_with(AFTER_JOIN));
        assert_eq!(of_member(Password::OfHost), of_host);
    }
}
