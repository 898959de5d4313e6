//! A letter that may go back, or why it may not.

use tallygate_console::replays::RefusedLine;
use tallygate_core::day::Zone;
use tallygate_core::partition::partition;
use tallygate_core::{Identity, PartitionBy, Transaction, Violation};
use tallygate_front::{DayRange, KeyScopes};
use tallygate_reading::dead_letters::{Mended, Original, Position, Refused};

use super::mark::mark;

/// A letter that may go back.
pub(super) struct Ready {
    pub(super) line: u64,
    pub(super) at: Position,
    pub(super) partner: String,
    pub(super) policy: String,
    pub(super) version: String,
    pub(super) traceparent: Option<String>,
    /// One, as a list: what takes it wants lists.
    pub(super) transaction: Vec<Transaction>,
}

/// Why one may not.
pub(super) enum NotReady {
    /// It still lies outside the horizon.
    Outside(Refused),
    /// Anything else.
    Refused(Refused),
}

/// What all letters of a replay are checked by.
pub(super) struct Terms<'t> {
    pub(super) zone: &'t Zone,
    /// What partners are bound to, where this process's configuration knows them.
    pub(super) keys: &'t KeyScopes,
    pub(super) days: DayRange,
    pub(super) by: &'t str,
    pub(super) unix_millis: i64,
    /// What decides the log partition of a record, and how many there are.
    pub(super) partitions: (PartitionBy, u32),
}

impl Terms<'_> {
    /// Checks a line as the partners' side checks what a policy accepted.
    pub(super) fn check(&self, line: u64, mended: &Mended, original: Option<&Original>) -> Result<Ready, NotReady> {
        let refused = |field: &str, problem: &str| {
            NotReady::Refused(Refused { field: field.to_owned(), problem: problem.to_owned() })
        };
        let original = original.ok_or_else(|| refused("at", "no dead letter stands there, or not any more"))?;
        let unknown = "is not known of the letter, so it cannot be replayed; its partner can send it again";
        let partner = original.partner.clone().ok_or_else(|| refused("partner", unknown))?;
        let policy = original.policy.clone().ok_or_else(|| refused("policy", unknown))?;
        let mut draft = mended.draft(original).map_err(NotReady::Refused)?;
        mark(&mut draft, self.by, self.unix_millis, mended.at);
        let transaction = Transaction::check_all(vec![draft], &partner, self.zone)
            .map_err(|violation| NotReady::Refused(of_letter(violation)))?;
        self.keys.check(&partner, &transaction).map_err(|violation| NotReady::Refused(of_letter(violation)))?;
        self.days.check(&transaction).map_err(|violation| NotReady::Outside(of_letter(violation)))?;
        self.stays_with_its_identity(mended.at, &partner, &policy, &transaction[0]).map_err(NotReady::Refused)?;
        Ok(Ready {
            line,
            at: mended.at,
            partner,
            policy,
            version: original.version.clone().unwrap_or_default(),
            traceparent: original.traceparent.clone(),
            transaction,
        })
    }
}

impl Terms<'_> {
    /// A log partition knows its own identities alone: in another one the letter would count once more.
    fn stays_with_its_identity(
        &self,
        at: Position,
        partner: &str,
        policy: &str,
        transaction: &Transaction,
    ) -> Result<(), Refused> {
        let identity = Identity::of(partner, policy, &transaction.id);
        let (by, count) = self.partitions;
        let goes_to = partition(by, &transaction.key, identity, count);
        if goes_to == at.partition {
            return Ok(());
        }
        Err(Refused {
            field: "transaction.key".to_owned(),
            problem: format!(
                "{:?} belongs to log partition {goes_to}, and the letter to {}, which alone knows whether it counted already: a \
                 key of that partition would be right, or its partner sends it as another transaction",
                transaction.key, at.partition
            ),
        })
    }
}

impl Ready {
    /// That it does not go back after all.
    pub(super) fn refused(&self, field: &str, problem: String) -> RefusedLine {
        refused_line(self.line, Some(self.at), Refused { field: field.to_owned(), problem })
    }
}

/// A refusal as the operator gets it.
pub(super) fn refused_line(line: u64, at: Option<Position>, refused: Refused) -> RefusedLine {
    let Refused { field, problem } = refused;
    RefusedLine { line, at: at.map(|at| at.to_string()), field, problem }
}

/// There is one transaction in a letter, and it stands in a field of that name.
fn of_letter(violation: Violation) -> Refused {
    Refused {
        field: violation.field.replacen("transactions/0", "transaction", 1).replace('/', "."),
        problem: violation.problem,
    }
}
