//! `tallygate policy run`: messages through one policy as a gateway would take them, with no server.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::arguments::PolicyRunArguments;
use crate::authoring::{is_of_a_sample, is_sample, said_of};
use crate::out::{complain, say};
use crate::runtime::small_runtime;
use crate::trial::{
    Expectation, Outcome, Subject, Trial, TrialMessage, content_type_of, header, log_of_policies, moment, printed,
    read_component, shown, warnings,
};

pub(crate) fn run(arguments: &PolicyRunArguments) -> Result<ExitCode> {
    let inputs = inputs(&arguments.input)?;
    let expected = arguments.expect.as_deref().map(Expectation::given).transpose()?;
    let (like, runtime) = (message(arguments)?, small_runtime()?);
    let subject = subject(&arguments.component, arguments.config.as_deref())?;
    let trial = runtime.block_on(Trial::of(subject))?;
    log_of_policies();
    let said = inputs.iter().flat_map(|input| said_of(input)).collect::<BTreeSet<_>>();
    for file in said {
        complain(format_args!(
            "note: {} is for `policy test`; here --partner, --received and --config say it",
            file.display()
        ));
    }
    let mut bad = false;
    for input in &inputs {
        let tried = runtime.block_on(trial.send(&with_body(&like, input)?))?;
        let mut result = shown(&tried)?;
        warnings(&tried).iter().for_each(|warning| complain(format_args!("warning: {warning}")));
        let differences = expected.iter().flat_map(|expected| expected.differences(&result)).collect::<Vec<_>>();
        bad |= !differences.is_empty()
            || (expected.is_none() && matches!(tried.outcome, Outcome::Failed | Outcome::Reject));
        if let (Value::Object(fields), true) = (&mut result, inputs.len() > 1) {
            fields.insert("input".to_owned(), input.display().to_string().into());
        }
        say(printed(&result, !arguments.json))?;
        differences.iter().for_each(|difference| complain(format_args!("{}: {difference}", input.display())));
    }
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn subject(component: &Path, config: Option<&Path>) -> Result<Subject> {
    let subject = Subject::new(component, read_component(component)?)?;
    match config {
        Some(config) => subject.with_config(config),
        None => Ok(subject),
    }
}

/// What the messages have in common.
fn message(arguments: &PolicyRunArguments) -> Result<TrialMessage> {
    let mut headers = HeaderMap::new();
    for given in &arguments.header {
        let (name, value) = header(given)?;
        headers.append(name, value);
    }
    if let Some(kind) = &arguments.content_type {
        headers.insert(CONTENT_TYPE, kind.parse().with_context(|| format!("{kind:?} is no content type"))?);
    }
    let read = |file: &PathBuf| {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        anyhow::Ok((bytes, content_type_of(file)))
    };
    Ok(TrialMessage {
        method: arguments.method.clone(),
        target: arguments.target.clone(),
        headers,
        partner: arguments.partner.clone(),
        received: arguments.received.as_deref().map(moment).transpose()?,
        response: arguments.response.as_ref().map(read).transpose()?,
        ..TrialMessage::default()
    })
}

fn with_body(like: &TrialMessage, input: &Path) -> Result<TrialMessage> {
    let mut body = Vec::new();
    if input == Path::new("-") {
        std::io::stdin().read_to_end(&mut body).context("cannot read standard input")?;
    } else {
        body = std::fs::read(input).with_context(|| format!("cannot read {}", input.display()))?;
    }
    let mut message = TrialMessage { body: body.into(), ..like.clone() };
    message.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type_of(input)));
    Ok(message)
}

/// Each file that is named, and those in folders, by name.
fn inputs(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut inputs = Vec::new();
    for path in given {
        if !path.is_dir() {
            inputs.push(path.clone());
            continue;
        }
        let cannot = || format!("cannot read {}", path.display());
        let entries = std::fs::read_dir(path).with_context(cannot)?;
        let entries = entries.map(|entry| entry.map(|entry| entry.path()));
        let mut files = entries.collect::<Result<Vec<_>, _>>().with_context(cannot)?;
        files.retain(|file| file.is_file());
        files.sort();
        let (files, left_out) = messages(files);
        if !left_out.is_empty() {
            let names: Vec<_> = left_out.iter().filter_map(|file| file.file_name()?.to_str()).collect();
            complain(format_args!(
                "note: of {}, these are taken for no messages: {}",
                path.display(),
                names.join(", ")
            ));
        }
        if files.is_empty() {
            bail!("there is no message in {}", path.display());
        }
        inputs.extend(files);
    }
    Ok(inputs)
}

/// The messages of a folder, and what stands beside them. Where that shows it to be one of samples, they alone are messages:
/// configurations and responses may be there as well.
fn messages(files: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let of_samples = files.iter().any(|file| is_of_a_sample(file)) && files.iter().any(|file| is_sample(file));
    files.into_iter().partition(|file| if of_samples { is_sample(file) } else { !is_of_a_sample(file) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_samples_is_no_message() {
        let of = |names: &[&str]| {
            let (messages, rest) = messages(names.iter().map(PathBuf::from).collect());
            let text = |files: Vec<PathBuf>| files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>();
            (text(messages), text(rest).len())
        };
        let samples = of(&["a.in.csv", "a.expected.json", "b.in.json", "request.json", "a.request.json", "c.json"]);
        assert_eq!(samples, (vec!["a.in.csv".to_owned(), "b.in.json".to_owned()], 4));
        assert_eq!(of(&["a.xml", "a.expected.json"]), (vec!["a.xml".to_owned()], 1));
        assert_eq!(of(&["a.in.xml", "b.xml"]).0.len(), 2);
    }
}
