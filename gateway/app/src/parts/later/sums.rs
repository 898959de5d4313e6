//! The embedded store of sums, once it opens.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, Row};
use tallygate_sums::{EmbeddedSums, Notices, Sums, SumsError};

use super::Later;

#[async_trait]
impl Sums for Later<EmbeddedSums, SumsError> {
    async fn generations(&self) -> Result<Vec<Generation>, SumsError> {
        self.there().await?.generations().await
    }

    async fn add_generation(&self, generation: &Generation) -> Result<bool, SumsError> {
        self.there().await?.add_generation(generation).await
    }

    async fn read(
        &self,
        aggregate: Aggregate,
        day: Day,
        partition: u32,
        key: Option<&str>,
    ) -> Result<Vec<Row>, SumsError> {
        self.there().await?.read(aggregate, day, partition, key).await
    }

    async fn upsert(&self, rows: &[Row]) -> Result<(), SumsError> {
        self.there().await?.upsert(rows).await
    }

    async fn days(&self, partition: u32) -> Result<BTreeSet<Day>, SumsError> {
        self.there().await?.days(partition).await
    }
}

#[async_trait]
impl Notices for Later<EmbeddedSums, SumsError> {
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError> {
        self.there().await?.tell(notice).await
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        self.there().await?.notices().await
    }
}
