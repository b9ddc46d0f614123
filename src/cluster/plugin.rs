//! Credential plugins of kubeconfigs, run as client-go runs them:
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.
//!
//! The library would run one twice, for a certificate and for a token, show what it writes to standard error, and
//! panic at a token with a line break.

use std::io::IsTerminal as _;
use std::process::{Command, Stdio};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderValue;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde_json::{Value, json};

/// Replaces a plugin by the credentials that it returns. Credentials that no request can carry are errors. Blocks.
///
/// # Errors
/// The plugin fails, or credentials are malformed: why, without them.
pub(super) fn log_in(user: &mut AuthInfo) -> Result<(), String> {
    // The library would still ask it for a certificate.
    let exec = user.exec.take();
    if user.token.is_none()
        && user.token_file.is_none()
        && let Some(exec) = exec
    {
        let answer = run(&exec)?;
        let text = |name: &str| answer["status"][name].as_str();
        let certificate = text("clientCertificateData").zip(text("clientKeyData"));
        if let Some((certificate, key)) = certificate {
            user.client_certificate_data = Some(BASE64_STANDARD.encode(certificate));
            user.client_key_data = Some(BASE64_STANDARD.encode(key).into());
        }
        user.token = text("token").map(|token| token.to_owned().into());
        if user.token.is_none() && certificate.is_none() {
            return Err(
                "the credential plugin returned neither a token nor a certificate".to_owned()
            );
        }
    }
    check(user)
}

/// Tokens go into a header as they are.
fn check(user: &AuthInfo) -> Result<(), String> {
    let user = serde_json::to_value(user).unwrap_or_default();
    let provider = &user["auth-provider"]["config"];
    let tokens = [&user["token"], &provider["id-token"], &provider["access-token"]];
    let is_wrong =
        |token: &Value| token.as_str().is_some_and(|text| HeaderValue::from_str(text).is_err());
    if tokens.into_iter().any(is_wrong) {
        return Err(
            "the token contains a line break or another character that no token has".to_owned()
        );
    }
    Ok(())
}

fn run(exec: &ExecConfig) -> Result<Value, String> {
    let name = exec.command.as_deref().ok_or("the credential plugin has no `command`")?;
    let mut command = Command::new(name);
    command.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let terminal = std::io::stdin().is_terminal();
    let interactive = match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !terminal => {
            return Err(format!(
                "the credential plugin `{name}` asks for input, and standard input is not a terminal"
            ));
        }
        _ => terminal,
    };
    if interactive {
        // It talks to the user: where to log in, for example.
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        command.stdin(Stdio::null()).stderr(Stdio::null());
    }
    command.env("KUBERNETES_EXEC_INFO", information(exec, interactive).to_string());
    let output = command.stdout(Stdio::piped()).output().map_err(|error| {
        let hint = exec.install_hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default();
        format!("the credential plugin `{name}` cannot be run: {error}{hint}")
    })?;
    if !output.status.success() {
        return Err(format!(
            "the credential plugin `{name}` failed ({}); its messages are not shown, since they may contain credentials",
            output.status
        ));
    }
    parse(&output.stdout)
        .ok_or_else(|| format!("the output of the credential plugin `{name}` is not valid"))
}

/// What a plugin is told.
fn information(exec: &ExecConfig, interactive: bool) -> Value {
    let mut spec = json!({"interactive": interactive});
    if exec.provide_cluster_info {
        spec["cluster"] = serde_json::to_value(&exec.cluster).unwrap_or_default();
    }
    json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec})
}

/// An `ExecCredential`: JSON, or YAML, which client-go takes, too.
fn parse(output: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(output).ok()?;
    serde_json::from_str(text).ok().or_else(|| crate::object::embedded::parse(text).ok())
}
