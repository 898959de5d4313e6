//! `tallygate policy test`: a policy's samples, and where what comes is not what is expected.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::arguments::PolicyTestArguments;
use crate::authoring::{Sample, SampleConfig, build, samples};
use crate::out::{complain, say};
use crate::runtime::small_runtime;
use crate::trial::{Expectation, Subject, Trial, agreed, log_of_policies, printed, read_component, shown, warnings};

/// The samples' folder beside a crate's sources.
const FOLDER: &str = "samples";

/// A policy with its samples, compiled once for each configuration that they ask for.
struct Bench {
    file: PathBuf,
    component: Vec<u8>,
    trials: HashMap<Option<SampleConfig>, Trial>,
    runtime: Runtime,
}

/// What became of one sample.
enum Verdict {
    AsExpected,
    Written,
    Differs(Vec<String>),
}

pub(crate) fn test(arguments: &PolicyTestArguments) -> Result<ExitCode> {
    let mut found = samples(&arguments.build.dir.join(FOLDER))?;
    if let Some(part) = &arguments.filter {
        found.retain(|sample| sample.name.contains(part));
        if found.is_empty() {
            bail!("no sample's name contains {part:?}");
        }
    }
    let file = match &arguments.component {
        Some(component) => component.clone(),
        None => build(&arguments.build)?.component,
    };
    let component = read_component(&file)?;
    log_of_policies();
    let mut bench = Bench { file, component, trials: HashMap::new(), runtime: small_runtime()? };
    let (mut told, mut good, mut bad) = (Vec::new(), 0, 0);
    for sample in &found {
        let (verdict, came) = bench.judge(sample, arguments.bless).with_context(|| sample.name.clone())?;
        let (word, differences) = match verdict {
            Verdict::AsExpected => ("ok     ", Vec::new()),
            Verdict::Written => ("written", Vec::new()),
            Verdict::Differs(differences) => ("differs", differences),
        };
        if differences.is_empty() {
            good += 1
        } else {
            bad += 1
        }
        if arguments.json {
            told.push(json!({ "name": sample.name, "differences": differences, "came": came }));
            continue;
        }
        say(format_args!("{word}  {}", sample.name))?;
        for line in differences.iter().flat_map(|difference| difference.lines()) {
            say(format_args!("           {line}"))?;
        }
    }
    if arguments.json {
        say(json!({ "samples": told, "passed": good, "failed": bad }))?;
    } else {
        say(format_args!("{good} passed, {bad} failed"))?;
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Bench {
    fn judge(&mut self, sample: &Sample, bless: bool) -> Result<(Verdict, Value)> {
        let came = self.shown(sample)?;
        if bless {
            let expected = agreed(&came, &self.shown(sample)?);
            std::fs::write(&sample.expected, format!("{}\n", printed(&expected, true)))
                .with_context(|| format!("cannot write {}", sample.expected.display()))?;
            return Ok((Verdict::Written, came));
        }
        if !sample.expected.exists() {
            let why = format!(
                "there is no {}; --bless writes down what comes now: {}",
                sample.expected.display(),
                came["outcome"].as_str().unwrap_or_default()
            );
            return Ok((Verdict::Differs(vec![why]), came));
        }
        let differences = Expectation::read(&sample.expected)?.differences(&came);
        let verdict = match differences.is_empty() {
            true => Verdict::AsExpected,
            false => Verdict::Differs(differences.iter().map(ToString::to_string).collect()),
        };
        Ok((verdict, came))
    }

    /// What comes of a sample.
    fn shown(&mut self, sample: &Sample) -> Result<Value> {
        let trial = match self.trials.entry(sample.config.clone()) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                let subject = Subject::new(&self.file, self.component.clone())?;
                let subject = match &sample.config {
                    None => subject,
                    Some(SampleConfig::Json(json)) => subject.with_config_json(json.clone()),
                    Some(SampleConfig::File(file)) => subject.with_config(file)?,
                };
                free.insert(self.runtime.block_on(Trial::of(subject))?)
            }
        };
        let tried = self.runtime.block_on(trial.send(&sample.message))?;
        warnings(&tried).iter().for_each(|warning| complain(format_args!("warning: {}: {warning}", sample.name)));
        Ok(shown(&tried)?)
    }
}
