//! `tallygate policy new`: the crate that a policy begins with.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::PolicyNewArguments;
use crate::authoring::{Sdk, scaffold};
use crate::out::say;

pub(crate) fn new(arguments: &PolicyNewArguments) -> Result<ExitCode> {
    let PolicyNewArguments { name, dir, sdk } = arguments;
    let folder = dir.clone().unwrap_or_else(|| PathBuf::from(name));
    let sdk = Sdk::find(sdk.as_deref())?;
    scaffold(name, &folder, &sdk)?;
    let made = folder.display();
    let from = match &sdk {
        Sdk::Folder(folder) => folder.display().to_string(),
        Sdk::Registry => "the crate registry; --sdk names a folder instead".to_owned(),
    };
    say(format_args!(
        "\
made {made}: src/lib.rs is the policy, samples/ what it is tested with

  cd {made}
  tallygate policy test       # builds it and runs its samples
  tallygate policy build      # makes {name}.wasm
  tallygate policy run {name}.wasm --input samples/two-payments.in.csv
  tallygate policy push {name} {name}.wasm --activate -c ../gateway/tallygate.toml     # or TALLYGATE_CONFIG: your gateway's file

the SDK, tallygate-policy, is from {from}; its pages: cargo doc --no-deps --open -p tallygate-policy"
    ))?;
    Ok(ExitCode::SUCCESS)
}
