//! The contract of the stream's port, run by every implementation, and what each promises beyond it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod embedded;
mod fixture;
mod kafka;
mod outage;
mod promises;
mod zombie;

/// One test for each promise, against a fixture of its own.
#[macro_export]
macro_rules! contract {
    ($make:expr) => {
        contract!(@each $make;
            records_of_a_partition_come_in_order_and_whole,
            records_bear_the_time_of_their_append,
            what_was_appended_several_times_is_there_several_times,
            a_commit_shows_rows_dead_letters_and_positions_together,
            a_commit_that_was_refused_shows_nothing_and_the_next_one_goes_through,
            the_next_owner_is_told_what_was_committed,
            each_partition_has_one_owner_and_is_handed_over,
            a_former_owner_is_fenced_and_shows_nothing,
            a_fenced_subscription_lives_on,
            an_owner_that_is_told_may_finish_its_commit,
            a_partition_starts_where_the_planner_says,
            a_start_that_the_log_does_not_have_is_refused,
            a_follower_says_each_time_that_it_caught_up,
            a_follower_starts_where_it_is_told,
            bounds_tell_what_is_held_and_what_was_committed,
            not_taking_records_does_not_lose_the_ownership,
            a_partition_beyond_the_last_is_refused,
        );
    };
    (@each $make:expr; $($promise:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let fixture = $make;
                tokio::time::timeout($crate::fixture::PATIENCE, $crate::promises::$promise(&fixture))
                    .await
                    .expect("the promise is kept in time");
            }
        )*
    };
}
