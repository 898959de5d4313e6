//! The write timestamp of a row, by which Cassandra keeps the newer of two whatever the order of their arrival.

use tallygate_core::Row;

use super::options::CassandraOptions;
use super::rows::signed;

impl CassandraOptions {
    /// The offset of the row's last record + 1: a zombie's older write loses, and an equal one is equal (rule 10).
    pub(super) fn write_timestamp(&self, row: &Row) -> i64 {
        #[cfg(feature = "faults")]
        if self.without_fence {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            return since.map_or(0, |since| since.as_micros() as i64);
        }
        signed(row.offset).saturating_add(1)
    }
}
