//! Tells those who read the sums which roles of this process stand, through the store that they read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tallygate_core::notice::RoleNotice;
use tallygate_reading::clock::now_millis;
use tallygate_sums::Notices;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::standing::{Reasons, Standing};
use crate::supervise::Supervisor;

/// How long a word stands before it is told again while a role stands: who is silent for 15 s is taken for dead.
const TELL_AGAIN: Duration = Duration::from_secs(4);
/// How long a process that stops may take to take its words back.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Tells under names of this process.
struct RoleTeller {
    notices: Arc<dyn Notices>,
    /// Of this process alone.
    process: String,
    /// Roles under whose name something else than nothing may stand.
    owed: BTreeSet<&'static str>,
}

/// Starts telling; no role waits for it.
pub(super) fn start(supervisor: &mut Supervisor, standing: &Standing, notices: Arc<dyn Notices>, grace: Duration) {
    let reasons = standing.changes();
    let process = uuid::Uuid::now_v7().simple().to_string();
    let teller = RoleTeller { notices, process, owed: BTreeSet::new() };
    supervisor.start("role notices", grace, |stop| async move {
        teller.tell_changes(reasons, &stop).await;
        Ok(())
    });
}

impl RoleTeller {
    /// Tells each change, and again while a role stands; when it is told to stop, that none does any more.
    async fn tell_changes(mut self, reasons: watch::Receiver<Reasons>, stop: &CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.turns(reasons) => {}
        }
        // It expires by itself where it cannot be told.
        let _ = timeout(LAST_WORDS, self.tell(&Reasons::new())).await;
    }

    async fn turns(&mut self, mut reasons: watch::Receiver<Reasons>) {
        loop {
            let now = reasons.borrow_and_update().clone();
            self.tell(&now).await;
            tokio::select! {
                Ok(()) = reasons.changed() => {}
                () = sleep(TELL_AGAIN) => {}
            }
        }
    }

    /// As often as the store takes: its calls end by themselves, and connecting to it may be up to this one alone.
    async fn tell(&mut self, now: &Reasons) {
        self.owed.extend(now.keys());
        for role in self.owed.clone() {
            let stands = now.get(role).cloned();
            let is_over = stands.is_none();
            let notice = RoleNotice { role: role.to_owned(), stands }.notice(&self.process, now_millis());
            match self.notices.tell(&notice).await {
                Ok(()) if is_over => drop(self.owed.remove(role)),
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, role, "readers cannot be told how the role does"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
