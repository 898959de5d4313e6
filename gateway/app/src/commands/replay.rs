//! `tallygate dead-letters replay`: sends letters to a running gateway, which puts them back into its queue.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use http::Method;
use serde_json::{Value, json};
use tallygate_console::limits::{REPLAY_BYTES, REPLAY_LINES};
use tallygate_reading::dead_letters::{self, Position};
use tallygate_reading::text::harmless;

use super::bad_configuration;
use super::dead_letters::filter;
use crate::admin_client::AdminClient;
use crate::arguments::ReplayArguments;
use crate::config::Config;
use crate::out::{Unsaid, say};
use crate::parts;
use crate::runtime::small_runtime;

/// What all batches came to.
#[derive(Default)]
struct Outcome {
    replayed: u64,
    outside: u64,
    /// As the gateway told them, with the lines of the whole.
    refused: Vec<Value>,
}

/// Lines that are sent together.
#[derive(Default)]
struct Batch {
    text: String,
    /// The line of each in the whole.
    lines: Vec<u64>,
}

/// Exit code 0 only when nothing was refused.
pub(crate) fn replay(arguments: &ReplayArguments) -> Result<ExitCode> {
    let client = AdminClient::new(&arguments.admin.way, &arguments.admin.file.config)?;
    let runtime = small_runtime()?;
    let mut outcome = Outcome::default();
    let mut send = |batch: Batch| runtime.block_on(outcome.add(&client, arguments, batch));
    let lines: Box<dyn Iterator<Item = Result<String>>> = match &arguments.mended {
        Some(file) if file.as_os_str() == "-" => Box::new(read(stdin().lock(), "standard input".to_owned())),
        Some(file) => {
            let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
            Box::new(read(BufReader::new(opened), file.display().to_string()))
        }
        None if arguments.letters.is_empty() => {
            let config = match Config::load(&arguments.admin.file.config) {
                Ok(config) => config,
                Err(problems) => return Ok(bad_configuration::told(&problems)),
            };
            let mut places = Vec::new();
            let take = |original: dead_letters::Original| places.push(original.letter.at);
            runtime.block_on(async {
                dead_letters::each(&*parts::read_stream(&config)?, &filter(&arguments.which), take).await
            })?;
            Box::new(places.into_iter().map(|at| Ok(place_line(at))))
        }
        None => {
            let places: Result<Vec<Position>, String> = arguments.letters.iter().map(|letter| letter.parse()).collect();
            Box::new(places.map_err(anyhow::Error::msg)?.into_iter().map(|at| Ok(place_line(at))))
        }
    };
    let mut batch = Batch::default();
    for (number, line) in (1..).zip(lines) {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        if batch.lines.len() == REPLAY_LINES || batch.text.len() + line.len() + 1 > REPLAY_BYTES {
            send(std::mem::take(&mut batch))?;
        }
        batch.lines.push(number);
        batch.text.push_str(&line);
        batch.text.push('\n');
    }
    send(batch)?;
    Ok(outcome.tell(arguments)?)
}

/// The line that names a letter as it is.
fn place_line(at: Position) -> String {
    json!({ "at": at.to_string() }).to_string()
}

fn read(from: impl BufRead + 'static, name: String) -> impl Iterator<Item = Result<String>> {
    from.lines().map(move |line| line.with_context(|| format!("cannot read {name}")))
}

impl Outcome {
    async fn add(&mut self, client: &AdminClient, arguments: &ReplayArguments, batch: Batch) -> Result<()> {
        if batch.lines.is_empty() {
            return Ok(());
        }
        let ReplayArguments { as_is, dry_run, .. } = arguments;
        let path = format!("/api/v1/replays?as_is={as_is}&dry_run={dry_run}");
        let answer = client.call(Method::POST, &path, "application/x-ndjson", batch.text.into_bytes()).await;
        let answer = answer.with_context(|| format!("{} letters were replayed before", self.replayed))?;
        let (Some(replayed), Some(outside), Some(refused)) =
            (answer["replayed"].as_u64(), answer["outside"].as_u64(), answer["refused"].as_array())
        else {
            bail!("the gateway answered with what is no outcome of a replay: {answer}")
        };
        self.replayed += replayed;
        self.outside += outside;
        for refused in refused {
            let mut refused = refused.clone();
            let of_batch = refused["line"].as_u64().and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
            refused["line"] = of_batch.and_then(|place| batch.lines.get(place)).copied().into();
            self.refused.push(refused);
        }
        Ok(())
    }

    fn tell(self, arguments: &ReplayArguments) -> Result<ExitCode, Unsaid> {
        let Self { replayed, outside, refused } = self;
        let code = if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        if arguments.admin.way.json {
            let dry_run = arguments.dry_run;
            let all = json!({ "replayed": replayed, "outside": outside, "refused": refused, "dry_run": dry_run });
            say(format_args!("{all:#}"))?;
            return Ok(code);
        }
        say(format_args!("{} {replayed} dead letters", if arguments.dry_run { "would replay" } else { "replayed" }))?;
        if outside > 0 {
            say(format_args!(
                "{outside} stay outside the horizon: export them, mend their day, and replay them with --file"
            ))?;
        }
        for refused in &refused {
            let text = |field: &str| harmless(refused[field].as_str().unwrap_or("?"));
            let at = text("at");
            say(format_args!("line {} ({at}): {}: {}", refused["line"], text("field"), text("problem")))?;
        }
        Ok(code)
    }
}
