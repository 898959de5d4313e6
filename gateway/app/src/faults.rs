//! The safeguards that a test build can switch off, to prove that the tests would notice.

/// What is switched off. Outside a test build, nothing ever is.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Fault {
    /// The gateway replies before the queue has confirmed.
    pub reply_before_confirm: bool,
    /// Every sight of an identity counts.
    pub without_deduplication: bool,
    /// The store takes any write, in any order.
    pub without_fence: bool,
    /// The shipper acknowledges before the log has the records.
    pub acknowledge_before_append: bool,
}

impl Fault {
    /// What the environment's `TALLYGATE_FAULT` names, in a build with the feature `faults`.
    ///
    /// # Errors
    /// When it names no fault, or the build has none.
    pub fn from_environment() -> anyhow::Result<Self> {
        let Ok(name) = std::env::var("TALLYGATE_FAULT") else { return Ok(Self::default()) };
        if !cfg!(feature = "faults") {
            anyhow::bail!("TALLYGATE_FAULT is set, but this build has no faults");
        }
        let mut fault = Self::default();
        let switch = match &*name {
            "reply-before-confirm" => &mut fault.reply_before_confirm,
            "without-deduplication" => &mut fault.without_deduplication,
            "without-fence" => &mut fault.without_fence,
            "acknowledge-before-append" => &mut fault.acknowledge_before_append,
            _ => anyhow::bail!("TALLYGATE_FAULT={name} names no fault"),
        };
        *switch = true;
        tracing::warn!(fault = name, "a safeguard is switched off");
        Ok(fault)
    }
}
