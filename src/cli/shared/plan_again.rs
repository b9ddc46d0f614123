//! A run whose plan is out of date before its first write.

use time::OffsetDateTime;

use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::engine::{self, Event};
use crate::ui::{self, Output};

/// How many plans a command makes. A cluster that changes more often than that never rests.
const PLANS: usize = 3;

/// Runs a command, from its review on, and again if somebody changed something between its review and its
/// first write: controllers write after a join, and a killed run's last write may still arrive. The user is
/// asked again, or has said with `--yes` that whatever the plan has is right; risks need their consent each
/// time.
///
/// # Errors
/// The run failed, or the last plan was out of date, too.
pub(in crate::cli) async fn unless_current<O>(
    format: TextOrJson,
    output: &Output,
    mut run: impl AsyncFnMut() -> Result<O, Failure>,
) -> Result<O, Failure> {
    for _ in 1..PLANS {
        match Box::pin(run()).await {
            Err(Failure::Engine(outdated @ engine::Error::Changed(_))) => {
                let message = format!("{outdated}; planning again");
                output.message(&format!("ksi: {message}"));
                if format == TextOrJson::Json {
                    let event = Event::Warning { message };
                    let json = ui::event_json(&event, OffsetDateTime::now_utc());
                    output.data(&format!("{json}\n"))?;
                }
            }
            answer => return answer,
        }
    }
    Box::pin(run()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::ColourChoice;

    fn quiet() -> Output {
        Output::new(ColourChoice::Never, true)
    }

    async fn runs(outdated: usize) -> (usize, Result<(), Failure>) {
        let mut runs = 0;
        let output = quiet();
        let answer = unless_current(TextOrJson::Text, &output, async || {
            runs += 1;
            if runs > outdated {
                return Ok(());
            }
            Err(engine::Error::Changed("the inventory".to_owned()).into())
        })
        .await;
        (runs, answer)
    }

    #[tokio::test]
    async fn an_outdated_plan_is_made_again_a_few_times() {
        assert!(matches!(runs(0).await, (1, Ok(()))));
        assert!(matches!(runs(2).await, (3, Ok(()))));
        assert!(matches!(runs(9).await, (PLANS, Err(Failure::Engine(engine::Error::Changed(_))))));
    }

    #[tokio::test]
    async fn any_other_failure_is_final() {
        let mut runs = 0;
        let failed: Result<(), _> = unless_current(TextOrJson::Text, &quiet(), async || {
            runs += 1;
            Err(Failure::Declined)
        })
        .await;
        assert!(matches!((runs, failed), (1, Err(Failure::Declined))));
    }
}
