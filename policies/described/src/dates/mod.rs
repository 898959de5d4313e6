//! Days and times: the forms in which they are written, and the clocks that show them.

mod form;
mod zone;
mod zones;

use std::borrow::Cow;

use tallygate_policy::ConfigFault;
use tallygate_policy::config::{Config, Given, Shape};
use tallygate_policy::date::{self, Date, PrimitiveDateTime, Time, UtcOffset};

use self::form::Form;
pub(crate) use self::zone::Zone;

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) date: Date,
    pub(crate) clock: Option<Time>,
    pub(crate) offset: Option<UtcOffset>,
}

/// The forms in which a field is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forms(Vec<Form>);

type Detail = Cow<'static, str>;

impl Forms {
    /// Takes the key `date`, of the description or of a field.
    pub(crate) fn read(config: &mut Config) -> Result<Option<Self>, ConfigFault> {
        let Some(given) = config.given("date") else { return Ok(None) };
        let wrong = given.other_than("a form such as `dd.MM.yyyy`, or a list of them");
        let forms: Vec<(String, String)> = match given.shape() {
            (at, Shape::Text(form)) => vec![(at, form)],
            (at, Shape::List(list)) if list.is_empty() => {
                return Err(ConfigFault::at(at, "it is empty; at least one form would be right"));
            }
            (_, Shape::List(list)) => {
                let form = |given: Given| Ok((given.at().to_owned(), given.text()?));
                list.into_iter().map(form).collect::<Result<_, ConfigFault>>()?
            }
            _ => return Err(wrong),
        };
        let mut read: Vec<Form> = Vec::with_capacity(forms.len());
        for (at, form) in forms {
            let form = Form::read(&form).map_err(|detail| ConfigFault::at(&at, detail))?;
            if let Some(other) = read.iter().find(|other| other.may_be_mistaken_for(&form)) {
                let detail = format!("a date in this form may be one in the form `{}` too", other.written());
                return Err(ConfigFault::at(at, detail));
            }
            read.push(form);
        }
        Ok(Some(Self(read)))
    }

    /// Those where nothing is said.
    pub(crate) fn iso() -> Self {
        Self(vec![Form::Iso])
    }

    /// The first form without an offset, if one of a time is.
    pub(crate) fn without_offset(&self) -> Option<&str> {
        self.0.iter().find(|form| form.has_clock_alone()).map(Form::written)
    }

    /// Reads a day or a time.
    pub(crate) fn parse(&self, text: &str) -> Result<Stamp, Detail> {
        if let [one] = self.0.as_slice() {
            return one.parse(text);
        }
        let mut no_day = None;
        for form in &self.0 {
            match form.parse(text) {
                Ok(stamp) => return Ok(stamp),
                Err(detail) => no_day = no_day.or(form::is_of_calendar(&detail).then_some(detail)),
            }
        }
        Err(no_day.unwrap_or_else(|| {
            let forms: Vec<_> = self.0.iter().map(|form| format!("`{}`", form.written())).collect();
            format!("it is in none of the forms {}", forms.join(", ")).into()
        }))
    }
}

impl Stamp {
    /// What clock and calendar showed, at the day's beginning where no clock did.
    pub(crate) fn local(&self) -> PrimitiveDateTime {
        self.clock.map_or_else(|| self.date.midnight(), |clock| self.date.with_time(clock))
    }

    /// The offset where it was shown.
    pub(crate) fn offset(&self, zone: Option<&Zone>) -> Result<UtcOffset, Detail> {
        match (self.offset, zone) {
            (Some(offset), _) => Ok(offset),
            (None, Some(zone)) => zone.of_local(self.local()),
            (None, None) if self.clock.is_none() => Ok(UtcOffset::UTC),
            (None, None) => Err("it has no offset, such as `+01:00`".into()),
        }
    }
}

/// The day and time as the gateway takes it.
pub(crate) fn rfc3339(stamp: &Stamp, offset: UtcOffset) -> String {
    date::rfc3339(stamp.local(), offset)
}
