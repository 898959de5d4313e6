//! `tallygate demo`.

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use tracing_subscriber::filter::LevelFilter;

use super::signals::{outlive_hangups, told_to_stop};
use crate::app::{App, Sockets};
use crate::arguments::DemoArguments;
use crate::config::Config;
use crate::logging::log_to_stderr;
use crate::lossy::Lossy;
use crate::roles::Roles;
use crate::runtime::whole_runtime;
use crate::supervise::Supervisor;
use crate::{certs, demo};

const GRACE: Duration = Duration::from_secs(25);

pub(crate) fn demo(arguments: &DemoArguments) -> Result<ExitCode> {
    log_to_stderr(LevelFilter::WARN)?;
    // A process that goes on waits for nobody who would read this.
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().context("cannot open standard output")?;
    let out = Lossy::start("out", File::from(stdout)).context("cannot start the output's thread")?;
    let partners = demo::PARTNERS.map(|(name, _)| name.to_owned());
    certs::make(&arguments.dir.join("certs"), &partners)?;
    let file = demo::configuration(&arguments.dir, &arguments.policies)?;
    let config = Config::load(&file).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
    whole_runtime()?.block_on(async {
        outlive_hangups()?;
        let (config, roles) = (Arc::new(config), Roles::default());
        let app = App::build(&config, &roles)?;
        let mut running = app.start(Sockets::bind(&config, &roles)?);
        running.before_all(senders(arguments, &config));
        out.line(explained(arguments, &config, &file)?.as_bytes());
        running.run(told_to_stop()?).await?;
        out.line(b"stopped\n");
        out.flush();
        Ok(ExitCode::SUCCESS)
    })
}

fn senders(arguments: &DemoArguments, config: &Config) -> Supervisor {
    let mut senders = Supervisor::default();
    let port = config.addresses.first().map_or(8443, SocketAddr::port);
    let pause = Duration::from_secs(1) * demo::PARTNERS.len() as u32 / arguments.pace;
    for (name, kind) in demo::PARTNERS {
        let (folder, base) = (arguments.dir.clone(), format!("https://localhost:{port}"));
        senders.start(name, GRACE, move |stop| async move { demo::send(&folder, base, name, kind, pause, stop).await });
    }
    senders
}

fn explained(arguments: &DemoArguments, config: &Config, file: &std::path::Path) -> Result<String> {
    let folder = arguments.dir.display();
    let binary = std::env::current_exe().map_or_else(|_| "tallygate".to_owned(), |path| path.display().to_string());
    let password = std::fs::read_to_string(arguments.dir.join("certs/operator.password"))
        .context("cannot read the operator's password")?;
    let (partners, admin) = (config.addresses.first(), config.admin.as_ref().map(|admin| admin.address));
    let (Some(partners), Some(admin)) = (partners, admin) else {
        anyhow::bail!("{}: needs a listener and [admin]", file.display());
    };
    Ok(format!(
        r#"Tallygate runs: three partners send XML and JSON over mutual TLS, all in {folder}. Ctrl-C ends it.

The page      https://{admin}/
              (its certificate is signed by {folder}/certs/server-ca.pem, so a browser asks once)
  user        operator
  password    {password}

Send one      curl --cacert {folder}/certs/server-ca.pem --cert {folder}/certs/shop-1.pem --key {folder}/certs/shop-1.key \
              -H 'content-type: application/json' https://localhost:{port}/v1/transactions \
              -d '{{"id":"hello-1","time":"{now}","key":"hello","amount":"12.50","currency":"EUR","type":"sale"}}'

The sums      {binary} sums --config {file}
One key       {binary} sums --config {file} --key hello
The proof     {binary} reconcile --config {file}
"#,
        port = partners.port(),
        now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        file = file.display(),
    ))
}
