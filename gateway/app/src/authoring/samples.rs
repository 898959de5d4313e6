//! A policy's samples: messages in files, and what is expected of each.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::trial::{TrialMessage, content_type_of, header, moment};

/// What stands between a sample's name and its extension.
const INPUT: &str = ".in";
/// How the name of a file ends that has what is expected of a sample.
const EXPECTED: &str = ".expected.json";
/// What holds for all samples of a folder.
const FOR_ALL: &str = "request.json";
/// What a request may say.
const KEYS: [&str; 8] = ["config", "content_type", "headers", "method", "partner", "received", "response", "target"];

/// A message in a file.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Its name: the file's, up to `.in`.
    pub(crate) name: String,
    /// Where its expectation is, or would be.
    pub(crate) expected: PathBuf,
    pub(crate) message: TrialMessage,
    /// The policy's configuration; none: an empty one.
    pub(crate) config: Option<SampleConfig>,
}

/// The configuration of a policy for a sample.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SampleConfig {
    /// A JSON object.
    Json(String),
    /// A file with the policy's own, or a gateway's.
    File(PathBuf),
}

/// The samples in a folder, by name.
///
/// # Errors
/// When there is none, or one cannot be read; the file is named.
pub(crate) fn samples(folder: &Path) -> Result<Vec<Sample>> {
    let cannot = || format!("cannot read {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(cannot)?;
    let mut files =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().with_context(cannot)?;
    files.sort();
    let for_all = request(&folder.join(FOR_ALL))?;
    let named = files.iter().filter_map(|file| Some((file, name(file)?)));
    let found: Vec<Sample> = named.map(|(file, name)| sample(folder, file, name, &for_all)).collect::<Result<_>>()?;
    if found.is_empty() {
        bail!("there is no sample in {}: one would be NAME.in.xml, the body of a message", folder.display());
    }
    if let Some(pair) = found.windows(2).find(|pair| pair[0].name == pair[1].name) {
        bail!("{}: two samples are named {}", folder.display(), pair[0].name);
    }
    Ok(found)
}

/// Whether a file is a sample's message.
pub(crate) fn is_sample(file: &Path) -> bool {
    name(file).is_some()
}

/// Whether a file stands beside samples and is no message: an expectation, or what is said of requests.
pub(crate) fn is_of_a_sample(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name == FOR_ALL || name.ends_with(&format!(".{FOR_ALL}")) || name.ends_with(EXPECTED)
}

/// The files that say how a sample is sent; none of what is no sample.
pub(crate) fn said_of(file: &Path) -> Vec<PathBuf> {
    let (Some(name), Some(folder)) = (name(file), file.parent()) else { return Vec::new() };
    let places = [folder.join(FOR_ALL), folder.join(format!("{name}.{FOR_ALL}"))];
    places.into_iter().filter(|place| place.exists()).collect()
}

/// The name of the sample whose body a file is.
fn name(file: &Path) -> Option<&str> {
    let stem = Path::new(file.file_stem()?);
    (stem.extension()? == &INPUT[1..]).then(|| stem.file_stem()?.to_str())?
}

fn sample(folder: &Path, file: &Path, name: &str, for_all: &Map<String, Value>) -> Result<Sample> {
    let place = folder.join(format!("{name}.{FOR_ALL}"));
    let mut said = for_all.clone();
    said.extend(request(&place)?);
    let body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut message = TrialMessage { body: body.into(), ..TrialMessage::default() };
    let config = fill(&mut message, &said, folder).with_context(|| format!("{name}: {FOR_ALL}"))?;
    message.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type_of(file)));
    Ok(Sample { name: name.to_owned(), expected: folder.join(format!("{name}{EXPECTED}")), message, config })
}

/// What a file says of requests; nothing where there is none.
fn request(file: &Path) -> Result<Map<String, Value>> {
    if !file.exists() {
        return Ok(Map::new());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let said: Map<String, Value> =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON object", file.display()))?;
    if let Some(unknown) = said.keys().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("{}: {unknown:?} is no known key here, known: {}", file.display(), KEYS.join(", "));
    }
    Ok(said)
}

/// Takes over what is said; returns the configuration.
fn fill(message: &mut TrialMessage, said: &Map<String, Value>, folder: &Path) -> Result<Option<SampleConfig>> {
    let mut config = None;
    for (key, value) in said {
        if key == "headers" {
            let Value::Object(fields) = value else {
                bail!("headers would be an object such as {{ \"x-till\": \"7\" }}")
            };
            for (name, value) in fields {
                let (name, value) = header(&format!("{name}: {}", text("headers", value)?))?;
                message.headers.insert(name, value);
            }
            continue;
        }
        if let ("config", Value::Object(_)) = (key.as_str(), value) {
            config = Some(SampleConfig::Json(value.to_string()));
            continue;
        }
        let value = text(key, value)?;
        let file = || {
            let file = folder.join(value);
            std::fs::read(&file).with_context(|| format!("{key}: cannot read {}", file.display()))
        };
        match key.as_str() {
            "config" => config = Some(SampleConfig::File(folder.join(value))),
            "content_type" => {
                let kind = value.parse().with_context(|| format!("content_type: {value:?} is none"))?;
                message.headers.insert(CONTENT_TYPE, kind);
            }
            "method" => message.method = value.parse().with_context(|| format!("method: {value:?} is none"))?,
            "partner" => value.clone_into(&mut message.partner),
            "received" => message.received = Some(moment(value).context("received")?),
            "response" => message.response = Some((file()?, content_type_of(Path::new(value)))),
            _ => value.clone_into(&mut message.target),
        }
    }
    Ok(config)
}

fn text<'v>(key: &str, value: &'v Value) -> Result<&'v str> {
    value.as_str().with_context(|| format!("{key} is {value}, and would be a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sample_says_stands_before_what_holds_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert!(samples(folder.path()).unwrap_err().to_string().contains("there is no sample"));
        write("b.x.in.xml", "<b/>");
        write("a.in.json", "{}");
        write("a.expected.json", "{}");
        write("in.txt", "no sample");
        write("request.json", r#"{"partner":"shop-1","received":"1970-01-01T00:00:01Z","config":{"a":1}}"#);
        write("b.x.request.json", r#"{"partner":"shop-2","headers":{"x-till":"7"},"config":"c.json"}"#);
        let found = samples(folder.path()).unwrap();
        let names: Vec<_> = found.iter().map(|sample| (&*sample.name, &*sample.message.partner)).collect();
        assert_eq!(names, [("a", "shop-1"), ("b.x", "shop-2")]);
        assert_eq!(
            (found[1].message.received, &found[1].message.headers["x-till"]),
            (Some(1000), "7".parse().as_ref().unwrap())
        );
        assert_eq!(found[0].config, Some(SampleConfig::Json(r#"{"a":1}"#.into())));
        assert_eq!(found[1].config, Some(SampleConfig::File(folder.path().join("c.json"))));
        assert_eq!(found[1].message.headers[CONTENT_TYPE], "application/xml");
        write("a.request.json", r#"{"recieved":"now"}"#);
        let error = samples(folder.path()).unwrap_err().to_string();
        assert!(error.contains("a.request.json: \"recieved\" is no known key here, known: config"), "{error}");
    }
}
