//! The arguments of what an author does with a policy before any gateway has it.

use std::path::PathBuf;

use clap::Args;

/// Messages through one policy, as a gateway would take them.
#[derive(Debug, Args)]
#[command(after_help = "\
Prints {\"outcome\":…} with accept, answer, forward or reject, and what belongs to it: the transactions, the message as the \
upstream gets it, the refusal, the reply or the response as the partner gets it, and what of its limits the policy used. What \
the policy logs, and what it says when it panics, goes to standard error. The first message of a run is cold, and takes several \
times what the next ones take: name the input twice to see a warm one.

No request.json is read beside a sample: --partner, --received, --config and the others say here what it says to `policy test`. \
Of a folder, NAME.expected.json, NAME.request.json and request.json are left out, and where they are, all but NAME.in.EXT.

Exit status: 0 where every message was accepted, answered or forwarded; 1 where one was refused or failed. With --expect: 0 \
where what it says came, and 1 where not.")]
pub(crate) struct PolicyRunArguments {
    /// The component, or a core module built for the policy world.
    pub(crate) component: PathBuf,
    /// A file with a message's body; `-`: standard input; a folder: all its files, by name, or the messages among samples.
    /// Repeat it for more.
    #[arg(long, required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// Its content type; without it, what the file's name says.
    #[arg(long)]
    pub(crate) content_type: Option<String>,
    /// A header field, such as 'x-till: 7'. Repeat it for more.
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// The method.
    #[arg(long, default_value = "POST")]
    pub(crate) method: http::Method,
    /// Path and query.
    #[arg(long, default_value = "/")]
    pub(crate) target: String,
    /// The partner who sends it.
    #[arg(long, default_value = "test-partner")]
    pub(crate) partner: String,
    /// When it arrives, RFC 3339. Without it: now, and days outside the horizon are told rather than refused, unless a
    /// tallygate.toml says what the horizon is.
    #[arg(long)]
    pub(crate) received: Option<String>,
    /// What the upstream answers where the policy forwards: a response of HTTP, from its `HTTP/1.1 200 OK` on, or a body for a
    /// 200; without it, an empty 200.
    #[arg(long, value_name = "FILE")]
    pub(crate) response: Option<PathBuf>,
    /// The policy's configuration, JSON, or TOML where the name ends so; or a gateway's that has a policy of the component's
    /// file name. Without it: an empty configuration, throw-away keys.
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// What is expected: accept, answer, forward, reject, reject:CODE, or a file of JSON as this prints it, of which only what
    /// stands there is compared; the `request` of a problem document, another one each time, is not.
    #[arg(long)]
    pub(crate) expect: Option<String>,
    /// Prints JSON, a line for each input.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A new policy.
#[derive(Debug, Args)]
pub(crate) struct PolicyNewArguments {
    /// Its name: small letters, digits and single hyphens.
    pub(crate) name: String,
    /// The folder to make; the policy's name when absent.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// The folder of the crate tallygate-policy; without it, that of the checkout this program was built in, where it is
    /// still there, else the crate registry's.
    #[arg(long, env = "TALLYGATE_SDK")]
    pub(crate) sdk: Option<PathBuf>,
}

/// How a policy's crate is built.
#[derive(Debug, Args)]
pub(crate) struct PolicyBuildArguments {
    /// The crate's folder.
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Builds quickly rather than well, and makes NAME.debug.wasm.
    #[arg(long)]
    pub(crate) debug: bool,
    /// A program that takes cargo's arguments and builds for wasm32-unknown-unknown, such as a checkout's setup/wasm-cargo;
    /// without it, whichever toolchain here can.
    #[arg(long, env = "TALLYGATE_WASM_CARGO")]
    pub(crate) wasm_cargo: Option<PathBuf>,
}

/// A policy's samples.
#[derive(Debug, Args)]
#[command(after_help = "\
A sample is samples/NAME.in.EXT, the message's body. Beside it stand NAME.expected.json, what `policy run` would print, of \
which what stands there is compared, and, where it needs one, NAME.request.json with any of method, target, headers, \
content_type, partner, received, config (an object, or a file as `policy run --config` takes it) and response (a file). samples/request.json holds for all.")]
pub(crate) struct PolicyTestArguments {
    /// How the crate is built.
    #[command(flatten)]
    pub(crate) build: PolicyBuildArguments,
    /// A component to test in place of the crate's own, which is then not built.
    #[arg(long)]
    pub(crate) component: Option<PathBuf>,
    /// Only the samples whose names contain this.
    pub(crate) filter: Option<String>,
    /// Writes down as expected what comes; what two runs differ in, such as a signature, is left out.
    #[arg(long, visible_alias = "update")]
    pub(crate) bless: bool,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
