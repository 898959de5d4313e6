//! What the operator says: which kinds count, what is compared, how it is replied.

use tallygate_policy::ConfigFault;
use tallygate_policy::config::Config;
use tallygate_policy::currency::Currencies;

use crate::mapping::{KINDS, Kind};

/// The configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// For each of [`KINDS`], whether its transactions count.
    counting: [bool; KINDS.len()],
    pub(crate) compared: Compared,
    pub(crate) reply: ReplyForm,
    pub(crate) currencies: Currencies,
}

/// Which statements of a message about itself are compared with what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Compared {
    /// `NbOfTxs`.
    pub(crate) counts: bool,
    /// `CtrlSum`.
    pub(crate) sums: bool,
    /// `TtlIntrBkSttlmAmt` and `TtlRtrdIntrBkSttlmAmt`.
    pub(crate) settlements: bool,
    /// `TxsSummry`.
    pub(crate) summaries: bool,
    /// `Bal`.
    pub(crate) balances: bool,
}

/// What a partner gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyForm {
    /// JSON with the number of transactions; of a refusal, a problem document.
    Receipt,
    /// A status report: pain.002 to a pain, pacs.002 to a pacs, and a receipt to a camt, which has none.
    StatusReport,
}

impl Settings {
    pub(crate) fn read(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let counting = match config.strings("kinds")? {
            None => KINDS.each_ref().map(|kind| kind.counts),
            Some(names) => counting(&names)?,
        };
        let compared = Compared::without(&config.strings("unchecked")?.unwrap_or_default())?;
        let reply = match config.string("reply")?.as_deref() {
            None | Some("receipt") => ReplyForm::Receipt,
            Some("pain.002") => ReplyForm::StatusReport,
            Some(other) => {
                let detail = format!("it is `{other}`, and would be receipt or pain.002");
                return Err(ConfigFault::at("/reply", detail));
            }
        };
        let currencies = Currencies::configure(&mut config)?;
        config.finish()?;
        Ok(Self { counting, compared, reply, currencies })
    }

    pub(crate) fn counts(&self, kind: &Kind) -> bool {
        KINDS.iter().zip(self.counting).any(|(known, counts)| counts && known.name == kind.name)
    }
}

fn counting(names: &[String]) -> Result<[bool; KINDS.len()], ConfigFault> {
    let mut counting = [false; KINDS.len()];
    for (index, name) in names.iter().enumerate() {
        let Some(place) = KINDS.iter().position(|kind| kind.name == name) else {
            let kinds = KINDS.each_ref().map(|kind| kind.name).join(", ");
            let detail = format!("`{name}` is no kind that is read, which are {kinds}");
            return Err(ConfigFault::at(format!("/kinds/{index}"), detail));
        };
        counting[place] = true;
    }
    Ok(counting)
}

impl Compared {
    /// All but these.
    fn without(names: &[String]) -> Result<Self, ConfigFault> {
        let mut compared = Self { counts: true, sums: true, settlements: true, summaries: true, balances: true };
        for (index, name) in names.iter().enumerate() {
            match name.as_str() {
                "NbOfTxs" => compared.counts = false,
                "CtrlSum" => compared.sums = false,
                "TtlIntrBkSttlmAmt" => compared.settlements = false,
                "TxsSummry" => compared.summaries = false,
                "Bal" => compared.balances = false,
                _ => {
                    let detail = format!(
                        "`{name}` is nothing that is compared, which are NbOfTxs, CtrlSum, TtlIntrBkSttlmAmt, TxsSummry and Bal"
                    );
                    return Err(ConfigFault::at(format!("/unchecked/{index}"), detail));
                }
            }
        }
        Ok(compared)
    }
}
