//! Which records count.

use tallygate_policy::ConfigFault;
use tallygate_policy::config::Config;

use crate::paths::{Paths, Use};
use crate::value::{Record, Value, one_of};
use crate::wrong::Fault;

/// What must hold of a record, or it is left out.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    field: Value,
    counted: Option<Vec<String>>,
    left_out: Option<Vec<String>>,
}

impl Filter {
    /// Takes the key `filter`.
    pub(crate) fn all<P: Paths>(config: &mut Config, paths: &mut P) -> Result<Vec<Self>, ConfigFault> {
        let Some(given) = config.given("filter") else { return Ok(Vec::new()) };
        let list = given.list("a list of `{ field = …, in = […] }`")?;
        list.into_iter().map(|given| Self::read(given.section()?, paths)).collect()
    }

    fn read<P: Paths>(mut config: Config, paths: &mut P) -> Result<Self, ConfigFault> {
        let field = Value::read(config.required("field", "whose values are looked at")?, paths, Use::Text)?;
        let (counted, left_out) = (config.strings("in")?, config.strings("not_in")?);
        if counted.is_none() && left_out.is_none() {
            let detail = "it has neither `in` nor `not_in`; a list of values would be right";
            return Err(ConfigFault::at(config.place(), detail));
        }
        if let (Some(counted), Some(left_out)) = (&counted, &left_out)
            && let Some(both) = left_out.iter().position(|value| counted.contains(value))
        {
            let detail = format!("`{}` is in `in` too", left_out[both]);
            return Err(ConfigFault::at(format!("{}/not_in/{both}", config.place()), detail));
        }
        config.finish()?;
        Ok(Self { field, counted, left_out })
    }

    /// Whether it lets a record count.
    pub(crate) fn holds(&self, record: Record<'_, '_>) -> Result<bool, Fault> {
        let text = self.field.of(record)?;
        let word = text.as_deref().unwrap_or_default();
        let is_in =
            |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| list.iter().any(|value| value == word));
        if is_in(&self.counted) {
            return Ok(true);
        }
        if is_in(&self.left_out) {
            return Ok(false);
        }
        match (&self.counted, &self.left_out) {
            (None, _) => Ok(true),
            (Some(_), _) if text.is_none() => Err(Fault::missing(self.field.cell())),
            (Some(_), None) => Ok(false),
            (Some(counted), Some(left_out)) => {
                Err(Fault::new(self.field.cell(), "wrong-field", one_of(counted.iter().chain(left_out))))
            }
        }
    }
}
