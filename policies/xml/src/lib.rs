//! The stock policy `xml`: elements that the configuration describes, each a transaction.
//!
//! The keys are those of `docs/formats/described.md` and, of XML's own, of `docs/formats/xml.md`.

mod message;
mod step;
mod tree;

use described::{Defaults, Description, Format, Made, Wrong};
use tallygate_policy::config::Config;
use tallygate_policy::{About, ConfigFault, Decision, Message, Policy, Refusal, Reply, export};

use crate::step::Namespaces;
use crate::tree::Tree;

struct Xml {
    tree: Tree,
    description: Description,
}

impl Policy for Xml {
    const LOGS_PANICS: bool = false;

    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let namespaces = Namespaces::configure(&mut config)?;
        let records = config.required_string("records", "the path of the element that is a record, from the root")?;
        let mut tree = Tree::new(namespaces, &records)?;
        let defaults = Defaults { trim: true, of_iso_4217: true, ..Defaults::default() };
        let description = Description::read(&mut config, &mut tree, defaults)?;
        config.finish()?;
        Ok(Self { tree: tree.sealed(), description })
    }

    fn about(&self, about: About) -> About {
        let schema =
            described::schema("xml", include_str!("schema.json"), r#"{ "type": "string", "minLength": 1 }"#, false);
        About { config_schema: Some(schema), ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        described::handle(self, &message)
    }

    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        described::fault(self, &message, refusal)
    }
}

export!(Xml);

impl Format for Xml {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, message: &[u8], origins: bool) -> Result<Made, Wrong> {
        message::read(self, message, origins)
    }

    fn name(&self, cell: Option<usize>, place: &[u32]) -> String {
        self.tree.name(cell, place)
    }
}

#[cfg(test)]
mod tests;
