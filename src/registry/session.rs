//! Requests that log in when they are asked to, and that are tried again.

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use tokio::time::Instant;

use super::challenge::Challenge;
use super::error::Error;
use super::login;
use super::retry::wait;
use super::send::{Answer, Call, Sender};

impl Sender {
    /// Sends a request until it succeeds or fails for good.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let began = Instant::now();
        let mut failed = 0;
        loop {
            let error = match self.authorised(call).await {
                Ok(answer) => match self.accepted(call, answer).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            failed += 1;
            let left = self.options.patience.saturating_sub(began.elapsed());
            match wait(&error, failed, left) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }

    /// Sends it with what is known to allow it; if that is not enough, logs in and sends it again.
    async fn authorised(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let known = self.grants.known(call.access).await;
        let answer = self.follow(call, known.as_ref()).await?;
        if answer.status != StatusCode::UNAUTHORIZED || answer.foreign {
            return Ok(answer);
        }
        let asked = answer.headers.get_all(WWW_AUTHENTICATE).iter();
        let challenge = Challenge::parse(asked.filter_map(|value| value.to_str().ok()));
        let Some(challenge) = challenge else { return Ok(answer) };
        match login::grant(self, call, &challenge, known.as_ref()).await? {
            Some(grant) => self.follow(call, Some(&grant)).await,
            None => Ok(answer),
        }
    }
}
