//! A writer that nobody waits for: lines go out on a thread of its own, and those that there is no room for are dropped and
//! counted.
//!
//! tracing-appender would do this by lines, which are no bound in bytes; it does not count what a pipe without a reader did
//! not take; and at the end it prints to standard output, where that may panic or wait for ever.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

/// What may wait to be written, in bytes; as much again may be in writing, which makes it some 16 MiB at most.
pub(crate) const WAITING_BYTES: usize = 8 * 1024 * 1024;
/// The longest line, in bytes; a longer one is cut.
pub(crate) const LINE_BYTES: usize = 16 * 1024;
/// How long the end of a process waits for what has not been written yet.
pub(crate) const FLUSH_TIME: Duration = Duration::from_secs(1);
/// A buffer that grew beyond this, in bytes, is given back once it is empty.
const KEPT_BYTES: usize = 64 * 1024;
/// The pause after a terminal or a pipe took nothing although it was told not to make anybody wait.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the thread waits after a write: what comes meanwhile shares the next one, and wakes nobody.
const GATHER: Duration = Duration::from_millis(1);
/// What a line that was cut ends with.
const CUT: &[u8] = "… (cut)\n".as_bytes();

/// The writer; cloning it shares it. Each write is a line.
#[derive(Clone, Debug)]
pub(crate) struct Lossy(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    more: Condvar,
    written: Condvar,
    dropped: Counter,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
    /// The thread waits to be woken.
    idle: bool,
}

impl Lossy {
    /// Starts the thread, which ends with the process.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(name: &str, to: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            more: Condvar::new(),
            written: Condvar::new(),
            dropped: Counter::default(),
        });
        let writing = shared.clone();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || writing.write(to))?;
        Ok(Self(shared))
    }

    /// Lines that were dropped, for want of room or because what they were written to did not take them.
    pub(crate) fn dropped(&self) -> Counter {
        self.0.dropped.clone()
    }

    /// Hands on a line; never waits for whoever reads it.
    pub(crate) fn line(&self, line: &[u8]) {
        let (line, end) = match line.len() > LINE_BYTES {
            true => (&line[..boundary(line, LINE_BYTES)], CUT),
            false => (line, &b""[..]),
        };
        let mut state = self.0.lock();
        if state.waiting.len() + line.len() + end.len() > WAITING_BYTES {
            drop(state);
            self.0.dropped.inc();
            return;
        }
        state.waiting.extend_from_slice(line);
        state.waiting.extend_from_slice(end);
        // Each notice is a system call, whether or not the thread waits for it.
        let wakes = std::mem::take(&mut state.idle);
        drop(state);
        if wakes {
            self.0.more.notify_one();
        }
    }

    /// Waits until all that was handed on has been written, at most for [`FLUSH_TIME`].
    pub(crate) fn flush(&self) {
        let unwritten = |state: &mut State| state.writing || !state.waiting.is_empty();
        let _ = self.0.written.wait_timeout_while(self.0.lock(), FLUSH_TIME, unwritten);
    }
}

impl Write for Lossy {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes, for as long as the process lives.
    fn write(&self, mut to: impl Write) {
        let (mut batch, mut told) = (Vec::new(), 0);
        loop {
            let is_idle = |state: &mut State| {
                state.idle = state.waiting.is_empty();
                state.idle
            };
            let waiting = self.more.wait_while(self.lock(), is_idle);
            let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut batch, &mut state.waiting);
            state.writing = true;
            drop(state);
            let unwritten = write_all(&mut to, &batch);
            self.dropped.inc_by(unwritten.iter().filter(|&&byte| byte == b'\n').count() as u64);
            // Once it takes lines again, one of them says how many it did not.
            let dropped = self.dropped.get();
            if unwritten.is_empty() && dropped > told {
                tracing::warn!(dropped = dropped - told, "lines were dropped that should stand before this one");
                told = dropped;
            }
            batch.clear();
            batch.shrink_to(KEPT_BYTES);
            self.lock().writing = false;
            self.written.notify_all();
            std::thread::sleep(GATHER);
        }
    }
}

/// Writes what can be written, and returns what cannot.
fn write_all<'b>(to: &mut impl Write, mut bytes: &'b [u8]) -> &'b [u8] {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => break,
            Ok(written) => bytes = &bytes[written.min(bytes.len())..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    bytes
}

/// Where a text can be cut so that it stays UTF-8.
fn boundary(text: &[u8], most: usize) -> usize {
    let is_boundary = |&at: &usize| text.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
    (0..=most).rev().find(is_boundary).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    /// Takes as many writes as are allowed, and tells of each.
    struct Slow {
        allowed: mpsc::Receiver<io::Result<()>>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.allowed.recv().unwrap_or(Ok(()))?;
            let _ = self.written.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Lossy, mpsc::Sender<io::Result<()>>, mpsc::Receiver<Vec<u8>>) {
        let ((allow, allowed), (written, writes)) = (mpsc::channel(), mpsc::channel());
        (Lossy::start("log", Slow { allowed, written }).unwrap(), allow, writes)
    }

    /// All that is written once everything may be.
    fn all(log: &Lossy, allow: mpsc::Sender<io::Result<()>>, writes: &mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
        drop(allow);
        log.flush();
        writes.try_iter().flatten().collect()
    }

    #[test]
    fn lines_are_written_in_order_and_whole() {
        let (log, allow, writes) = slow();
        for line in ["one\n", "two\n", "three\n"] {
            log.line(line.as_bytes());
        }
        assert_eq!(all(&log, allow, &writes), b"one\ntwo\nthree\n");
        assert_eq!(log.dropped().get(), 0);
    }

    #[test]
    fn what_nobody_reads_is_bounded_and_counted_and_nobody_waits() {
        let (log, allow, writes) = slow();
        let line = [b'x'; LINE_BYTES];
        let (lines, began) = (4 * WAITING_BYTES / LINE_BYTES, Instant::now());
        for _ in 0..lines {
            log.line(&line);
        }
        log.flush();
        assert!(began.elapsed() < FLUSH_TIME + Duration::from_secs(20));
        let dropped = log.dropped().get() as usize;
        let written = all(&log, allow, &writes).len();
        assert_eq!(written, (lines - dropped) * LINE_BYTES);
        assert!(written <= 2 * WAITING_BYTES, "{written}");
    }

    #[test]
    fn lines_that_are_not_taken_are_counted_and_the_next_ones_are_written() {
        let (log, allow, writes) = slow();
        log.line(b"lost\n");
        allow.send(Err(ErrorKind::BrokenPipe.into())).unwrap();
        log.flush();
        assert_eq!(log.dropped().get(), 1);
        log.line(b"not lost\n");
        assert_eq!(all(&log, allow, &writes), b"not lost\n");
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_between_two_characters() {
        let (log, allow, writes) = slow();
        log.line("č".repeat(LINE_BYTES).as_bytes());
        let written = String::from_utf8(all(&log, allow, &writes)).unwrap();
        assert_eq!(written, "č".repeat(LINE_BYTES / 2) + "… (cut)\n");
    }
}
