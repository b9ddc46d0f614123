//! Tells about the connection while something is read; a run tells about it itself.

use std::pin::pin;
use std::time::Duration;

use crate::engine::Connection;
use crate::target::Reader;
use crate::ui::{self, Output};

const TICK: Duration = Duration::from_millis(500);

/// The output of a future; meanwhile prints on standard error when the target stops answering, and when it answers
/// again.
pub(in crate::cli) async fn told<T>(
    target: &impl Reader,
    output: &Output,
    future: impl Future<Output = T>,
) -> T {
    let mut future = pin!(future);
    let mut connection = Connection::default();
    loop {
        if let Ok(answer) = tokio::time::timeout(TICK, &mut future).await {
            return answer;
        }
        let event = connection.next(&target.place(), target.outage());
        if let Some(line) = event.as_ref().and_then(ui::event_line) {
            output.message(&format!("ksi: {line}"));
        }
    }
}
