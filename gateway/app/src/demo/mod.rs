//! The demonstration: a folder with everything in it, and sample partners that send.

mod messages;
mod partner;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

pub use messages::{Kind, Sample};
pub use partner::{Answer, Partner, PartnerError};

/// The sample partners: a till that sends JSON, an office that sends batches of it, a shop that sends fiscal invoices.
pub const PARTNERS: [(&str, Kind); 3] = [("shop-1", Kind::Single), ("shop-2", Kind::Batch), ("shop-3", Kind::Invoice)];

/// How often a sample partner sends its last message again.
const RESEND_EVERY: u64 = 10;

/// Writes the demonstration's configuration, unless there is one.
///
/// # Errors
/// When the file cannot be written.
pub fn configuration(folder: &Path, policies: &Path) -> Result<std::path::PathBuf> {
    let file = folder.join("tallygate.toml");
    if !file.exists() {
        let policies = policies.canonicalize().with_context(|| format!("there is no folder {}", policies.display()))?;
        let text = include_str!("tallygate.toml").replace("@POLICIES@", &policies.display().to_string());
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(file)
}

/// Sends as one sample partner until told to stop; what is refused is logged and sent again later.
///
/// # Errors
/// When the partner's certificate cannot be read.
pub async fn send(
    folder: &Path,
    base: String,
    name: &'static str,
    kind: Kind,
    pause: Duration,
    stop: CancellationToken,
) -> Result<()> {
    let partner = Partner::new(&folder.join("certs"), Some(name), base)?;
    let mut turn = 0_u64;
    loop {
        let sample = Sample::new(name, kind, turn);
        turn += 1;
        let times = if turn.is_multiple_of(RESEND_EVERY) { 2 } else { 1 };
        for _ in 0..times {
            match partner.post(sample.path(), sample.content_type(), sample.body.clone()).await {
                Ok(answer) if answer.status.is_success() => {}
                Ok(answer) => tracing::warn!(partner = name, status = %answer.status, "a sample was refused"),
                Err(error) => tracing::warn!(partner = name, %error, "a sample could not be sent"),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
