//! What callers share, such as connections or memory: how much of it each of them may have.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who has a share: a caller that is known by name, or else where it calls from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Someone who has shown who it is.
    Known(Arc<str>),
    /// An address; of IPv6 the first 64 bits, since whoever has one address there has all of these.
    At(IpAddr),
}

/// A resource that callers share, counted in units such as bytes.
///
/// Three quarters are lent to whoever asks first. The last quarter never is: it is for those who have little. Of what is
/// left of it, a holder may take as long as all that it has is at most three times what it leaves, so that there is always
/// some for the next one. Half of that quarter is for known holders alone and half for addresses, so that many addresses
/// cannot take what is the known ones', or the other way around. What comes back fills the last quarter first; so what is
/// borrowed shrinks while others need it.
#[derive(Debug)]
pub struct Shares {
    /// How many units may be lent.
    lendable: usize,
    /// The units kept for each class of holders.
    kept: [usize; CLASSES],
    state: Mutex<State>,
}

/// What a holder has taken; given back when dropped.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    holder: Holder,
    amount: usize,
}

/// There is not as much as was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Short {
    /// There is for others, but this holder has its share.
    #[error("the caller has its share")]
    Share,
    /// Nobody would get it.
    #[error("there is no more")]
    Whole,
}

#[derive(Debug, Default)]
struct State {
    lent: usize,
    taken: [usize; CLASSES],
    /// Those who have anything.
    holders: HashMap<Holder, usize>,
}

/// How many times what it leaves for others a holder may have of what is kept.
const TIMES_WHAT_IS_LEFT: usize = 3;
const CLASSES: usize = 2;

impl Holder {
    /// Whoever calls from this address.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self::At(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        })
    }

    fn class(&self) -> usize {
        match self {
            Self::Known(_) => 0,
            Self::At(_) => 1,
        }
    }
}

impl Shares {
    /// A resource that both known holders and addresses share.
    #[must_use]
    pub fn new(capacity: usize) -> Arc<Self> {
        Self::keeping(capacity, [capacity / 8; CLASSES])
    }

    /// A resource whose holders are all addresses, since it is taken before anyone can show who it is.
    #[must_use]
    pub fn among_addresses(capacity: usize) -> Arc<Self> {
        Self::keeping(capacity, [0, capacity / 4])
    }

    fn keeping(capacity: usize, kept: [usize; CLASSES]) -> Arc<Self> {
        let lendable = capacity - kept.iter().sum::<usize>();
        Arc::new(Self { lendable, kept, state: Mutex::default() })
    }

    /// Takes so many units for a holder.
    ///
    /// # Errors
    /// When it cannot have as many now.
    pub fn take(self: &Arc<Self>, holder: &Holder, amount: usize) -> Result<Share, Short> {
        self.lend(holder, amount)?;
        Ok(Share { shares: self.clone(), holder: holder.clone(), amount })
    }

    /// Whether a holder has any.
    pub(crate) fn has_any(&self, holder: &Holder) -> bool {
        self.state().holders.contains_key(holder)
    }

    /// How many units are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        let state = self.state();
        state.lent + state.taken.iter().sum::<usize>()
    }

    fn lend(&self, holder: &Holder, amount: usize) -> Result<(), Short> {
        if amount == 0 {
            return Ok(());
        }
        let class = holder.class();
        let mut state = self.state();
        let has = state.holders.get(holder).copied().unwrap_or(0);
        if amount <= self.lendable - state.lent {
            state.lent += amount;
        } else {
            let left = (self.kept[class] - state.taken[class]).checked_sub(amount).ok_or(Short::Whole)?;
            // One unit is to be had as long as there is one, however few there are altogether.
            if has.saturating_add(amount) > left.saturating_mul(TIMES_WHAT_IS_LEFT).saturating_add(1) {
                return Err(if has == 0 { Short::Whole } else { Short::Share });
            }
            state.taken[class] += amount;
        }
        match state.holders.get_mut(holder) {
            Some(has) => *has += amount,
            None => {
                state.holders.insert(holder.clone(), amount);
            }
        }
        Ok(())
    }

    fn give_back(&self, holder: &Holder, amount: usize) {
        if amount == 0 {
            return;
        }
        let mut state = self.state();
        let mut rest = amount;
        let own = holder.class();
        for class in [own, CLASSES - 1 - own] {
            let filled = rest.min(state.taken[class]);
            state.taken[class] -= filled;
            rest -= filled;
        }
        state.lent -= rest;
        if let Some(has) = state.holders.get_mut(holder) {
            *has -= amount;
            if *has == 0 {
                state.holders.remove(holder);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// How many units it is.
    #[must_use]
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Takes so many units more.
    ///
    /// # Errors
    /// When the holder cannot have as many now; the share is as it was then.
    pub fn grow(&mut self, by: usize) -> Result<(), Short> {
        self.shares.lend(&self.holder, by)?;
        self.amount += by;
        Ok(())
    }

    /// Gives back what is beyond so many units.
    pub fn shrink_to(&mut self, amount: usize) {
        let back = self.amount.saturating_sub(amount);
        self.amount -= back;
        self.shares.give_back(&self.holder, back);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shares.give_back(&self.holder, self.amount);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(name: &str) -> Holder {
        Holder::Known(name.into())
    }

    fn address(last: u8) -> Holder {
        Holder::at([10, 0, 0, last].into())
    }

    /// Takes one unit after another, as long as there are any.
    fn all(shares: &Arc<Shares>, holder: &Holder) -> Vec<Share> {
        std::iter::from_fn(|| shares.take(holder, 1).ok()).collect()
    }

    #[test]
    fn a_quarter_is_never_lent_and_known_holders_have_half_of_it_whatever_addresses_do() {
        let shares = Shares::new(1024);
        let greedy = all(&shares, &address(1));
        assert_eq!((greedy.len(), shares.take(&address(1), 1).unwrap_err()), (768, Short::Share));
        let others: Vec<Share> = (2..=255).flat_map(|last| all(&shares, &address(last))).collect();
        assert_eq!(others.len(), 128, "all that is kept for addresses");
        assert_eq!(shares.take(&address(9), 1).unwrap_err(), Short::Whole);
        assert_eq!(all(&shares, &known("a")).len(), 96, "three quarters of what is kept for known ones");
        let many: Vec<Share> = (0..100).flat_map(|n| all(&shares, &known(&n.to_string()))).collect();
        assert_eq!((many.len(), shares.taken()), (128, 1024));
    }

    #[test]
    fn what_is_borrowed_shrinks_while_others_need_it() {
        let shares = Shares::new(1024);
        let mut greedy = all(&shares, &known("greedy"));
        let modest = all(&shares, &known("modest"));
        assert_eq!((greedy.len(), modest.len()), (768, 96));
        // Whatever it gives back and asks for again, it does not get before the last quarter is full.
        for _ in 0..96 {
            greedy.pop();
            assert!(shares.take(&known("greedy"), 1).is_err());
        }
        greedy.pop();
        assert!(shares.take(&known("greedy"), 1).is_ok());
    }

    #[test]
    fn whoever_has_one_address_of_a_network_of_ipv6_has_them_all() {
        let at = |text: &str| Holder::at(text.parse().unwrap());
        assert_eq!(at("2001:db8:0:1::1"), at("2001:db8:0:1:ffff::2"));
        assert_ne!(at("2001:db8:0:1::1"), at("2001:db8:0:2::1"));
        assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
        assert_ne!(at("10.0.0.2"), at("10.0.0.1"));
    }

    #[test]
    fn of_a_few_units_all_can_be_had() {
        for capacity in 1..8 {
            for shares in [Shares::new(capacity), Shares::among_addresses(capacity)] {
                let one = all(&shares, &address(1));
                let others: Vec<Share> = (2..=9).flat_map(|last| all(&shares, &address(last))).collect();
                assert_eq!(one.len() + others.len(), capacity, "{capacity}");
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Take(usize, usize),
        Grow(usize, usize),
        Shrink(usize, usize),
        Drop(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..6_usize, 0..300_usize).prop_map(|(holder, amount)| Step::Take(holder, amount)),
            1 => (any::<usize>(), 0..300_usize).prop_map(|(share, by)| Step::Grow(share, by)),
            1 => (any::<usize>(), 0..300_usize).prop_map(|(share, to)| Step::Shrink(share, to)),
            2 => any::<usize>().prop_map(Step::Drop),
        ]
    }

    proptest! {
        #[test]
        fn never_more_is_taken_than_there_is_a_newcomer_gets_some_and_all_comes_back(
            capacity in 64..4000_usize,
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let shares = Shares::new(capacity);
            let holders = [known("a"), known("b"), known("c"), address(1), address(2), address(3)];
            let mut held: Vec<Share> = Vec::new();
            for step in steps {
                let which = |index: usize| (!held.is_empty()).then(|| index % held.len());
                match step {
                    Step::Take(holder, amount) => held.extend(shares.take(&holders[holder], amount)),
                    Step::Grow(share, by) => if let Some(at) = which(share) { let _ = held[at].grow(by); },
                    Step::Shrink(share, to) => if let Some(at) = which(share) { held[at].shrink_to(to); },
                    Step::Drop(share) => if let Some(at) = which(share) { held.swap_remove(at); },
                }
                prop_assert_eq!(shares.taken(), held.iter().map(Share::amount).sum::<usize>());
                prop_assert!(shares.taken() <= capacity);
                let state = shares.state();
                prop_assert!(state.lent <= shares.lendable);
                prop_assert!(state.taken.iter().zip(shares.kept).all(|(taken, kept)| *taken <= kept));
                for holder in &holders {
                    let has = held.iter().filter(|share| share.holder == *holder).map(Share::amount).sum::<usize>();
                    prop_assert_eq!(state.holders.get(holder).copied().unwrap_or(0), has);
                    prop_assert!(has <= shares.lendable + capacity / 8);
                }
                drop(state);
                // Three holders of a class can take all but a little of what is kept for it, one after the other.
                let newcomer = shares.take(&known("newcomer"), 1);
                prop_assert!(newcomer.is_ok() || capacity / 8 < 64 * 2, "{:?}", newcomer);
            }
            drop(held);
            prop_assert_eq!(shares.taken(), 0);
            prop_assert!(shares.state().holders.is_empty());
            prop_assert_eq!(all(&shares, &known("alone")).len(), shares.lendable);
        }
    }
}
