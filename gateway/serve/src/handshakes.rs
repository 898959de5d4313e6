//! The TLS handshakes at one time: they cost more than anything else a stranger can ask for.

use std::sync::Arc;

use tokio::sync::{Mutex, Notify};

use crate::shares::{Holder, Share, Shares};

/// Places for handshakes, of which each address has a share; who finds none waits in turn.
#[derive(Debug)]
pub(crate) struct Handshakes {
    shares: Arc<Shares>,
    /// Held by whoever is next.
    turn: Mutex<()>,
    freed: Notify,
}

/// A place for one handshake, given back when dropped.
pub(crate) struct Place<'h> {
    share: Option<Share>,
    freed: &'h Notify,
}

impl Handshakes {
    pub(crate) fn new(most: usize) -> Self {
        Self { shares: Shares::among_addresses(most), turn: Mutex::new(()), freed: Notify::new() }
    }

    /// Waits for a place; not at all where the holder has its share still to take.
    pub(crate) async fn place(&self, holder: &Holder) -> Place<'_> {
        if let Ok(share) = self.shares.take(holder, 1) {
            return self.taken(share);
        }
        let _turn = self.turn.lock().await;
        loop {
            // Asked for first, so that none is missed that is freed between.
            let freed = self.freed.notified();
            if let Ok(share) = self.shares.take(holder, 1) {
                return self.taken(share);
            }
            freed.await;
        }
    }

    fn taken(&self, share: Share) -> Place<'_> {
        Place { share: Some(share), freed: &self.freed }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.share.take();
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_waits_in_turn_and_others_do_not_wait_for_it() {
        let handshakes = Handshakes::new(8);
        let (greedy, other) = (Holder::at([10, 0, 0, 1].into()), Holder::at([10, 0, 0, 2].into()));
        let mut held = Vec::new();
        while let Some(place) = handshakes.place(&greedy).now_or_never() {
            held.push(place);
        }
        assert_eq!(held.len(), 6);
        let waiting = handshakes.place(&greedy);
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        let of_other = handshakes.place(&other).now_or_never().expect("the other has its share");
        held.pop();
        assert!(waiting.as_mut().now_or_never().is_none(), "what is kept for others is filled first");
        drop(of_other);
        held.pop();
        let place = tokio::time::timeout(Duration::from_secs(5), waiting).await;
        assert!(place.is_ok());
    }
}
