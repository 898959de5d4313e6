//! The key of a configuration by which a policy takes finer amounts, or currencies that ISO 4217 does not have.

use super::{Currencies, Currency};
use crate::ConfigFault;
use crate::config::{Config, escaped};
use crate::decimal::FRACTION_DIGITS;

const KEY: &str = "minor_units";

impl Currencies {
    /// Takes the key `minor_units`: how many digits behind the point a currency has, such as `{ "EUR": 4, "CNH": 2 }`. Where
    /// it is missing they are those of ISO 4217, and so are those of the currencies it does not name.
    ///
    /// # Errors
    /// When a name is no code of three capital letters, or a value no whole number from 0 to 9.
    pub fn configure(config: &mut Config) -> Result<Self, ConfigFault> {
        let configured = config.integers(KEY, 0..=FRACTION_DIGITS as i64)?.unwrap_or_default();
        let configured = configured.into_iter().map(|(code, digits)| {
            let letters: [u8; 3] = code.as_bytes().try_into().ok().filter(is_code).ok_or_else(|| {
                let at = [&*config.pointer(KEY), "/", &escaped(&code)].concat();
                ConfigFault::at(at, format!("`{code}` is no code of a currency, such as EUR"))
            })?;
            Ok(Currency { code: letters, minor_units: u8::try_from(digits).ok() })
        });
        Ok(Self { configured: configured.collect::<Result<_, ConfigFault>>()? })
    }
}

fn is_code(letters: &[u8; 3]) -> bool {
    letters.iter().all(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::currency::Currencies;

    #[test]
    fn what_is_configured_comes_before_what_iso_4217_says() {
        let mut config = Config::parse(r#"{"minor_units":{"EUR":4,"JPY":2,"CNH":2}}"#).expect("an object");
        let currencies = Currencies::configure(&mut config).expect("currencies");
        let digits = |code| currencies.find(code).ok().and_then(|currency| currency.minor_units());
        assert_eq!([digits("EUR"), digits("JPY"), digits("CNH"), digits("USD")], [Some(4), Some(2), Some(2), Some(2)]);
        assert_eq!(config.finish(), Ok(()));
        let mut empty = Config::parse("").expect("an object");
        assert_eq!(Currencies::configure(&mut empty), Ok(Currencies::default()));
    }

    #[test]
    fn what_is_wrong_with_it_is_told() {
        let told = |json: &str| {
            let fault = Currencies::configure(&mut Config::parse(json).expect("an object")).expect_err(json);
            format!("{}: {}", fault.pointer, fault.detail)
        };
        let range = "would be a whole number from 0 to 9";
        for (json, right) in [
            (r#"{"minor_units":4}"#, "/minor_units: it is a number, and would be an object".into()),
            (r#"{"minor_units":{"EUR":10}}"#, format!("/minor_units/EUR: it is 10, and {range}")),
            (r#"{"minor_units":{"EUR":-1}}"#, format!("/minor_units/EUR: it is -1, and {range}")),
            (r#"{"minor_units":{"EUR":1.5}}"#, format!("/minor_units/EUR: it is 1.5, and {range}")),
            (r#"{"minor_units":{"EUR":"2"}}"#, format!("/minor_units/EUR: it is a text, and {range}")),
            (r#"{"minor_units":{"eur":2}}"#, "/minor_units/eur: `eur` is no code of a currency, such as EUR".into()),
            (r#"{"minor_units":{"E/R":2}}"#, "/minor_units/E~1R: `E/R` is no code of a currency, such as EUR".into()),
        ] {
            assert_eq!(told(json), right);
        }
    }
}
