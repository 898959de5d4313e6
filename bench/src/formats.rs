//! (a) The stock policies of formats, on real samples where there are some: each message once in turn, a fresh instance each. Floor:
//! native quick-xml, or for CSV a split of lines, that takes the same fields out of the same messages.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use quick_xml::Reader;
use quick_xml::events::Event;
use tallygate_host::{Message, Outcome, Policy};

use crate::aims::{self, Line};
use crate::measure::{Cost, here};
use crate::report::Report;
use crate::{documents, policy};

/// So many bytes of messages are read for a figure, whatever their sizes.
const BYTES: usize = 200_000_000;

/// A policy, the messages that it reads, and what native code takes out of them.
struct Format {
    line: &'static Line,
    policy: &'static str,
    config: &'static str,
    /// The folder of samples, and what the names of the files have in them.
    samples: (&'static str, &'static str),
    /// A message of our own, where there are no samples.
    own: fn() -> String,
    floor: fn(&str) -> usize,
}

const FORMATS: [Format; 7] = [
    Format {
        line: &aims::UBL,
        policy: "ubl-cii",
        config: "{}",
        samples: ("ubl-cii", "_ubl.xml"),
        own: documents::ubl,
        floor: |body| texts(body, is_of_ubl),
    },
    Format {
        line: &aims::CII,
        policy: "ubl-cii",
        config: "{}",
        samples: ("ubl-cii", "_uncefact.xml"),
        own: documents::cii,
        floor: |body| texts(body, is_of_cii),
    },
    Format {
        line: &aims::PAIN,
        policy: "iso20022",
        config: "{}",
        samples: ("iso20022/pain", ".xml"),
        own: documents::pain,
        floor: |body| texts(body, is_of_pain),
    },
    Format {
        line: &aims::CAMT,
        policy: "iso20022",
        config: "{}",
        samples: ("iso20022/camt", "camt053"),
        own: documents::camt,
        floor: |body| texts(body, is_of_camt),
    },
    Format {
        line: &aims::XML_PAIN,
        policy: "xml",
        config: documents::PAIN_BY_DESCRIPTION,
        samples: ("iso20022/pain", "pain.001.001.09"),
        own: documents::pain,
        floor: |body| texts(body, is_of_pain),
    },
    Format {
        line: &aims::XML_UBL,
        policy: "xml",
        config: documents::UBL_BY_DESCRIPTION,
        samples: ("ubl-cii", "_ubl.xml"),
        own: documents::ubl,
        floor: |body| texts(body, is_of_described_ubl),
    },
    Format {
        line: &aims::CSV,
        policy: "csv",
        config: documents::CSV_BY_DESCRIPTION,
        samples: ("csv", ".csv"),
        own: documents::csv,
        floor: columns,
    },
];

/// Measures each format; `empty` is what a call of any policy costs.
pub fn measure(report: &mut Report, empty: &Cost) -> Result<()> {
    FORMATS.iter().try_for_each(|format| format.measure(report, empty))
}

impl Format {
    fn measure(&self, report: &mut Report, empty: &Cost) -> Result<()> {
        let policy = Arc::new(policy::activate(self.policy, self.config)?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let messages = self.messages()?.into_iter().map(|body| policy::message(body.as_bytes()));
        let mut taken = Vec::new();
        for message in messages {
            if runtime.block_on(is_taken(&policy, &message))? {
                taken.push(message);
            }
        }
        ensure!(!taken.is_empty(), "{} takes none of its messages", self.policy);
        let bytes: usize = taken.iter().map(|message| message.body.len()).sum();
        let rounds = (BYTES / bytes).max(1);
        let units = (rounds * taken.len()) as u64;
        let all = || std::iter::repeat_n(&taken, rounds).flatten();
        let (cost, outcome) = here(units, || {
            runtime.block_on(async {
                for message in all() {
                    ensure!(is_taken(&policy, message).await?, "refused what it took before");
                }
                Ok(())
            })
        });
        outcome?;
        let (floor, found) = here(units, || {
            all()
                .map(|message| std::str::from_utf8(std::hint::black_box(&message.body)).map_or(0, self.floor))
                .sum::<usize>()
        });
        ensure!(found > 0, "native code finds nothing in the messages of {}", self.policy);
        println!("{}: {} messages of {} bytes on average", self.line.name, taken.len(), bytes / taken.len());
        report.figure_above(self.line, &cost, &floor, empty);
        Ok(())
    }

    /// Sample files in UTF-8, in the order of their names; our own message where there are none.
    fn messages(&self) -> Result<Vec<String>> {
        let (folder, part) = self.samples;
        let mut paths: Vec<PathBuf> = match std::fs::read_dir(samples().join(folder)) {
            Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?,
            Err(_) => Vec::new(),
        };
        paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(part)));
        paths.sort();
        if paths.is_empty() {
            return Ok(vec![(self.own)()]);
        }
        paths
            .iter()
            .map(|path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display())))
            .collect()
    }
}

/// Where `make samples` looks for them too.
fn samples() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    repository.join(std::env::var("SAMPLES").unwrap_or_else(|_| "../shared/samples".to_owned()))
}

async fn is_taken(policy: &Policy, message: &Message) -> Result<bool> {
    Ok(matches!(policy.handle(message, &[], None).await?.outcome, Outcome::Accept(_)))
}

/// Takes the texts of the elements that are wanted, by depth and local name, with the attributes of those that are amounts.
fn texts(body: &str, is_wanted: fn(usize, &str) -> bool) -> usize {
    let mut reader = Reader::from_str(body);
    let (mut depth, mut wanted, mut found) = (0, false, Vec::with_capacity(32));
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                depth += 1;
                let name = start.local_name();
                wanted = is_wanted(depth, name.as_ref());
                if wanted {
                    found.extend(start.attributes().flatten().map(|attribute| attribute.value.into_owned()));
                }
            }
            Ok(Event::Text(text)) if wanted => found.push(text.into_inner().into_owned()),
            Ok(Event::End(_)) => {
                depth -= 1;
                wanted = false;
            }
            Ok(Event::Eof) | Err(_) => return found.len(),
            Ok(_) => {}
        }
    }
}

fn is_of_ubl(depth: usize, name: &str) -> bool {
    match depth {
        2 => matches!(
            name,
            "CustomizationID"
                | "ID"
                | "IssueDate"
                | "InvoiceTypeCode"
                | "CreditNoteTypeCode"
                | "DocumentCurrencyCode"
                | "TaxCurrencyCode"
        ),
        3 => matches!(
            name,
            "LineExtensionAmount"
                | "TaxExclusiveAmount"
                | "TaxInclusiveAmount"
                | "AllowanceTotalAmount"
                | "ChargeTotalAmount"
                | "PrepaidAmount"
                | "PayableRoundingAmount"
                | "PayableAmount"
                | "TaxAmount"
                | "Amount"
                | "ChargeIndicator"
        ),
        4 => matches!(name, "EndpointID" | "TaxAmount"),
        5 => name == "CompanyID",
        _ => false,
    }
}

fn is_of_described_ubl(depth: usize, name: &str) -> bool {
    matches!((depth, name), (2, "ID" | "IssueDate") | (3, "TaxInclusiveAmount") | (4, "EndpointID") | (5, "CompanyID"))
}

fn is_of_cii(depth: usize, name: &str) -> bool {
    match depth {
        3 => matches!(name, "ID" | "TypeCode"),
        4 => matches!(name, "ID" | "DateTimeString" | "InvoiceCurrencyCode" | "TaxCurrencyCode"),
        5 => matches!(
            name,
            "LineTotalAmount"
                | "AllowanceTotalAmount"
                | "ChargeTotalAmount"
                | "TaxBasisTotalAmount"
                | "TaxTotalAmount"
                | "GrandTotalAmount"
                | "TotalPrepaidAmount"
                | "RoundingAmount"
                | "DuePayableAmount"
                | "CalculatedAmount"
                | "ActualAmount"
                | "AppliedAmount"
                | "LineStatusReasonCode"
        ),
        6 => matches!(name, "LineTotalAmount" | "URIID" | "ID" | "Indicator"),
        _ => false,
    }
}

fn is_of_pain(depth: usize, name: &str) -> bool {
    match depth {
        4 => matches!(name, "MsgId" | "NbOfTxs" | "CtrlSum" | "PmtInfId" | "ReqdExctnDt" | "ReqdColltnDt"),
        5 => matches!(name, "Dt" | "DtTm" | "InstdAmt"),
        6 => matches!(name, "IBAN" | "EndToEndId" | "InstdAmt"),
        7 => name == "Id",
        _ => false,
    }
}

fn is_of_camt(depth: usize, name: &str) -> bool {
    match depth {
        4 => name == "Id",
        5 => matches!(name, "Amt" | "CdtDbtInd" | "Sts" | "NtryRef" | "AcctSvcrRef"),
        6 => matches!(name, "IBAN" | "Dt" | "DtTm" | "Cd"),
        _ => false,
    }
}

/// Takes all values of all rows.
fn columns(body: &str) -> usize {
    let found: Vec<String> = body.lines().skip(1).flat_map(|line| line.split(';')).map(str::to_owned).collect();
    found.len()
}
