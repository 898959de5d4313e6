//! An event on its way from the thread that polls to the one who takes it.

/// With what it does to the ownership once it was seen.
pub(super) enum Delivery {
    Assigned(Vec<Given>),
    Revoked(Vec<u32>),
}

/// A partition that the group gave us.
pub(super) struct Given {
    pub(super) partition: u32,
    /// What was committed, once nobody else can change it any more.
    pub(super) committed: Option<u64>,
    /// The number of the gift.
    pub(super) gift: u64,
}
