//! What running processes tell readers beside the sums: whether a log partition or a role stands, what a shipper holds.

use serde::{Deserialize, Serialize};

/// A name with what was last told under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whose it is: a log partition's, a shipper's, or that of a role of a process.
    pub name: String,
    /// JSON.
    pub text: String,
    /// When it was told, Unix milliseconds of who told it.
    pub at: i64,
}

/// How a log partition's sums are, as its owner tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionNotice {
    /// The log partition number.
    pub partition: u32,
    /// Why nothing more of it is folded.
    pub stands: Option<String>,
    /// Whether its rows in the store are being written again.
    pub repairing: bool,
    /// Rows that were written again of late.
    pub repaired: u64,
    /// Rows that the store does not show though they were written again, or shows with other figures; at most a few.
    pub wrong: Vec<String>,
    /// What will go wrong if nothing is done, such as a lag that nears the end of the log.
    pub warning: Option<String>,
}

/// What a shipper holds between the queue and the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipperNotice {
    /// Messages that it leased and did not give back or acknowledge.
    pub held: u64,
    /// What keeps it from shipping some of them, or all; at most a few.
    pub troubles: Vec<String>,
}

/// Whether a role of a process works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleNotice {
    /// The role, by the name that it is configured with.
    pub role: String,
    /// Why it does not work, and is tried again by itself.
    pub stands: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WirePartition {
    partition: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stands: Option<String>,
    #[serde(default)]
    repairing: bool,
    #[serde(default)]
    repaired: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    wrong: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WireShipper {
    held: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    troubles: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct WireRole {
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stands: Option<String>,
}

const PARTITION: &str = "partition/";
const SHIPPER: &str = "shipper/";
const ROLE: &str = "role/";

impl Notice {
    /// The partition's notice, where it is one.
    pub fn partition(&self) -> Option<PartitionNotice> {
        self.name.strip_prefix(PARTITION)?;
        let WirePartition { partition, stands, repairing, repaired, wrong, warning } =
            serde_json::from_str(&self.text).ok()?;
        Some(PartitionNotice { partition, stands, repairing, repaired, wrong, warning })
    }

    /// The shipper's notice, where it is one.
    pub fn shipper(&self) -> Option<ShipperNotice> {
        self.name.strip_prefix(SHIPPER)?;
        let WireShipper { held, troubles } = serde_json::from_str(&self.text).ok()?;
        Some(ShipperNotice { held, troubles })
    }

    /// The role's notice, where it is one.
    pub fn role(&self) -> Option<RoleNotice> {
        self.name.strip_prefix(ROLE)?;
        let WireRole { role, stands } = serde_json::from_str(&self.text).ok()?;
        Some(RoleNotice { role, stands })
    }
}

impl PartitionNotice {
    /// The notice of this partition, told at this time.
    pub fn notice(&self, at: i64) -> Notice {
        let Self { partition, stands, repairing, repaired, wrong, warning } = self.clone();
        let wire = WirePartition { partition, stands, repairing, repaired, wrong, warning };
        let text = serde_json::to_string(&wire).unwrap_or_default();
        Notice { name: format!("{PARTITION}{}", self.partition), text, at }
    }

    /// What a reader of the sums must know, as sentences.
    pub fn warnings(&self) -> Vec<String> {
        let partition = self.partition;
        let stands = self
            .stands
            .as_ref()
            .map(|why| format!("log partition {partition} stands, its sums are not up to date: {why}"));
        let repairing = self
            .repairing
            .then(|| format!("log partition {partition}: rows that the store lost are being written again"));
        let repaired = (self.repaired > 0 && !self.repairing).then(|| {
            format!(
                "log partition {partition}: {} rows that the store lacked were written again of late",
                self.repaired
            )
        });
        let wrong = (!self.wrong.is_empty()).then(|| {
            format!(
                "log partition {partition}: the store does not show what was written again, as after a delete or an update \
                 by hand: {}",
                self.wrong.join("; ")
            )
        });
        let warning = self.warning.as_ref().map(|warning| format!("log partition {partition}: {warning}"));
        [stands, repairing, repaired, wrong, warning].into_iter().flatten().collect()
    }
}

impl ShipperNotice {
    /// The notice of this shipper, told at this time.
    pub fn notice(&self, shipper: &str, at: i64) -> Notice {
        let Self { held, troubles } = self.clone();
        let text = serde_json::to_string(&WireShipper { held, troubles }).unwrap_or_default();
        Notice { name: format!("{SHIPPER}{shipper}"), text, at }
    }

    /// What a reader must know, as sentences.
    pub fn warnings(&self) -> Vec<String> {
        self.troubles.iter().map(|trouble| format!("a shipper: {trouble}")).collect()
    }
}

impl RoleNotice {
    /// The notice of this role of a process, told at this time.
    pub fn notice(&self, process: &str, at: i64) -> Notice {
        let Self { role, stands } = self.clone();
        let text = serde_json::to_string(&WireRole { role, stands }).unwrap_or_default();
        Notice { name: format!("{ROLE}{}/{process}", self.role), text, at }
    }

    /// What a reader must know, as a sentence.
    pub fn warning(&self) -> Option<String> {
        let why = self.stands.as_ref()?;
        Some(format!("the {} stands, and tries again by itself: {why}", self.role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_have_this_form_and_read_back() {
        let stands = PartitionNotice { partition: 3, stands: Some("why".into()), ..PartitionNotice::default() };
        let notice = stands.notice(5);
        assert_eq!(
            (&*notice.name, &*notice.text),
            ("partition/3", r#"{"partition":3,"stands":"why","repairing":false,"repaired":0}"#)
        );
        assert_eq!((notice.partition(), notice.shipper()), (Some(stands), None));
        let held = ShipperNotice { held: 7, troubles: Vec::new() };
        assert_eq!(held.notice("a", 5).text, r#"{"held":7}"#);
        assert_eq!(held.notice("a", 5).shipper(), Some(held));
        let troubled = ShipperNotice { held: 7, troubles: vec!["why".into()] };
        assert_eq!(troubled.notice("a", 5).text, r#"{"held":7,"troubles":["why"]}"#);
        assert_eq!(troubled.notice("a", 5).shipper(), Some(troubled));
        let stands = RoleNotice { role: "shipper".into(), stands: Some("why".into()) };
        let notice = stands.notice("a", 5);
        assert_eq!((&*notice.name, &*notice.text), ("role/shipper/a", r#"{"role":"shipper","stands":"why"}"#));
        assert_eq!((notice.partition(), notice.shipper(), notice.role()), (None, None, Some(stands)));
        let works = RoleNotice { role: "shipper".into(), stands: None };
        assert_eq!(works.notice("a", 5).text, r#"{"role":"shipper"}"#);
        assert_eq!((works.notice("a", 5).role(), works.warning()), (Some(works), None));
    }
}
