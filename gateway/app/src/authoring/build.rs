//! A policy's crate, built and made a component.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use super::toolchain::WasmCargo;
use crate::arguments::PolicyBuildArguments;
use crate::trial::component_of;

/// What the name of a component has that is not for a gateway.
pub(crate) const DEBUG_ENDING: &str = ".debug";

/// What was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// The component, in the crate's folder and named as the crate.
    pub(crate) component: PathBuf,
    /// Its size.
    pub(crate) bytes: usize,
}

/// Builds the crate in a folder.
///
/// # Errors
/// When there is none, nothing here builds it, it does not build, or what comes out is no policy.
pub(crate) fn build(arguments: &PolicyBuildArguments) -> Result<Built> {
    let folder = &arguments.dir;
    let name = package_name(&folder.join("Cargo.toml"))?;
    let module = core_module(arguments, &name)?;
    let bytes = std::fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    let component = component_of(bytes).with_context(|| module.display().to_string())?;
    // What was built to be quick to build is not pushed by mistake.
    let ending = if arguments.debug { DEBUG_ENDING } else { "" };
    let file = folder.join(format!("{name}{ending}.wasm"));
    // One that is the same stays as it is, with its time.
    if std::fs::read(&file).ok().as_deref() != Some(&component) {
        std::fs::write(&file, &component).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(Built { component: file, bytes: component.len() })
}

/// Runs cargo, which shows its progress and errors itself, and finds what it made.
fn core_module(arguments: &PolicyBuildArguments, name: &str) -> Result<PathBuf> {
    let cargo = WasmCargo::find(arguments.wasm_cargo.as_deref(), &arguments.dir)?;
    let mut command = cargo.command("build", &arguments.dir);
    command.args(["--lib", "--package", name, "--message-format", "json-render-diagnostics"]);
    if !arguments.debug {
        command.arg("--release");
    }
    let program = command.get_program().to_owned();
    let mut cargo =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {}", program.display()))?;
    let mut module = None;
    for line in BufReader::new(cargo.stdout.take().context("cargo has no output")?).lines() {
        module = made(&line?, name).or(module);
    }
    if !cargo.wait()?.success() {
        bail!("{} does not build; cargo says why above", arguments.dir.display());
    }
    module.ok_or_else(|| {
        let manifest = arguments.dir.join("Cargo.toml");
        anyhow!("{}: no core module was made: its [lib] needs crate-type = [\"cdylib\", \"rlib\"]", manifest.display())
    })
}

/// The core module that a line of cargo's says it made of this package.
fn made(line: &str, package: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let same = |name: &str| name.replace('-', "_") == package.replace('-', "_");
    if message["reason"] != "compiler-artifact" || !same(message["target"]["name"].as_str()?) {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

fn package_name(manifest: &Path) -> Result<String> {
    let text = std::fs::read_to_string(manifest).with_context(|| {
        format!("cannot read {}; `tallygate policy new NAME` makes a crate, --dir names one", manifest.display())
    })?;
    let parsed: toml::Table = text.parse().with_context(|| manifest.display().to_string())?;
    let name = parsed.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    Ok(name.with_context(|| format!("{} has no package.name", manifest.display()))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_among_what_cargo_made() {
        let line = |name: &str, file: &str| {
            serde_json::json!({ "reason": "compiler-artifact", "target": { "name": name }, "filenames": [file, "/t/x.d"] })
                .to_string()
        };
        assert_eq!(made(&line("a_b", "/t/a_b.wasm"), "a-b"), Some("/t/a_b.wasm".into()));
        assert_eq!(made(&line("other", "/t/other.wasm"), "a-b"), None);
        assert_eq!(made(&line("a_b", "/t/liba_b.rlib"), "a-b"), None);
        assert_eq!(made("   Compiling a-b", "a-b"), None);
    }
}
