//! Errors of fields, made short.

use tallygate_policy::Refusal;
use tallygate_policy::xml::{FieldError, FieldFault, XmlError};

/// Keeps a value, unless there is one already: of two, nobody could say which counts.
pub(crate) fn once<T>(place: &mut Option<T>, value: T, path: &str) -> Result<(), FieldError> {
    if place.replace(value).is_some() {
        return Err(FieldError { path: path.to_owned(), fault: FieldFault::Twice });
    }
    Ok(())
}

pub(crate) fn there<T>(value: Option<T>, path: &str) -> Result<T, FieldError> {
    value.ok_or_else(|| missing(path))
}

#[cold]
pub(crate) fn missing(path: &str) -> FieldError {
    FieldError { path: path.to_owned(), fault: FieldFault::Missing }
}

/// The error of what reads a value, with its code and the path.
#[cold]
pub(crate) fn unreadable(path: &str, error: impl Into<Refusal>) -> FieldError {
    let Refusal { code, detail, .. } = error.into();
    FieldError { path: path.to_owned(), fault: FieldFault::Wrong { code, detail } }
}

#[cold]
pub(crate) fn not_xml(path: &str, error: XmlError) -> FieldError {
    FieldError { path: path.to_owned(), fault: FieldFault::Xml(error) }
}

/// The error within the element of that name which is so many behind the first.
#[cold]
pub(crate) fn within(error: FieldError, element: &str, index: usize) -> FieldError {
    error.within(&format!("{element}[{}]", index + 1))
}
