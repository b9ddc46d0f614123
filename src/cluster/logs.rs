//! Logs of containers.

use futures_util::stream::{BoxStream, StreamExt as _};
use futures_util::{AsyncBufReadExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};

use super::Cluster;
use super::error::{Error, Problem};

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
}

impl Cluster {
    /// The lines of a container's log, as they come.
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
            ..LogParams::default()
        };
        let api: Api<Pod> = Api::namespaced(self.client(), namespace);
        let reader = api.log_stream(pod, &parameters).await.map_err(|error| {
            let place = format!("the log of Pod/{namespace}/{pod}");
            match &error {
                kube::Error::Api(status) if status.is_not_found() => {
                    Error::new(Problem::NotFound, "read", place, status.message.clone())
                }
                kube::Error::Api(status) => {
                    Error::new(Problem::Unavailable, "read", place, status.message.clone())
                }
                _ => Error::transport("read", place, &error),
            }
        })?;
        Ok(reader.lines().into_stream().boxed())
    }
}
