//! Which keys are top keys.

use tallygate_core::Currency;

/// What makes a key a top key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// How many transactions it has.
    #[default]
    Count,
    /// What they add up to; of keys in one currency.
    Sum,
}

/// Which top keys are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Top {
    /// How many.
    pub most: usize,
    /// Of this currency alone.
    pub currency: Option<Currency>,
    /// What makes them so.
    pub order: Order,
}

impl std::str::FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "count" => Ok(Self::Count),
            "sum" => Ok(Self::Sum),
            _ => Err(format!("{text:?} is no order, \"count\" or \"sum\" would be right")),
        }
    }
}
