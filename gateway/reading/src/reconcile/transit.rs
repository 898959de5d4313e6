//! What lies between gateways and log: in the queue, and with shippers.

use tallygate_core::notice::Notice;
use tallygate_sums::Sums;

use super::error::ReconcileError;
use crate::living::living;

/// Messages between gateways and log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Transit {
    /// In the queue, as it says itself.
    pub(super) queue: u64,
    /// Held by shippers, as they say.
    pub(super) leased: u64,
}

impl Transit {
    /// Along the way of a message, and what shippers may give back once more: where the queue was empty before, and is
    /// empty after no shipper held anything, there is nothing between gateways and log.
    pub(super) async fn read<Q>(queue: &Q, store: &dyn Sums) -> Result<Self, ReconcileError>
    where
        Q: AsyncFn() -> Result<u64, String>,
    {
        let mut transit = Self { queue: queue().await.map_err(ReconcileError::Queue)?, leased: 0 };
        transit.leased = leased(&store.notices().await?);
        if transit.is_empty() {
            transit.queue = queue().await.map_err(ReconcileError::Queue)?;
        }
        Ok(transit)
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// What shippers hold.
fn leased(notices: &[Notice]) -> u64 {
    let shippers = living(notices).filter_map(Notice::shipper);
    shippers.fold(0, |leased: u64, shipper| leased.saturating_add(shipper.held))
}
