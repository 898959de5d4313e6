//! Which cargo here builds for WebAssembly.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

const TARGET: &str = "wasm32-unknown-unknown";
/// Says which of them it is to be, by force.
const FORCED: &str = "TALLYGATE_WASM";
/// What an outer cargo may have set, and would pull another toolchain in.
const OUTER: [&str; 6] =
    ["RUSTC", "RUSTDOC", "CARGO", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"];

/// A cargo that builds for WebAssembly.
#[derive(Debug)]
pub(super) enum WasmCargo {
    /// A program that does all by itself.
    Program(PathBuf),
    /// One with the target's standard library; the name of rustup's toolchain where it is not the usual one.
    Target(Option<String>),
    /// Debian's, which builds the standard library from its packaged source, with this linker.
    Debian(PathBuf),
}

impl WasmCargo {
    /// The one that is named; else what is found here.
    ///
    /// # Errors
    /// When there is none; what to install is said.
    pub(super) fn find(named: Option<&Path>, folder: &Path) -> Result<Self> {
        if let Some(program) = named {
            return Ok(Self::Program(program.canonicalize().unwrap_or_else(|_| program.to_owned())));
        }
        let forced = std::env::var(FORCED).ok();
        if !matches!(forced.as_deref(), None | Some("" | "rustup" | "debian")) {
            bail!("{FORCED} is {:?}, and it would be rustup or debian", forced.unwrap_or_default());
        }
        let may_be = |way: &str| forced.as_deref().is_none_or(|forced| forced.is_empty() || forced == way);
        if may_be("rustup") {
            let usual = has_target(None, folder).then_some(Self::Target(None));
            let others = || toolchains().into_iter().find(|name| has_target(Some(name), folder));
            if let Some(found) = usual.or_else(|| others().map(|name| Self::Target(Some(name)))) {
                return Ok(found);
            }
        }
        if let (true, Some(linker)) = (may_be("debian"), debian_linker()) {
            return Ok(Self::Debian(linker));
        }
        bail!(
            "no Rust here builds for {TARGET}. Either of these would:\n  \
             rustup target add {TARGET}    # rustup is at https://rustup.rs\n  \
             apt-get install rustc-web cargo-web rust-web-src lld-22    # Debian's own, where rustup's server is out of reach\n\
             or name a program that takes cargo's arguments and builds for it: --wasm-cargo, TALLYGATE_WASM_CARGO"
        )
    }

    /// Cargo with this command of its.
    pub(super) fn command(&self, command: &str, folder: &Path) -> Command {
        let mut cargo = match self {
            Self::Program(program) => Command::new(program),
            Self::Target(_) => Command::new(program("cargo")),
            Self::Debian(_) => Command::new("/usr/bin/cargo"),
        };
        OUTER.iter().for_each(|name| {
            cargo.env_remove(name);
        });
        cargo.current_dir(folder).arg(command);
        match self {
            Self::Program(_) => {}
            Self::Target(toolchain) => {
                cargo.args(["--target", TARGET]);
                toolchain.iter().for_each(|name| {
                    cargo.env("RUSTUP_TOOLCHAIN", name);
                });
            }
            Self::Debian(linker) => {
                let path = std::env::var("PATH").unwrap_or_default();
                cargo
                    .args(["--target", TARGET, "-Zbuild-std=std,panic_abort"])
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                    // -Zbuild-std is an unstable flag; Debian's stable compiler takes it with this variable set.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("PATH", format!("/usr/bin:{path}"));
            }
        }
        cargo
    }
}

fn has_target(toolchain: Option<&str>, folder: &Path) -> bool {
    let mut rustc = Command::new(program("rustc"));
    rustc.current_dir(folder).args(["--print", "target-libdir", "--target", TARGET]);
    toolchain.iter().for_each(|name| {
        rustc.env("RUSTUP_TOOLCHAIN", name);
    });
    let libraries = said(rustc).unwrap_or_default();
    let mut files = std::fs::read_dir(libraries.trim()).into_iter().flatten().flatten();
    files.any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

/// Those that rustup has.
fn toolchains() -> Vec<String> {
    let mut rustup = Command::new(program("rustup"));
    rustup.args(["toolchain", "list"]);
    let listed = said(rustup).unwrap_or_default();
    listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// A linker that reads the objects of Debian's own Rust, where that is there with its source.
fn debian_linker() -> Option<PathBuf> {
    let mut rustc = Command::new("/usr/bin/rustc");
    rustc.env_remove("RUSTUP_TOOLCHAIN").args(["--print", "sysroot"]);
    let sysroot = PathBuf::from(said(rustc)?.trim());
    if !Path::new("/usr/bin/cargo").exists() || !sysroot.join("lib/rustlib/src/rust/library/std").is_dir() {
        return None;
    }
    let mut linkers = vec![PathBuf::from("/usr/bin/wasm-ld-22")];
    let mut rustc = Command::new(program("rustc"));
    rustc.args(["--print", "sysroot"]);
    let hosts = said(rustc).and_then(|other| std::fs::read_dir(Path::new(other.trim()).join("lib/rustlib")).ok());
    linkers.extend(hosts.into_iter().flatten().flatten().map(|host| host.path().join("bin/rust-lld")));
    linkers.push("/usr/bin/wasm-ld".into());
    linkers.into_iter().find(|linker| linker.exists())
}

/// What a program prints, if it runs and ends well.
fn said(mut command: Command) -> Option<String> {
    let output = command.stderr(std::process::Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A program of Rust's, where its folder is on the path or not.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(name).exists()) {
        return name.into();
    }
    let home = std::env::var_os("HOME").unwrap_or_default();
    let own = Path::new::<OsStr>(&home).join(".cargo/bin").join(name);
    if own.exists() { own } else { name.into() }
}
