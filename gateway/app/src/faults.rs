//! The safeguards that a test build can switch off, to prove that the tests would notice.

use anyhow::{Result, bail};

use crate::config::Config;

/// The variable of the environment that names a fault.
const VARIABLE: &str = "TALLYGATE_FAULT";

/// The configuration as it is: this build has no faults to plant.
///
/// # Errors
/// When the environment names one all the same.
#[cfg(not(feature = "faults"))]
pub fn from_environment(config: Config) -> Result<Config> {
    if std::env::var_os(VARIABLE).is_some() {
        bail!("{VARIABLE} is set, but this build has no faults");
    }
    Ok(config)
}

/// The configuration with the safeguard switched off that the environment's `TALLYGATE_FAULT` names.
///
/// # Errors
/// When it names no fault.
#[cfg(feature = "faults")]
pub fn from_environment(config: Config) -> Result<Config> {
    match std::env::var(VARIABLE) {
        Ok(name) => named(&name, config),
        Err(_) => Ok(config),
    }
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

#[cfg(all(test, feature = "faults"))]
mod tests {
    use super::*;

    fn config() -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tallygate.toml");
        std::fs::write(&file, "").unwrap();
        Config::load(&file).unwrap()
    }

    #[test]
    fn the_fault_that_is_named_is_planted() {
        assert!(named("without-deduplication", config()).unwrap().aggregator.faults.without_deduplication);
        assert!(named("nonsense", config()).unwrap_err().to_string().contains("names no fault"));
    }
}
