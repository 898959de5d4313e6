//! The stock policy `csv`: rows that the configuration describes, each a transaction.
//!
//! The keys are those of `docs/formats/described.md` and, of CSV's own, of `docs/formats/csv.md`.

mod columns;
mod kinds;
mod message;
mod reader;

use described::{Defaults, Description, Format, Made, Wrong};
use tallygate_policy::config::Config;
use tallygate_policy::encoding::Encoding;
use tallygate_policy::{About, ConfigFault, Decision, Message, Policy, Refusal, Reply, export};

use crate::columns::Columns;
use crate::kinds::Kinds;
use crate::reader::Writing;

struct Csv {
    encoding: Encoding,
    writing: Writing,
    skip: Skip,
    columns: Columns,
    /// None: all rows are records.
    kinds: Option<Kinds>,
    description: Description,
}

/// What stands before the header, or before the first record.
enum Skip {
    Lines(u64),
    /// All before the line whose first value is this.
    To(String),
}

impl Policy for Csv {
    const LOGS_PANICS: bool = false;

    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let encoding = match config.string("encoding")? {
            None => Encoding::UTF_8,
            Some(name) => Encoding::named(&name).ok_or_else(|| {
                let taken = Encoding::TAKEN;
                ConfigFault::at("/encoding", format!("`{name}` is no encoding that is known; taken are {taken}"))
            })?,
        };
        let writing = Writing::configure(&mut config)?;
        let lines = config.number("skip_lines")?;
        let skip = match config.string("skip_to")? {
            None => Skip::Lines(lines.unwrap_or_default()),
            Some(_) if lines.is_some() => {
                return Err(ConfigFault::at("/skip_to", "`skip_lines` is there too; one of the two would be right"));
            }
            Some(first) => Skip::To(first),
        };
        let mut columns = Columns::new(config.boolean("header")?.unwrap_or(true));
        let kinds = Kinds::configure(&mut config, &mut columns)?;
        let defaults = Defaults { trim: true, of_iso_4217: true, ..Defaults::default() };
        let description = Description::read(&mut config, &mut columns, defaults)?;
        config.finish()?;
        Ok(Self { encoding, writing, skip, columns, kinds, description })
    }

    fn about(&self, about: About) -> About {
        const PATH: &str = r#"{ "type": ["string", "integer", "object"], "minimum": 1,
            "additionalProperties": false, "properties": { "head": { "type": "integer" }, "trailer": { "type": "integer" } } }"#;
        About { config_schema: Some(described::schema("csv", include_str!("schema.json"), PATH, false)), ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        described::handle(self, &message)
    }

    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        described::fault(self, &message, refusal)
    }
}

export!(Csv);

impl Format for Csv {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, message: &[u8], origins: bool) -> Result<Made, Wrong> {
        message::read(self, message, origins)
    }

    fn name(&self, cell: Option<usize>, place: &[u32]) -> String {
        let line = place.first().map(|line| format!("line {line}")).unwrap_or_default();
        match cell {
            None => line,
            Some(cell) => self.columns.name(cell, &line),
        }
    }
}

#[cfg(test)]
mod tests;
