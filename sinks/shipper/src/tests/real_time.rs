//! Calls that take their time although the clock is paused.

/// A paused clock runs on when there is nothing but time to wait for, and a commit is nothing that it knows of; a blocking task
/// holds it.
pub(super) async fn in_real_time<T>(call: impl Future<Output = T>) -> T {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let hold = tokio::task::spawn_blocking(move || {
        let _ = wait.recv();
    });
    let outcome = call.await;
    drop(done);
    hold.await.unwrap();
    outcome
}
