//! The connections at one time: whose each is, and which of them gives way to a newcomer where there is no more room.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::activity::Activity;
use crate::limits::IDLE_LOOKED_AT;
use crate::shares::{Holder, Share, Shares, Short};

/// The connections of a server. Each address has its share of them.
///
/// Where all are taken, one gives way to whoever has none: the oldest of those that never sent the whole head of a request, else one
/// that has long been idle. So whoever only holds connections, from however many addresses, keeps nobody out. One with a
/// request in progress never gives way.
#[derive(Debug)]
pub(crate) struct Seats {
    shares: Arc<Shares>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    numbers: u64,
    /// Those that had no request when last looked at, by age.
    without_request: BTreeMap<u64, Arc<Place>>,
    /// Those that had one, by age.
    others: BTreeMap<u64, Arc<Place>>,
    /// Which of these was looked at last.
    looked_at: u64,
}

/// What is known of a connection.
#[derive(Debug)]
struct Place {
    /// None once it has given way.
    share: Mutex<Option<Share>>,
    /// None until its hand is shaken.
    activity: OnceLock<Arc<Activity>>,
    gives_way: CancellationToken,
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    place: Arc<Place>,
}

impl Seats {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { shares: Shares::among_addresses(most), open: Mutex::default() })
    }

    /// A place for a connection of this holder.
    pub(crate) fn take(self: &Arc<Self>, holder: &Holder) -> Result<Seat, Short> {
        let share = match self.shares.take(holder, 1) {
            Err(Short::Whole) if !self.shares.has_any(holder) && self.make_room() => self.shares.take(holder, 1),
            taken => taken,
        }?;
        let place = Arc::new(Place {
            share: Mutex::new(Some(share)),
            activity: OnceLock::new(),
            gives_way: CancellationToken::new(),
        });
        let mut open = self.open();
        open.numbers += 1;
        let number = open.numbers;
        open.without_request.insert(number, place.clone());
        Ok(Seat { seats: self.clone(), number, place })
    }

    /// Has one connection give way, if one may.
    fn make_room(&self) -> bool {
        let Some(place) = self.open().least_needed() else { return false };
        place.gives_way.cancel();
        let share = place.share.lock().unwrap_or_else(PoisonError::into_inner).take();
        share.is_some()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Takes out the connection that gives way first.
    fn least_needed(&mut self) -> Option<Arc<Place>> {
        while let Some((number, place)) = self.without_request.pop_first() {
            if place.activity.get().is_none_or(|activity| !activity.had_request()) {
                return Some(place);
            }
            // Once for each connection, so that a look costs little however many there are.
            self.others.insert(number, place);
        }
        let later = self.others.range((Bound::Excluded(self.looked_at), Bound::Unbounded));
        let looked_at: Vec<u64> =
            later.chain(self.others.range(..=self.looked_at)).map(|(number, _)| *number).take(IDLE_LOOKED_AT).collect();
        self.looked_at = looked_at.last().copied().unwrap_or_default();
        let idle = |number: u64| Some((self.others.get(&number)?.activity.get()?.idle()?, number));
        let (_, longest) = looked_at.into_iter().filter_map(idle).max()?;
        self.others.remove(&longest)
    }
}

impl Seat {
    /// Its hand is shaken.
    pub(crate) fn speaks(&self, activity: Arc<Activity>) {
        let _ = self.place.activity.set(activity);
    }

    /// Returns when it is to give way.
    pub(crate) async fn gives_way(&self) {
        self.place.gives_way.cancelled().await;
        // A request that began at the same moment goes before.
        if self.place.activity.get().is_some_and(|activity| activity.idle().is_none()) {
            std::future::pending::<()>().await;
        }
    }

    /// Whether its hand is shaken.
    pub(crate) fn is_connected(&self) -> bool {
        self.place.activity.get().is_some()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.seats.open();
        open.without_request.remove(&self.number);
        open.others.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    fn at(last: u32) -> Holder {
        Holder::at(std::net::IpAddr::V4((0x0a00_0000 + last).into()))
    }

    fn activity(seat: &Seat) -> Arc<Activity> {
        let activity = Activity::new(false, Arc::new(AtomicBool::new(false)));
        seat.speaks(activity.clone());
        activity
    }

    fn gave_way(seats: &[Seat]) -> Vec<usize> {
        let gave_way = |(place, seat): (usize, &Seat)| seat.place.gives_way.is_cancelled().then_some(place);
        seats.iter().enumerate().filter_map(gave_way).collect()
    }

    /// All connections, each from an address of its own.
    fn full(seats: &Arc<Seats>) -> Vec<Seat> {
        (0..16).map(|n| seats.take(&at(n)).unwrap()).collect()
    }

    #[test]
    fn the_oldest_that_never_sent_a_request_gives_way_to_whoever_has_none() {
        let seats = Seats::new(16);
        let held = full(&seats);
        drop(activity(&held[0]).begin());
        drop(activity(&held[2]));
        let newcomers: Vec<Seat> = (100..103).map(|n| seats.take(&at(n)).unwrap()).collect();
        assert_eq!(gave_way(&held), [1, 2, 3]);
        assert_eq!(seats.shares.taken(), 16);
        assert_eq!(seats.take(&at(5)).unwrap_err(), Short::Whole, "who has one takes none of another's");
        assert_eq!(gave_way(&held), [1, 2, 3]);
        drop((held, newcomers));
        let open = seats.open();
        assert_eq!((seats.shares.taken(), open.without_request.len(), open.others.len()), (0, 0, 0));
    }

    #[test]
    fn one_that_is_idle_gives_way_where_all_sent_requests_and_none_does_that_has_one_in_progress() {
        let seats = Seats::new(16);
        let held = full(&seats);
        let activities: Vec<_> = held.iter().map(activity).collect();
        let mut in_progress: Vec<_> = activities.iter().map(Activity::begin).collect();
        assert_eq!(seats.take(&at(100)).unwrap_err(), Short::Whole);
        in_progress.remove(7);
        let newcomer = seats.take(&at(100)).unwrap();
        assert_eq!(gave_way(&held), [7]);
        drop(activity(&newcomer).begin());
        let _another = seats.take(&at(101)).unwrap();
        assert_eq!(gave_way(&[newcomer]), [0]);
    }
}
