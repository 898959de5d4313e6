//! The fields of a transaction, and what they are of a record.

use std::borrow::Cow;

use tallygate_policy::config::Config;
use tallygate_policy::currency::Currency;
use tallygate_policy::{ConfigFault, Transaction};

use crate::amount::{Amount, Amounts, Configured};
use crate::dates::{self, Forms, Stamp, Zone};
use crate::description::Defaults;
use crate::paths::{self, Path, Paths, Use};
use crate::value::{Record, Value};
use crate::wrong::Fault;

/// Where the fields of a transaction are.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) id: Value,
    time: Option<Timed>,
    day: Option<Timed>,
    key: Value,
    pub(crate) amounts: Amounts,
    currency: Value,
    kind: Option<Value>,
    zone: Option<Zone>,
    /// Days and times are passed on as they are.
    as_they_are: bool,
    attributes: Vec<(String, Value)>,
    /// The cell of all that a record has of attributes.
    open_attributes: Option<usize>,
}

/// What the record before had, which the next one mostly has too.
#[derive(Default)]
pub(crate) struct Last {
    currency: Option<Currency>,
    /// The day as it was written, and what was read of it.
    day: String,
    read: (String, Option<String>),
}

/// A day or a time.
#[derive(Debug, Clone)]
struct Timed {
    value: Value,
    forms: Forms,
    /// Whether it has to be there.
    needed: bool,
}

const KIND: &str = "transaction";

impl Fields {
    /// Takes all keys that fields have to do with.
    pub(crate) fn read<P: Paths>(config: &mut Config, paths: &mut P, defaults: &Defaults) -> Result<Self, ConfigFault> {
        let mut fields = config.section("fields")?;
        let own = defaults.own_names;
        let forms = Forms::read(config)?;
        let zone = Zone::read(config)?;
        let as_they_are = defaults.as_they_are && forms.is_none() && zone.is_none();
        let forms = forms.unwrap_or_else(Forms::iso);
        let is_day_given = fields.has("day");

        let mut value = |name: &str, right: &str, fields: &mut Config| -> Result<Value, ConfigFault> {
            match fields.given(name) {
                Some(given) => Value::read(given, paths, Use::Text),
                None if own => own_name(name, paths),
                None => fields.required(name, right).and_then(|given| Value::read(given, paths, Use::Text)),
            }
        };
        let id = value("id", "where the id is that a resend repeats", &mut fields)?.marked("/fields/id")?;
        let key = value("key", "where the key is that sums are made by", &mut fields)?;
        let currency = value("currency", "where the currency is, such as `{ const = \"EUR\" }`", &mut fields)?;
        let time = match fields.given("time") {
            Some(given) => Some(Timed::read(given, paths, &forms)?),
            None if own => Some(Timed { value: own_name("time", paths)?, forms: forms.clone(), needed: !is_day_given }),
            None => None,
        };
        let day = match fields.given("day") {
            Some(given) => Some(Timed::read(given, paths, &forms)?),
            None if own => Some(Timed { value: own_name("day", paths)?, forms: forms.clone(), needed: false }),
            None => None,
        };
        if let (Some(time), None, false) = (&time, &zone, as_they_are)
            && let Some(form) = time.forms.without_offset()
        {
            let detail = format!(
                "it is missing, and times in the form `{form}` have no offset; `Europe/Berlin` or `+01:00` would be one"
            );
            return Err(ConfigFault::at("/zone", detail));
        }
        if time.is_none() && day.is_none() {
            let missing = fields.required("day", "where the day is; or `time`");
            return Err(missing.err().unwrap_or_else(|| ConfigFault::at("/fields/day", "it is missing")));
        }
        let amount = match fields.given("amount") {
            Some(given) => Configured::Given(given),
            None if own => Configured::At("/fields/amount", Path::Text("/amount".to_owned())),
            None => Configured::Given(fields.required("amount", "where the amount is")?),
        };
        let amounts = Amounts::read(config, amount, paths, defaults.as_they_are, defaults.of_iso_4217)?;
        let kind = match fields.given("type") {
            Some(given) => Some(Value::read(given, paths, Use::Text)?),
            None if own => Some(own_name("type", paths)?),
            None => None,
        };
        let attributes = attributes(config, paths)?;
        let open_attributes = match fields.given("attributes") {
            _ if !defaults.open_attributes => None,
            Some(given) => Some(paths::plain(given, paths, Use::Attributes)?),
            None => Some(paths.cell("/fields/attributes", Path::Text("/attributes".to_owned()), Use::Attributes)?),
        };
        fields.finish()?;
        let read = Self { id, time, day, key, amounts, currency, kind, zone, as_they_are, attributes, open_attributes };
        read.apart()?;
        Ok(read)
    }

    /// Id, key, amount and currency are each elsewhere: of two at one place, one was not meant.
    fn apart(&self) -> Result<(), ConfigFault> {
        let cell = |value: &Value| if let Value::Cell(cell) = value { Some(*cell) } else { None };
        let places = [
            ("id", cell(&self.id)),
            ("key", cell(&self.key)),
            ("amount", self.amounts.cell()),
            ("currency", cell(&self.currency)),
        ];
        for (index, (name, cell)) in places.iter().enumerate() {
            if let Some((other, _)) = places[..index].iter().find(|(_, other)| cell.is_some() && other == cell) {
                let detail = format!("it is where the field `{other}` is; each would have a place of its own");
                return Err(ConfigFault::at(format!("/fields/{name}"), detail));
            }
        }
        Ok(())
    }

    /// The transaction of a record, whose amount may be known already.
    pub(crate) fn transaction(
        &self,
        record: Record<'_, '_>,
        amount: Option<Amount>,
        carried: Vec<(String, String)>,
        last: &mut Last,
    ) -> Result<Transaction, Fault> {
        let id = self.id.there(record)?.into_owned();
        let (time, day) = self.time_and_day(record, last)?;
        let key = self.key.there(record)?.into_owned();
        let amount = amount.map_or_else(|| self.amounts.of(record), Ok)?;
        let currency = self.currency.there(record)?;
        self.amounts.check(&amount, &currency, self.currency.cell(), &mut last.currency)?;
        let currency = currency.into_owned();
        let kind = match &self.kind {
            None => None,
            Some(kind) => kind.of(record)?,
        };
        let kind = kind.map_or_else(|| KIND.to_owned(), Cow::into_owned);
        let mut attributes = carried;
        attributes.reserve_exact(self.attributes.len());
        for (name, value) in &self.attributes {
            if let Some(text) = value.of(record)? {
                attributes.push((name.clone(), text.into_owned()));
            }
        }
        Ok(Transaction { id, time, day, key, amount: amount.text(), currency, kind, attributes })
    }

    fn time_and_day(&self, record: Record<'_, '_>, last: &mut Last) -> Result<(String, Option<String>), Fault> {
        let (None, Some(Timed { value: Value::Cell(cell), .. })) = (&self.time, &self.day) else {
            return self.read_time_and_day(record);
        };
        let Some(text) = record.cell(*cell) else { return self.read_time_and_day(record) };
        if last.day != text || last.read.0.is_empty() {
            last.read = self.read_time_and_day(record)?;
            text.clone_into(&mut last.day);
        }
        Ok(last.read.clone())
    }

    fn read_time_and_day(&self, record: Record<'_, '_>) -> Result<(String, Option<String>), Fault> {
        if self.as_they_are {
            let text = |timed: &Option<Timed>| -> Result<Option<String>, Fault> {
                let Some(timed) = timed else { return Ok(None) };
                match timed.value.of(record)? {
                    None if timed.needed => Err(Fault::missing(timed.value.cell())),
                    text => Ok(text.map(Cow::into_owned)),
                }
            };
            let (time, day) = (text(&self.time)?, text(&self.day)?);
            if let Some(time) = time {
                return Ok((time, day));
            }
        }
        let read = |timed: &Option<Timed>| timed.as_ref().map_or(Ok(None), |timed| timed.of(record));
        let (time, day) = (read(&self.time)?, read(&self.day)?);
        let zone = self.zone.as_ref();
        let wrong = |of: &Option<Timed>, detail| {
            Fault::new(of.as_ref().and_then(|timed| timed.value.cell()), "wrong-date", detail)
        };
        match (time, day) {
            (Some(time), day) => {
                let offset = time.offset(zone).map_err(|detail| wrong(&self.time, detail))?;
                let day = match (day, zone) {
                    (Some(day), _) => Some(day.date),
                    (None, _) if time.clock.is_none() => Some(time.date),
                    (None, Some(zone)) => {
                        let moment = time.local().assume_offset(offset);
                        Some(zone.day(moment).map_err(|detail| wrong(&self.time, detail))?)
                    }
                    (None, None) => None,
                };
                Ok((dates::rfc3339(&time, offset), day.map(tallygate_policy::date::written)))
            }
            (None, Some(day)) => {
                let begin = Stamp { clock: None, ..day };
                let offset = begin.offset(zone).map_err(|detail| wrong(&self.day, detail))?;
                Ok((dates::rfc3339(&begin, offset), Some(tallygate_policy::date::written(day.date))))
            }
            (None, None) => Err(Fault::missing(self.day.as_ref().and_then(|timed| timed.value.cell()))),
        }
    }

    /// The cell that the gateway means by the name of a field, such as `amount` or `attributes/purpose`, and what is meant
    /// of it.
    pub(crate) fn named<'f>(&self, field: &'f str, has_day: bool) -> Option<(usize, Option<&'f str>)> {
        let timed = |timed: &Option<Timed>| timed.as_ref().and_then(|timed| timed.value.cell());
        let cell = match field {
            "id" => self.id.cell(),
            "time" => timed(&self.time).or_else(|| timed(&self.day)),
            "day" if has_day => timed(&self.day).or_else(|| timed(&self.time)),
            "day" => timed(&self.time),
            "key" => self.key.cell(),
            "amount" => self.amounts.named(),
            "currency" => self.currency.cell(),
            "type" => self.kind.as_ref()?.cell(),
            other => {
                let name = other.strip_prefix("attributes/")?;
                match self.attributes.iter().find(|(known, _)| known == name) {
                    Some((_, value)) => value.cell(),
                    None => return Some((self.open_attributes?, Some(name))),
                }
            }
        };
        cell.map(|cell| (cell, None))
    }
}

impl Timed {
    fn read<P: Paths>(
        given: tallygate_policy::config::Given,
        paths: &mut P,
        forms: &Forms,
    ) -> Result<Self, ConfigFault> {
        if !given.is_section() {
            let value = Value::read(given, paths, Use::Text)?;
            return Ok(Self { value, forms: forms.clone(), needed: true });
        }
        let mut section = given.section()?;
        let forms = Forms::read(&mut section)?.unwrap_or_else(|| forms.clone());
        let value = Value::of_section(&mut section, paths, Use::Text)?;
        section.finish()?;
        Ok(Self { value, forms, needed: true })
    }

    fn of(&self, record: Record<'_, '_>) -> Result<Option<Stamp>, Fault> {
        let Some(text) = self.value.of(record)? else {
            return if self.needed { Err(Fault::missing(self.value.cell())) } else { Ok(None) };
        };
        let stamp = self.forms.parse(&text);
        stamp.map(Some).map_err(|detail| Fault::new(self.value.cell(), "wrong-date", detail))
    }
}

fn own_name<P: Paths>(name: &str, paths: &mut P) -> Result<Value, ConfigFault> {
    let cell = paths.cell(&format!("/fields/{name}"), Path::Text(format!("/{name}")), Use::Text)?;
    Ok(Value::Cell(cell))
}

fn attributes<P: Paths>(config: &mut Config, paths: &mut P) -> Result<Vec<(String, Value)>, ConfigFault> {
    let mut section = config.section("attributes")?;
    let entries = section.entries().into_iter();
    entries.map(|(name, given)| Ok((name, Value::read(given, paths, Use::Text)?))).collect()
}
