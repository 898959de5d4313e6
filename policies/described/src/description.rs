//! A whole description: all keys that the formats share.

use tallygate_policy::ConfigFault;
use tallygate_policy::config::Config;

use crate::fields::Fields;
use crate::filter::Filter;
use crate::paths::Paths;
use crate::reply::Replies;
use crate::totals::Stated;

/// What was configured.
#[derive(Debug, Clone)]
pub struct Description {
    pub(crate) fields: Fields,
    pub(crate) filter: Vec<Filter>,
    pub(crate) totals: Vec<Stated>,
    pub(crate) replies: Replies,
    /// Whether a message may have no record.
    pub(crate) empty: bool,
    pub(crate) trim: bool,
    /// Whether ids get a number, by which the same ones differ.
    pub(crate) number_ids: bool,
    /// How many cells a record has.
    pub(crate) cells: usize,
}

/// What a format does where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults {
    /// A field that is not described is where its own name says.
    pub own_names: bool,
    /// Blanks around a value do not belong to it.
    pub trim: bool,
    /// Amounts, days and times are written as the gateway takes them, and passed on as they are.
    pub as_they_are: bool,
    /// There is a field `attributes` too: an object whose members are carried along.
    pub open_attributes: bool,
    /// Currencies are those of ISO 4217, and amounts have no more digits than they.
    pub of_iso_4217: bool,
}

impl Description {
    /// Takes the keys that all formats have. Those of the format's own come before, and [`Config::finish`] behind.
    ///
    /// # Errors
    /// When something of it cannot be, at the place where it stands.
    pub fn read<P: Paths>(config: &mut Config, paths: &mut P, defaults: Defaults) -> Result<Self, ConfigFault> {
        let fields = Fields::read(config, paths, &defaults)?;
        let filter = Filter::all(config, paths)?;
        let totals = Stated::all(config, paths)?;
        let replies = Replies::read(config)?;
        let empty = config.boolean("empty")?.unwrap_or(false);
        let trim = config.boolean("trim")?.unwrap_or(defaults.trim);
        let number_ids = config.boolean("number_ids")?.unwrap_or(false);
        Ok(Self { fields, filter, totals, replies, empty, trim, number_ids, cells: paths.cells() })
    }

    /// What stands before the fraction of an amount.
    #[must_use]
    pub fn decimal(&self) -> char {
        self.fields.amounts.writing.decimal()
    }
}
