//! What a message says of itself, compared with what is in it.

use std::borrow::Cow;

use tallygate_policy::ConfigFault;
use tallygate_policy::config::Config;
use tallygate_policy::decimal::Decimal;
use tallygate_policy::totals::Total;

use crate::amount::Amount;
use crate::paths::{self, Paths, Use};
use crate::writing::Writing;
use crate::wrong::Fault;

/// Totals that a message may state.
#[derive(Debug, Clone)]
pub(crate) struct Stated {
    count: Option<usize>,
    sum: Option<usize>,
    /// Of which level they are: 0, of the message.
    pub(crate) level: usize,
    /// Whether they are over the records that count alone.
    counted: bool,
    signs: bool,
    optional: bool,
}

/// What a record adds to the totals above it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    counts: bool,
    written: Decimal,
    signed: Decimal,
}

impl Part {
    pub(crate) fn new(amount: &Amount, counts: bool) -> Result<Self, Fault> {
        Ok(Self { counts, written: amount.decimal(false)?, signed: amount.decimal(true)? })
    }
}

impl Stated {
    /// Takes the key `totals`.
    pub(crate) fn all<P: Paths>(config: &mut Config, paths: &mut P) -> Result<Vec<Self>, ConfigFault> {
        let Some(given) = config.given("totals") else { return Ok(Vec::new()) };
        let list = given.list("a list of `{ count = …, sum = … }`")?;
        list.into_iter().map(|given| Self::read(given.section()?, paths)).collect()
    }

    fn read<P: Paths>(mut config: Config, paths: &mut P) -> Result<Self, ConfigFault> {
        let place = config.place().to_owned();
        let mut level = None;
        let mut cell = |key: &str, config: &mut Config| -> Result<Option<usize>, ConfigFault> {
            let Some(given) = config.given(key) else { return Ok(None) };
            let at = given.at().to_owned();
            let cell = paths::plain(given, paths, Use::Total)?;
            let own = paths.level(cell);
            if own >= paths.depth() {
                return Err(ConfigFault::at(
                    at,
                    "it stands within a record, and a total would stand above its records",
                ));
            }
            if level.replace(own).is_some_and(|other| other != own) {
                return Err(ConfigFault::at(
                    at,
                    "it is over other records than `count`; an entry of its own would be right",
                ));
            }
            Ok(Some(cell))
        };
        let (count, sum) = (cell("count", &mut config)?, cell("sum", &mut config)?);
        let Some(level) = level else {
            return Err(ConfigFault::at(
                place,
                "it has neither `count` nor `sum`; a path for one of them would be right",
            ));
        };
        let counted = match config.string("of")?.as_deref() {
            None | Some("all") => false,
            Some("counted") => true,
            Some(other) => {
                let detail = format!("it is `{other}`, and would be `all` or `counted`");
                return Err(ConfigFault::at(format!("{place}/of"), detail));
            }
        };
        let signs = config.boolean("signs")?.unwrap_or(true);
        let optional = config.boolean("optional")?.unwrap_or(false);
        config.finish()?;
        Ok(Self { count, sum, level, counted, signs, optional })
    }

    /// What stands for count and sum among the cells.
    pub(crate) fn stated<'a>(&self, cells: &[Option<Cow<'a, str>>]) -> [Option<Cow<'a, str>>; 2] {
        [self.count, self.sum].map(|cell| cells.get(cell?).cloned().flatten())
    }

    /// Compares what is stated with what is there.
    pub(crate) fn check(
        &self,
        [count, sum]: &[Option<Cow<'_, str>>; 2],
        parts: &[Part],
        writing: &Writing,
    ) -> Result<(), Fault> {
        let mut total = Total::default();
        for part in parts.iter().filter(|part| part.counts || !self.counted) {
            total.add(if self.signs { part.signed } else { part.written });
        }
        let differs = |cell, error: String| Fault::new(cell, "wrong-total", error);
        if let Some(text) = self.text(self.count, count)? {
            let is_number = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
            let stated: Option<u64> = text.parse().ok().filter(|_| is_number);
            let stated = stated.ok_or_else(|| Fault::new(self.count, "wrong-field", "it would be a whole number"))?;
            let count = total.count();
            if count != stated {
                return Err(differs(self.count, format!("it says {stated}, and there are {count}")));
            }
        }
        if let Some(text) = self.text(self.sum, sum)? {
            let wrong = |detail| Fault::new(self.sum, "wrong-amount", detail);
            let (plain, _) = writing.plain(text).map_err(wrong)?;
            let stated = Decimal::parse(&plain).map_err(|error| wrong(error.to_string().into()))?;
            total.check_sum("", stated).map_err(|error| differs(self.sum, error.to_string()))?;
        }
        Ok(())
    }

    fn text<'t>(&self, cell: Option<usize>, stated: &'t Option<Cow<'_, str>>) -> Result<Option<&'t str>, Fault> {
        if cell.is_none() {
            return Ok(None);
        }
        let text = stated.as_deref().map(tallygate_policy::scan::trimmed).filter(|text| !text.is_empty());
        if text.is_none() && !self.optional { Err(Fault::missing(cell)) } else { Ok(text) }
    }
}
