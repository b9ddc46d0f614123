//! A small API server for tests: objects by their paths, resource versions, faults by script.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::cluster::{Cluster, ConnectOptions};

/// Runs a future as a process would: one thread, timers and sockets.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// What happens to a request in place of its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is answered with this status, and not carried out.
    Status(u16),
    /// A webhook for it does not respond.
    Webhook,
    /// It is carried out, and the connection is closed without an answer.
    LostAnswer,
    /// It is carried out at once, and answered after this time.
    LateAnswer(Duration),
    /// It is carried out and answered after this time, even if nobody waits any more.
    Late(Duration),
    /// It is never answered.
    Silence,
}

/// A server on a port of this machine. Clones are the same server.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Lists of kinds by `/api/v1`, `/apis/GROUP/VERSION`.
    kinds: BTreeMap<String, Value>,
    objects: BTreeMap<String, Value>,
    version: u64,
    /// Method and path of every request.
    log: Vec<(String, String)>,
    /// What happens to the next requests of a method with this end of the path.
    faults: Vec<(&'static str, String, Fault)>,
    /// Header lines of answers for paths with this end.
    headers: Vec<(String, String)>,
    /// The one token that is accepted, if there is one.
    token: Option<String>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, state: Arc::default() };
        server.serve(
            "",
            "v1",
            &[
                ("Namespace", "namespaces", false),
                ("Secret", "secrets", true),
                ("ConfigMap", "configmaps", true),
            ],
        );
        server.serve("coordination.k8s.io", "v1", &[("Lease", "leases", true)]);
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = serving.clone();
                std::thread::spawn(move || server.converse(stream));
            }
        });
        server
    }

    /// Serves kinds: name, plural, whether in namespaces.
    pub(crate) fn serve(&self, group: &str, version: &str, kinds: &[(&str, &str, bool)]) {
        let path = match group {
            "" => format!("/api/{version}"),
            _ => format!("/apis/{group}/{version}"),
        };
        let resources = kinds.iter().map(|(kind, name, namespaced)| {
            json!({"kind": kind, "name": name, "namespaced": namespaced})
        });
        let list = json!({"kind": "APIResourceList", "resources": resources.collect::<Value>()});
        self.state().kinds.insert(path, list);
    }

    /// The next request of this method whose path ends with this fails.
    pub(crate) fn fault(&self, method: &'static str, path: &str, fault: Fault) {
        self.state().faults.push((method, path.to_owned(), fault));
    }

    /// From now on requests need this token.
    pub(crate) fn accept_only(&self, token: &str) {
        self.state().token = Some(token.to_owned());
    }

    /// Responses for paths with this end have this header line.
    pub(crate) fn header(&self, path: &str, line: &str) {
        self.state().headers.push((path.to_owned(), line.to_owned()));
    }

    /// An object by the end of its path.
    pub(crate) fn object(&self, path: &str) -> Option<Value> {
        let state = self.state();
        state.objects.iter().find(|(known, _)| known.ends_with(path)).map(|(_, body)| body.clone())
    }

    /// Changes an object as another client would.
    pub(crate) fn change(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version.to_string();
        let found = state.objects.iter_mut().find(|(known, _)| known.ends_with(path));
        let (_, body) = found.unwrap();
        change(body);
        body["metadata"]["resourceVersion"] = version.into();
    }

    /// How many requests of a method came for paths with this end.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        let state = self.state();
        state.log.iter().filter(|(m, p)| m == method && p.ends_with(path)).count()
    }

    /// A kubeconfig for this server.
    pub(crate) fn kubeconfig(&self, user: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
             clusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:{}'}}}}]\n\
             contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
             users: [{{name: a, user: {user}}}]\n",
            self.port
        );
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    /// A connection with a little patience.
    pub(crate) async fn connect(&self) -> Cluster {
        self.connect_with(&self.kubeconfig("{}")).await
    }

    pub(crate) async fn connect_with(&self, kubeconfig: &NamedTempFile) -> Cluster {
        self.connect_patient(kubeconfig, Duration::from_secs(5)).await
    }

    pub(crate) async fn connect_patient(
        &self,
        kubeconfig: &NamedTempFile,
        patience: Duration,
    ) -> Cluster {
        let options = ConnectOptions {
            kubeconfig: Some(kubeconfig.path().to_owned()),
            patience,
            ..ConnectOptions::default()
        };
        Cluster::connect(&options).await.unwrap()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers requests of one connection.
    fn converse(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(Request { method, path, token, body }) = read(&mut reader) {
            let path = path.split('?').next().unwrap_or_default().to_owned();
            let fault = {
                let mut state = self.state();
                state.log.push((method.clone(), path.clone()));
                let at =
                    state.faults.iter().position(|(m, p, _)| *m == method && path.ends_with(p));
                let is_rejected = state.token.is_some() && state.token != token;
                let rejected = is_rejected.then_some(Fault::Status(401));
                rejected.or_else(|| at.map(|at| state.faults.remove(at).2))
            };
            if matches!(fault, Some(Fault::Silence)) {
                std::thread::sleep(Duration::from_secs(600));
                return;
            }
            if let Some(Fault::Late(time)) = fault {
                std::thread::sleep(time);
            }
            let (code, answer) = match fault {
                Some(Fault::Status(code)) => (code, status(code, "a fault")),
                Some(Fault::Webhook) => {
                    (500, status(500, "failed calling webhook \"a\": no endpoints"))
                }
                _ => self.state().answer(&method, &path, &body),
            };
            match fault {
                Some(Fault::LostAnswer) => return,
                Some(Fault::LateAnswer(time)) => std::thread::sleep(time),
                _ => {}
            }
            let headers: String = {
                let state = self.state();
                let lines = state.headers.iter().filter(|(end, _)| path.ends_with(end));
                lines.flat_map(|(_, line)| [line.as_str(), "\r\n"]).collect()
            };
            let text = answer.to_string();
            let head = format!("HTTP/1.1 {code} X\r\ncontent-type: application/json\r\n");
            let length = format!("content-length: {}\r\n{headers}\r\n{text}", text.len());
            if stream.write_all(format!("{head}{length}").as_bytes()).is_err() {
                return;
            }
        }
    }
}

impl State {
    fn answer(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        if path == "/version" {
            return (200, json!({"gitVersion": "v1.34.0"}));
        }
        if let Some(list) = self.kinds.get(path) {
            return (200, list.clone());
        }
        if !self.kinds.keys().any(|known| path.starts_with(&format!("{known}/"))) {
            return (404, status(404, "the server could not find the requested resource"));
        }
        let is_there = self.objects.contains_key(path);
        match method {
            "GET" if is_there => (200, self.objects[path].clone()),
            "GET" if self.kinds_end(path) => {
                let prefix = format!("{path}/");
                let items = self.objects.iter().filter(|(known, _)| known.starts_with(&prefix));
                let items = items.map(|(_, body)| body.clone()).collect::<Value>();
                let metadata = json!({"resourceVersion": self.version.to_string()});
                (200, json!({"metadata": metadata, "items": items}))
            }
            "POST" => {
                let name = body["metadata"]["name"].as_str().unwrap();
                let path = format!("{path}/{name}");
                if self.objects.contains_key(&path) {
                    return (409, named(409, "AlreadyExists", "it already exists"));
                }
                (201, self.put(&path, body))
            }
            "PUT" if is_there => {
                let now = &self.objects[path]["metadata"]["resourceVersion"];
                let wanted = &body["metadata"]["resourceVersion"];
                if !wanted.is_null() && wanted != now {
                    return (409, named(409, "Conflict", "the object has been modified"));
                }
                (200, self.put(path, body))
            }
            "PATCH" => (200, self.put(path, body)),
            "DELETE" if is_there => (200, self.objects.remove(path).unwrap_or_default()),
            _ => (404, named(404, "NotFound", "not found")),
        }
    }

    /// Whether a path is that of a collection.
    fn kinds_end(&self, path: &str) -> bool {
        let lists = self.kinds.values().filter_map(|list| list["resources"].as_array()).flatten();
        let end = path.rsplit('/').next().unwrap_or_default();
        lists.into_iter().any(|kind| kind["name"] == end)
    }

    fn put(&mut self, path: &str, body: &Value) -> Value {
        self.version += 1;
        let mut body = body.clone();
        let uid = match self.objects.get(path) {
            Some(there) => there["metadata"]["uid"].clone(),
            None => format!("uid-{}", self.version).into(),
        };
        body["metadata"]["uid"] = uid;
        body["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(path.to_owned(), body.clone());
        body
    }
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "code": code, "message": message})
}

fn named(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "code": code, "reason": reason, "message": message,
        "details": {"kind": "objects", "name": "a"},
    })
}

struct Request {
    method: String,
    path: String,
    /// Of its header `Authorization: Bearer`.
    token: Option<String>,
    body: Value,
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let (mut length, mut token) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => token = value.trim().strip_prefix("Bearer ").map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Some(Request { method, path, token, body })
}
