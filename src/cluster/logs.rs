//! Container logs.

use std::time::Duration;

use futures_util::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};

use super::Cluster;
use super::error::{Error, ErrorKind};

/// How long a log that is not followed may be silent, and a short one may take.
const LOG_LIMIT: Duration = Duration::from_secs(30);

/// Longer lines are cut. The kubelet joins what it has split, so a program that never ends a line could fill the memory.
const LONGEST_LINE: u64 = 1 << 20;
/// What a cut line loses at its end: half a secret is not recognized as one.
const CUT: usize = 4096;

/// A stream of log lines; an error is the last item.
pub type LogLines = BoxStream<'static, Result<String, Error>>;

/// Options of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; needed where a pod has several.
    pub container: Option<String>,
    /// Follow new lines.
    pub follow: bool,
    /// The log of the container before its last restart.
    pub previous: bool,
    /// Only this number of lines from the end.
    pub tail: Option<i64>,
    /// Only lines of this number of last seconds.
    pub since_seconds: Option<i64>,
    /// Start each line with its time.
    pub timestamps: bool,
    /// Only this number of bytes.
    pub bytes: Option<i64>,
}

impl Cluster {
    /// Streams the log lines of a container. Bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// The pod or container does not exist, or has no log yet; in the stream: the connection broke, or a log that
    /// is not followed was silent for 30 s.
    pub async fn logs(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
    ) -> Result<LogLines, Error> {
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
            return Err(Error::new(ErrorKind::Timeout, "read", place(), cause));
        };
        let reader = opened.map_err(|error| match &error {
            kube::Error::Api(status) if status.is_not_found() => {
                Error::new(ErrorKind::NotFound, "read", place(), status.message.clone())
            }
            kube::Error::Api(status) if status.is_forbidden() => {
                Error::new(ErrorKind::Forbidden, "read", place(), status.message.clone())
            }
            kube::Error::Api(status) => {
                Error::new(ErrorKind::Unavailable, "read", place(), status.message.clone())
            }
            _ => Error::transport("read", place(), &error),
        })?;
        let limit = (!options.follow).then_some(LOG_LIMIT);
        Ok(lines(reader, place(), limit))
    }

    /// All lines of a short log, which are in memory together.
    ///
    /// # Errors
    /// As [`logs`](Self::logs), also when the log broke off or took more than 30 s.
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
            let most = options.bytes.and_then(|bytes| usize::try_from(bytes).ok());
            let mut bytes = 0;
            while most.is_none_or(|most| bytes < most)
                && let Some(line) = lines.next().await
            {
                let line = line?;
                bytes += line.len() + 1;
                all.push(line);
            }
            Ok(all)
        };
        let late = || Error::new(ErrorKind::Timeout, "read", place(), "it took more than 30 s");
        tokio::time::timeout(LOG_LIMIT, all).await.unwrap_or_else(|_| Err(late()))
    }
}

/// Reads one line, with its end. Of a longer one than [`LONGEST_LINE`] the rest is skipped.
async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> std::io::Result<usize> {
    let read = (&mut *reader).take(LONGEST_LINE).read_until(b'\n', line).await?;
    if (read as u64) < LONGEST_LINE || line.ends_with(b"\n") {
        return Ok(read);
    }
    loop {
        let buffer = reader.fill_buf().await?;
        let end = buffer.iter().position(|b| *b == b'\n');
        let (skipped, is_end) = (end.map_or(buffer.len(), |at| at + 1), end.is_some());
        let is_over = is_end || buffer.is_empty();
        reader.consume_unpin(skipped);
        if is_over {
            break;
        }
    }
    line.truncate(line.len() - CUT);
    line.extend_from_slice(b" ... (cut: the line is longer than 1 MiB)\n");
    Ok(read)
}

/// The lines of a reader. `limit` is the longest silence.
fn lines(
    reader: impl AsyncBufRead + Send + 'static,
    place: String,
    limit: Option<Duration>,
) -> LogLines {
    let lines = stream::unfold(Some((Box::pin(reader), place)), move |state| async move {
        let (mut reader, place) = state?;
        let mut line = Vec::new();
        let read = read_line(&mut reader, &mut line);
        let read = match limit {
            Some(limit) => tokio::time::timeout(limit, read).await,
            None => Ok(read.await),
        };
        let error = match read {
            Ok(Ok(0)) => return None,
            Ok(Ok(_)) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                return Some((Ok(text), Some((reader, place))));
            }
            Ok(Err(error)) => Error::new(ErrorKind::Unreachable, "read", place, error.to_string()),
            Err(_) => Error::new(ErrorKind::Timeout, "read", place, "no data for 30 s"),
        };
        Some((Err(error), None))
    });
    lines.boxed()
}

#[cfg(test)]
mod tests {
    use futures_util::stream::TryStreamExt as _;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// A log whose lines come at these times.
    fn log(pauses: Vec<u64>, limit: Option<Duration>) -> LogLines {
        let chunks = stream::iter(pauses).then(|pause| async move {
            sleep(Duration::from_secs(pause)).await;
            std::io::Result::Ok("line\n")
        });
        lines(chunks.boxed().into_async_read(), "the log".into(), limit)
    }

    #[tokio::test]
    async fn a_line_that_never_ends_is_cut() {
        let chunk = || Ok::<_, std::io::Error>(vec![b'x'; 1 << 16]);
        let long =
            stream::repeat_with(chunk).take(40).chain(stream::iter([Ok(b"\nnext\n".to_vec())]));
        let all: Vec<String> = lines(long.boxed().into_async_read(), "the log".into(), None)
            .try_collect()
            .await
            .unwrap();
        assert_eq!(all.len(), 2);
        assert!(all[0].len() < 1 << 20 && all[0].ends_with("longer than 1 MiB)"));
        assert_eq!(all[1], "next");
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_may_take_long_but_not_be_silent() {
        let started = Instant::now();
        let all: Vec<_> = log(vec![20; 10], Some(LOG_LIMIT)).try_collect().await.unwrap();
        assert_eq!(all, ["line"; 10]);
        assert!(started.elapsed() >= Duration::from_secs(200));
        let stuck: Vec<_> = log(vec![0, 40, 0], Some(LOG_LIMIT)).collect().await;
        assert_eq!(stuck.len(), 2);
        assert_eq!(stuck[1].as_ref().unwrap_err().kind, ErrorKind::Timeout);
        let followed: Vec<_> = log(vec![0, 4000], None).try_collect().await.unwrap();
        assert_eq!(followed.len(), 2);
    }
}
