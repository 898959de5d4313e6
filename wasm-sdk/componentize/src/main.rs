//! `tallygate-componentize MODULE.wasm COMPONENT.wasm`: makes a component of a core module.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, component] = arguments.as_slice() else {
        eprintln!("usage: tallygate-componentize MODULE.wasm COMPONENT.wasm");
        return ExitCode::from(2);
    };
    match run(module, component) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tallygate-componentize: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes beside the target and moves it there, so that nobody who waits for the file finds half of it.
fn run(module: &str, component: &str) -> Result<(), String> {
    let bytes = std::fs::read(module).map_err(|error| format!("{module}: {error}"))?;
    let made = tallygate_componentize::componentize(&bytes).map_err(|error| format!("{module}: {error}"))?;
    let beside = format!("{component}.new");
    std::fs::write(&beside, made)
        .and_then(|()| std::fs::rename(&beside, component))
        .map_err(|error| format!("{component}: {error}"))
}
