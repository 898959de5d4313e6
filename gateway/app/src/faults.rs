//! The safeguards that a test build can switch off, to prove that the tests would notice.

use anyhow::{Result, bail};

use crate::config::Config;

/// The variable of the environment that names a fault.
const VARIABLE: &str = "TALLYGATE_FAULT";

/// The configuration with the safeguard switched off that the environment's `TALLYGATE_FAULT` names, in a build with the
/// feature `faults`.
///
/// # Errors
/// When it names no fault, or the build has none.
pub fn from_environment(config: Config) -> Result<Config> {
    match std::env::var(VARIABLE) {
        Ok(name) => named(&name, config),
        Err(_) => Ok(config),
    }
}

#[cfg(not(feature = "faults"))]
fn named(_name: &str, _config: Config) -> Result<Config> {
    bail!("{VARIABLE} is set, but this build has no faults")
}

#[cfg(feature = "faults")]
fn named(name: &str, mut config: Config) -> Result<Config> {
    let Some(fault) = Fault::ALL.into_iter().find(|fault| fault.as_str() == name) else {
        bail!("{VARIABLE}={name} names no fault, such as without-fence")
    };
    fault.plant(&mut config);
    tracing::warn!(fault = name, "a safeguard is switched off");
    Ok(config)
}

/// A safeguard that is switched off.
#[cfg(feature = "faults")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The gateway replies before the queue has confirmed.
    ReplyBeforeConfirm,
    /// Every sight of an identity counts.
    WithoutDeduplication,
    /// The store takes any write, in any order.
    WithoutFence,
    /// The shipper acknowledges before the log has the records.
    AcknowledgeBeforeAppend,
}

#[cfg(feature = "faults")]
impl Fault {
    const ALL: [Self; 4] =
        [Self::ReplyBeforeConfirm, Self::WithoutDeduplication, Self::WithoutFence, Self::AcknowledgeBeforeAppend];

    fn as_str(self) -> &'static str {
        match self {
            Self::ReplyBeforeConfirm => "reply-before-confirm",
            Self::WithoutDeduplication => "without-deduplication",
            Self::WithoutFence => "without-fence",
            Self::AcknowledgeBeforeAppend => "acknowledge-before-append",
        }
    }

    /// Switches the safeguard off in the options of who has it.
    pub fn plant(self, config: &mut Config) {
        use crate::config::SumsOptions::{Cassandra, Embedded};
        match self {
            Self::ReplyBeforeConfirm => config.front.reply_before_confirm = true,
            Self::WithoutDeduplication => config.aggregator.faults.without_deduplication = true,
            Self::AcknowledgeBeforeAppend => config.shipper.acknowledge_before_append = true,
            Self::WithoutFence => match &mut config.sums {
                Embedded(options) => options.without_fence = true,
                Cassandra(options) => options.without_fence = true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tallygate.toml");
        std::fs::write(&file, "").unwrap();
        Config::load(&file).unwrap()
    }

    #[test]
    #[cfg(not(feature = "faults"))]
    fn a_build_without_faults_refuses_to_run_with_one() {
        assert!(named("without-fence", config()).unwrap_err().to_string().contains("this build has no faults"));
    }

    #[test]
    #[cfg(feature = "faults")]
    fn a_fault_switches_off_what_it_names() {
        assert!(named("without-deduplication", config()).unwrap().aggregator.faults.without_deduplication);
        assert!(named("nonsense", config()).unwrap_err().to_string().contains("names no fault"));
    }
}
