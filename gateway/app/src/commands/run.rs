//! `tallygate run`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use tracing_subscriber::filter::LevelFilter;

use super::bad_configuration;
use super::check::{open_routes, policies_memory, takes_nothing};
use super::signals::{outlive_hangups, told_to_stop};
use crate::app::{App, BuildError, Misconfigured, Sockets};
use crate::arguments::RunArguments;
use crate::config::Config;
use crate::logging::log_to_stderr;
use crate::out::complain;
use crate::runtime::whole_runtime;
use crate::{check, faults};

pub(crate) fn run(arguments: &RunArguments) -> Result<ExitCode> {
    let runtime = whole_runtime()?;
    let _within = runtime.enter();
    outlive_hangups()?;
    let roles = arguments.roles.clone().unwrap_or_default();
    let config = match Config::load(&arguments.file.config) {
        Ok(config) => config,
        Err(problems) => return Ok(bad_configuration::told(&problems)),
    };
    // The policies are compiled but once where nothing is wrong: when they are put into service.
    if !check::start(&config, &roles).is_empty() {
        return Ok(bad_configuration::told(&check::all(&config, &roles)));
    }
    log_to_stderr(LevelFilter::INFO)?;
    let config = Arc::new(faults::from_environment(config)?);
    runtime.block_on(async {
        let app = match App::build(&config, &roles) {
            Ok(app) => app,
            Err(BuildError::Configuration(problems)) => return Ok(bad_configuration::told(&problems)),
            Err(BuildError::Environment(error)) => return Err(error),
        };
        let sockets = Sockets::bind(&config, &roles)?;
        sockets.log(&config);
        for open in open_routes(&config, &roles) {
            tracing::info!("{open}");
        }
        if let Some(memory) = policies_memory(&config, &roles) {
            tracing::info!("{memory}");
        }
        if let Some(takes_nothing) = takes_nothing(&config, &roles) {
            tracing::warn!("{takes_nothing}");
        }
        let running = app.start(sockets);
        tracing::info!(%roles, "running");
        match running.run(told_to_stop()?).await {
            Err(ended) if ended.why.is::<Misconfigured>() => {
                complain(format_args!("tallygate: {ended}"));
                Ok(bad_configuration::code())
            }
            ended => Ok(ended.map(|()| ExitCode::SUCCESS)?),
        }
    })
}
