//! The stock policy `json`: one transaction, an array of them, one a line, or records anywhere in a document.
//!
//! Without a configuration each field is where its own name says; `docs/formats/json.md` has what can be said otherwise, by
//! the keys of `docs/formats/described.md`.

mod message;
mod names;
mod scanner;
mod tree;

use described::{Defaults, Description, Format, Made, Wrong};
use tallygate_policy::config::Config;
use tallygate_policy::{About, ConfigFault, Decision, Message, Policy, Refusal, Reply, export};

use crate::tree::Tree;

struct Json {
    tree: Tree,
    description: Description,
}

impl Policy for Json {
    const LOGS_PANICS: bool = false;

    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let mut tree = Tree::new(config.string("records")?.as_deref())?;
        let defaults = Defaults { own_names: true, as_they_are: true, open_attributes: true, ..Defaults::default() };
        let description = Description::read(&mut config, &mut tree, defaults)?;
        config.finish()?;
        Ok(Self { tree, description })
    }

    fn about(&self, about: About) -> About {
        let path = r#"{ "type": "string", "pattern": "^(\\.\\./)*(\\.\\.)?(/([^/~]|~[01])*)*$" }"#;
        let schema = described::schema("json", include_str!("schema.json"), path, true);
        About { config_schema: Some(schema), ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        described::handle(self, &message)
    }

    /// What the gateway refuses of a transaction is told by its place in the partner's body, as what is refused here is.
    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        described::fault(self, &message, refusal)
    }
}

export!(Json);

impl Format for Json {
    fn description(&self) -> &Description {
        &self.description
    }

    fn read(&self, message: &[u8], origins: bool) -> Result<Made, Wrong> {
        message::read(self, message, origins).map_err(|mut wrong| {
            // Programs match on the one code that this policy has had for whatever is wrong with a field.
            if let Wrong::Record { code, .. } = &mut wrong
                && *code != "wrong-total"
            {
                *code = "wrong-field";
            }
            wrong
        })
    }

    fn name(&self, cell: Option<usize>, place: &[u32]) -> String {
        self.tree.name(cell, place)
    }
}

#[cfg(test)]
mod tests;
