//! Logs of containers.

use std::time::Duration;

use futures_util::AsyncBufReadExt as _;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};

use super::Cluster;
use super::error::{Error, Problem};

/// How long the log of a container may take that is not followed.
const LOG_LIMIT: Duration = Duration::from_secs(30);

/// Which lines of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; needed where a pod has several.
    pub container: Option<String>,
    /// Go on with new lines as they come.
    pub follow: bool,
    /// Of the container before its last restart.
    pub previous: bool,
    /// Only so many lines from the end.
    pub tail: Option<i64>,
    /// Only lines of the last seconds.
    pub since_seconds: Option<i64>,
    /// Each line begins with its time.
    pub timestamps: bool,
    /// Only so many bytes.
    pub bytes: Option<i64>,
}

impl Cluster {
    /// The lines of a container's log, as they come. What is not UTF-8 is replaced.
    ///
    /// # Errors
    /// There is no such pod or container, or it has no log yet; in the stream: the connection broke.
    pub async fn logs(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
    ) -> Result<BoxStream<'static, std::io::Result<String>>, Error> {
        let parameters = LogParams {
            container: options.container.clone(),
            follow: options.follow,
            previous: options.previous,
            tail_lines: options.tail,
            since_seconds: options.since_seconds,
            timestamps: options.timestamps,
            limit_bytes: options.bytes,
            ..LogParams::default()
        };
        let api: Api<Pod> = Api::namespaced(self.connection.client(), namespace);
        let place = || format!("the log of Pod/{namespace}/{pod}");
        let opened = tokio::time::timeout(LOG_LIMIT, api.log_stream(pod, &parameters)).await;
        let Ok(opened) = opened else {
            let cause = "the server took more than 30 s";
            return Err(Error::new(Problem::Timeout, "read", place(), cause));
        };
        let reader = opened.map_err(|error| match &error {
            kube::Error::Api(status) if status.is_not_found() => {
                Error::new(Problem::NotFound, "read", place(), status.message.clone())
            }
            kube::Error::Api(status) if status.is_forbidden() => {
                Error::new(Problem::Forbidden, "read", place(), status.message.clone())
            }
            kube::Error::Api(status) => {
                Error::new(Problem::Unavailable, "read", place(), status.message.clone())
            }
            _ => Error::transport("read", place(), &error),
        })?;
        let lines = stream::unfold(Some(Box::pin(reader)), |reader| async {
            let mut reader = reader?;
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line).await {
                Ok(0) => None,
                Ok(_) => {
                    let text = String::from_utf8_lossy(&line);
                    Some((Ok(text.trim_end_matches(['\n', '\r']).to_owned()), Some(reader)))
                }
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(lines.boxed())
    }

    /// All lines of a log that is not followed.
    ///
    /// # Errors
    /// As [`logs`](Self::logs); what broke off, too.
    pub async fn log_lines(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
    ) -> Result<Vec<String>, Error> {
        let options = LogOptions { follow: false, ..options.clone() };
        let mut lines = self.logs(namespace, pod, &options).await?;
        let place = || format!("the log of Pod/{namespace}/{pod}");
        let all = async {
            let mut all = Vec::new();
            while let Some(line) = lines.next().await {
                let broke = |error: std::io::Error| {
                    Error::new(Problem::Unreachable, "read", place(), error.to_string())
                };
                all.push(line.map_err(broke)?);
            }
            Ok(all)
        };
        let late = || Error::new(Problem::Timeout, "read", place(), "it took more than 30 s");
        tokio::time::timeout(LOG_LIMIT, all).await.unwrap_or_else(|_| Err(late()))
    }
}
