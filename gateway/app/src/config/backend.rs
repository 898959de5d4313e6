//! Which backend a section chose.

use super::table::Table;

/// The `backend` of a section, the first known one where it is silent; none when it is no known one.
pub(super) fn chosen(table: &Table<'_>, known: [&'static str; 2]) -> Option<&'static str> {
    let Some(backend) = table.string("backend") else { return known.first().copied() };
    let found = known.into_iter().find(|name| *name == backend.value);
    if !cfg!(feature = "servers") && found.is_some_and(|name| name != known[0]) {
        let right = format_args!("{:?} would be right, or a build with it (make release)", known[0]);
        table.document().problem_with(&backend, format_args!("{:?} is not in this build: {right}", backend.value));
        return None;
    }
    if found.is_none() {
        let right = known.join(" or ");
        table
            .document()
            .problem_with(&backend, format_args!("{:?} is no backend here: {right} would be right", backend.value));
    }
    found
}
