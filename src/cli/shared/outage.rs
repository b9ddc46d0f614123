//! Tells about the connection while something is read; a run tells about it itself.

use crate::engine;
use crate::target::Reader;
use crate::ui::{self, Output};

/// The output of a future; meanwhile prints on standard error when the target stops answering, and when it answers
/// again.
pub(in crate::cli) async fn told<T>(
    target: &impl Reader,
    output: &Output,
    future: impl Future<Output = T>,
) -> T {
    let tell = |event| {
        if let Some(line) = ui::event_line(&event) {
            output.message(&format!("ksi: {line}"));
        }
    };
    engine::watched(target, future, tell).await
}
