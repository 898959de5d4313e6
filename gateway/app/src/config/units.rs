//! Sizes and times with their units, and what `${…}` in a string stands for.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub u64);

/// A time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub Duration);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is no size: a whole number with B, KiB, MiB or GiB, such as \"1 MiB\", would be right")
        };
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let factor = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(wrong()),
        };
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no time: a whole number with ms, s, min, h or d, such as \"30 s\", would be right");
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let factor = match unit {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(factor).map(|millis| Self(Duration::from_millis(millis))).ok_or_else(wrong)
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

/// Puts the environment's `${NAME}` and the files' `${file:PATH}` into a text, once: what they hold is not expanded again.
/// A file's last line end is left out.
///
/// # Errors
/// What is not there.
pub(crate) fn expand(text: &str, folder: &Path) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            return Err(format!("\"${{{after}\" has no closing brace, ${{NAME}} or ${{file:PATH}} would be right"));
        };
        match name.strip_prefix("file:") {
            Some(path) => {
                let path = folder.join(path);
                let content =
                    std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
                out.push_str(content.trim_end_matches(['\n', '\r']));
            }
            None => out.push_str(&std::env::var(name).map_err(|_| format!("the environment has no {name}"))?),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_and_times_with_their_units_alone() {
        assert_eq!("1 MiB".parse(), Ok(Size(1 << 20)));
        assert_eq!("20ms".parse(), Ok(Time(Duration::from_millis(20))));
        assert_eq!("7 d".parse(), Ok(Time(Duration::from_secs(7 * 86_400))));
        for text in ["", "1", "MiB", "1 MB", "-1 s", "1.5 s", "99999999999999999999 s", "18446744073709551615 h"] {
            assert!(text.parse::<Size>().is_err() && text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn expands_files_without_their_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "a${b}\n").unwrap();
        assert_eq!(expand("<${file:secret}>", folder.path()), Ok("<a${b}>".to_owned()));
        assert!(expand("${file:absent}", folder.path()).unwrap_err().contains("absent"));
        assert!(expand("${TALLYGATE_NO_SUCH_NAME}", folder.path()).unwrap_err().contains("TALLYGATE_NO_SUCH_NAME"));
        assert!(expand("${open", folder.path()).is_err());
    }
}
