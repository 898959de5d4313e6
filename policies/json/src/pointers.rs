//! Where in a transaction's object its fields are: JSON Pointers, made into the tree that the reader walks along.

use tallygate_policy::config::Config;
use tallygate_policy::{ConfigFault, scan};

use crate::fields::Field;

/// How many steps a pointer may have.
const DEPTH: usize = 16;

/// A place in the object: a field, or the way to some.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) field: Option<Field>,
    children: Vec<(String, Node)>,
}

impl Node {
    /// The place one step further on, if a field is there or behind it.
    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|(key, _)| scan::same(key.as_bytes(), name.as_bytes())).map(|(_, node)| node)
    }

    /// Where a field is, as the JSON Pointer it was configured with.
    pub(crate) fn pointer(&self, field: Field) -> Option<String> {
        if self.field == Some(field) {
            return Some(String::new());
        }
        self.children.iter().find_map(|(name, child)| {
            let further = child.pointer(field)?;
            Some(format!("/{}{further}", name.replace('~', "~0").replace('/', "~1")))
        })
    }

    fn insert(&mut self, steps: &[String], field: Field) -> Result<(), Field> {
        if let Some(there) = self.field {
            return Err(there);
        }
        let Some((step, further)) = steps.split_first() else {
            if let Some(there) = self.first() {
                return Err(there);
            }
            self.field = Some(field);
            return Ok(());
        };
        let place = match self.children.iter().position(|(key, _)| key == step) {
            Some(place) => place,
            None => {
                self.children.push((step.clone(), Node::default()));
                self.children.len() - 1
            }
        };
        self.children[place].1.insert(further, field)
    }

    fn first(&self) -> Option<Field> {
        self.field.or_else(|| self.children.iter().find_map(|(_, child)| child.first()))
    }
}

/// Reads the configured pointers; a field without one is where its own name says.
pub(crate) fn configure(mut config: Config) -> Result<Node, ConfigFault> {
    let mut root = Node::default();
    for field in Field::ALL {
        let at = format!("/fields/{}", field.name());
        let pointer = config.string(field.name())?.unwrap_or_else(|| format!("/{}", field.name()));
        let steps = steps(&pointer).map_err(|detail| ConfigFault::at(&at, detail))?;
        root.insert(&steps, field).map_err(|there| {
            ConfigFault::at(
                &at,
                format!("`{pointer}` meets the field `{}`; each would have a place of its own", there.name()),
            )
        })?;
    }
    config.finish()?;
    Ok(root)
}

fn steps(pointer: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{pointer}` is no JSON Pointer into the object, such as `/payment/total`");
    let steps: Vec<&str> = pointer.strip_prefix('/').ok_or_else(wrong)?.split('/').collect();
    if steps.len() > DEPTH {
        return Err(format!("`{pointer}` has more than {DEPTH} steps"));
    }
    let unescaped = |step: &&str| {
        let rest = step.replace("~0", "").replace("~1", "");
        if rest.contains('~') { Err(wrong()) } else { Ok(step.replace("~1", "/").replace("~0", "~")) }
    };
    steps.iter().map(unescaped).collect()
}
