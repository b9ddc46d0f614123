use ksi::{config::Configuration, facts::Facts, render, values::*};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
fn cert(
    name: &str,
    sans: Vec<String>,
    ca: Option<&Issuer<'_, KeyPair>>,
) -> (Certificate, Option<Issuer<'static, KeyPair>>) {
    let key = KeyPair::generate().unwrap();
    let mut p = CertificateParams::new(sans).unwrap();
    p.distinguished_name.push(DnType::CommonName, name);
    if ca.is_none() {
        p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let c = match ca {
        Some(i) => p.signed_by(&key, i).unwrap(),
        None => p.self_signed(&key).unwrap(),
    };
    let out = Certificate {
        certificate: c.pem(),
        key: key.serialize_pem(),
        source: ValueSource::Generated,
    };
    let issuer = if ca.is_none() {
        Some(Issuer::new(p, key))
    } else {
        None
    };
    (out, issuer)
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let spec: serde_json::Value = serde_json::from_str(&args[1]).unwrap();
    let configuration = Configuration::from_json(spec).unwrap();
    let t = |s: &str| SecretText {
        text: s.into(),
        source: ValueSource::Generated,
    };
    let (webhook_ca, issuer) = cert("ksi webhook ca", vec![], None);
    let issuer = issuer.unwrap();
    let dns = |n: &str, ns: &str| vec![format!("{n}.{ns}"), format!("{n}.{ns}.svc")];
    let values = Values {
        jwt_secret: t("0123456789abcdef0123456789abcdef"),
        static_token: t("aaa.bbb.ccc"),
        admin_password: t("P@88w0rd"),
        admin_password_hash: t("$2a$10$abcdefghijklmnopqrstuv"),
        redis_password: t("redispass"),
        tower_ca: cert("tower", vec![], None).0,
        controller_manager_webhook: cert(
            "kcm",
            dns("ks-controller-manager", "kubesphere-system"),
            Some(&issuer),
        )
        .0,
        kubefed_webhook: cert(
            "kf",
            dns("kubefed-admission-webhook", "kube-federation-system"),
            Some(&issuer),
        )
        .0,
        webhook_ca,
    };
    let facts = Facts::default();
    let input = render::Input {
        configuration: &configuration,
        facts: &facts,
        values: &values,
        version: render::DEFAULT_VERSION,
    };
    let start = std::time::Instant::now();
    let objects = match render::render(&input) {
        Ok(o) => o,
        Err(d) => {
            for d in d {
                eprintln!("{}", d.message);
            }
            std::process::exit(1)
        }
    };
    eprintln!("{} objects in {:?}", objects.len(), start.elapsed());
    let start = std::time::Instant::now();
    let _ = render::render(&input);
    eprintln!("again in {:?}", start.elapsed());
    for o in objects {
        println!(
            "{}",
            serde_json::json!({"policy": o.policy, "component": o.component, "body": o.body})
        );
    }
}
