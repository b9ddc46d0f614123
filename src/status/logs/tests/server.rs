//! A server that has nothing but logs.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use tempfile::NamedTempFile;

use crate::cluster::{Cluster, ConnectOptions};

/// What a log sends next. It ends when nobody is left to send.
pub(super) enum Part {
    Text(String),
    /// The connection breaks.
    Break,
}

#[derive(Clone)]
pub(super) struct LogServer {
    port: u16,
    logs: Arc<Mutex<HashMap<String, Receiver<Part>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl LogServer {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, logs: Arc::default(), asked: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = serving.clone();
                std::thread::spawn(move || server.answer(stream));
            }
        });
        server
    }

    pub(super) async fn connect(&self) -> Cluster {
        let mut file = NamedTempFile::new().unwrap();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
             clusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:{}'}}}}]\n\
             contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
             users: [{{name: a, user: {{}}}}]\n",
            self.port
        );
        file.write_all(text.as_bytes()).unwrap();
        let kubeconfig = Some(file.path().to_owned());
        let options = ConnectOptions { kubeconfig, ..ConnectOptions::default() };
        Cluster::connect(&options).await.unwrap()
    }

    /// The next log of the containers of this name. Others are not found.
    pub(super) fn log(&self, container: &str) -> SyncSender<Part> {
        let (sender, receiver) = sync_channel(4);
        self.logs.lock().unwrap().insert(container.to_owned(), receiver);
        sender
    }

    /// The query of each request.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().unwrap()?;
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let query = request.split([' ', '?']).nth(2).unwrap_or_default().to_owned();
        let container = query.split('&').find_map(|pair| pair.strip_prefix("container="));
        let log = self.logs.lock().unwrap().remove(container.unwrap_or_default());
        self.asked.lock().unwrap().push(query);
        let Some(log) = log else {
            let body = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no","reason":"NotFound","code":404}"#;
            let head = "HTTP/1.1 404 X\r\nconnection: close\r\ncontent-type: application/json";
            return write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        };
        write!(
            stream,
            "HTTP/1.1 200 X\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        )?;
        for part in log {
            match part {
                Part::Text(text) => write!(stream, "{:x}\r\n{text}\r\n", text.len())?,
                Part::Break => return stream.shutdown(std::net::Shutdown::Both),
            }
        }
        write!(stream, "0\r\n\r\n")
    }
}
