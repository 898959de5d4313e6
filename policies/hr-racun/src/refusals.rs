//! Refusals with the service's own codes.

use tallygate_policy::Refusal;
use tallygate_policy::xml::XmlError;

/// Keeps a value, unless there is one already: of two, nobody could say which counts.
pub(crate) fn once<T>(place: &mut Option<T>, value: T, field: &str) -> Result<(), Refusal> {
    if place.replace(value).is_some() {
        return Err(wrong(field, "it stands twice"));
    }
    Ok(())
}

/// A field is not as the schema has it.
#[cold]
pub(crate) fn wrong(field: &str, detail: &str) -> Refusal {
    refusal("s001", format!("{field}: {detail}")).at(field)
}

#[cold]
pub(crate) fn malformed(error: XmlError) -> Refusal {
    refusal("s001", format!("the message has {error}"))
}

/// Something in here failed, and the message may be good.
#[cold]
pub(crate) fn system(detail: &str) -> Refusal {
    refusal("s006", detail.to_owned())
}

/// The service's clients look for errors in replies with status 500 only.
pub(crate) fn refusal(code: &str, detail: String) -> Refusal {
    Refusal::new(500, code, detail)
}
