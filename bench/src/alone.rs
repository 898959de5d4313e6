//! The gateway's role alone on the embedded queue, in a process of its own: what the accept path costs by itself, with runtime
//! and log as `run` has them. The command refuses this, since nothing would ever take the messages from the queue.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use tallygate::app::{App, Sockets};
use tallygate::config::Config;
use tallygate::logging::log_to_stderr;
use tallygate::runtime::whole_runtime;
use tokio::signal::unix::{SignalKind, signal};

/// Serves partners until it is told to end.
pub fn run(config: &Path) -> Result<()> {
    let config = Config::load(config).map_err(|problems| anyhow!("{problems:?}"))?;
    let config = Arc::new(config);
    let roles = "gateway".parse().map_err(|problem: String| anyhow!(problem))?;
    whole_runtime()?.block_on(async {
        log_to_stderr("info".parse()?)?;
        let mut terminate = signal(SignalKind::terminate())?;
        let app = App::build(&config, &roles)?.start(Sockets::bind(&config, &roles)?);
        let stop = async move {
            terminate.recv().await;
        };
        Ok(app.run(stop).await?)
    })
}
