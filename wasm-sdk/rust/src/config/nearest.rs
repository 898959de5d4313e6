//! The key that was probably meant.

/// The name that a word was probably meant to be: the nearest, if few letters differ.
#[must_use]
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    names
        .into_iter()
        .map(|name| (distance(word, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// How many letters are to be put in, left out or changed: Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (column, its) in other.chars().enumerate() {
            let changed = diagonal + usize::from(letter != its);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn letters_that_differ_are_counted() {
        for (one, other, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("seller", "sellers", 1),
            ("amuont", "amount", 2),
            ("čvor", "cvor", 1),
        ] {
            assert_eq!((distance(one, other), distance(other, one)), (count, count), "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_is_meant_and_a_far_one_is_not() {
        let names = ["sellers", "buyers", "kind"];
        assert_eq!(nearest("seller", names), Some("sellers"));
        assert_eq!(nearest("buyer", names), Some("buyers"));
        assert_eq!(nearest("currency", names), None);
        assert_eq!(nearest("a", []), None);
    }
}
