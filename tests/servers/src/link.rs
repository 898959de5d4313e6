//! The way from one node of a cluster to another, which can be cut as a network is: in silence, its connections open.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// Changes the first bytes of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Mend {
    Nothing,
    /// Erlang's port mapper names this port instead.
    PortNamed(u16),
}

/// The tag of the port mapper's answer to the question for a node's port, before a zero that says it is known.
const PORT_RESPONSE: u8 = 119;
const CHUNK: usize = 64 * 1024;
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// Takes connections at an address of its own and passes on what comes, both ways, unless it is cut.
pub(crate) struct Link {
    state: Arc<State>,
    address: SocketAddr,
}

#[derive(Default)]
struct State {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Whole,
    Cut,
    Over,
}

impl Link {
    /// From this address to the port of the node that listens on 127.0.0.1; what it answers first is seen to by `mend`.
    pub(crate) fn start(address: SocketAddr, port: u16, mend: Mend) -> Result<Link> {
        let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address} for a node"))?;
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.is_over() {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || pass_on(stream, port, mend, &shared));
            }
        });
        Ok(Link { state, address })
    }

    /// From now on nothing comes through, and nobody is told.
    pub(crate) fn cut(&self) {
        self.state.turn(Phase::Cut);
    }

    /// What was held up goes on, as packets that are sent again do.
    pub(crate) fn heal(&self) {
        self.state.turn(Phase::Whole);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.state.turn(Phase::Over);
        // Wakes up who waits for connections.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl State {
    fn turn(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        self.changed.notify_all();
    }

    fn is_over(&self) -> bool {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) == Phase::Over
    }

    /// Waits while it is cut; false when it is over.
    fn is_whole(&self) -> bool {
        let phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let phase = self.changed.wait_while(phase, |phase| *phase == Phase::Cut);
        *phase.unwrap_or_else(PoisonError::into_inner) == Phase::Whole
    }
}

impl Mend {
    fn apply(self, answer: &mut [u8]) {
        if let (Self::PortNamed(port), [PORT_RESPONSE, 0, high, low, ..]) = (self, answer) {
            [*high, *low] = port.to_be_bytes();
        }
    }
}

fn pass_on(near: TcpStream, port: u16, mend: Mend, state: &Arc<State>) {
    if !state.is_whole() {
        return;
    }
    let node = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // A node that is down refuses; dropping the near side tells so.
    let Ok(far) = TcpStream::connect_timeout(&node, CONNECTED_WITHIN) else { return };
    let (Ok(near_too), Ok(far_too)) = (near.try_clone(), far.try_clone()) else { return };
    let (_, _) = (near.set_nodelay(true), far.set_nodelay(true));
    let back = Arc::clone(state);
    thread::spawn(move || copy(far_too, near_too, mend, &back));
    copy(near, far, Mend::Nothing, state);
}

fn copy(mut from: TcpStream, mut to: TcpStream, mend: Mend, state: &State) {
    let (mut chunk, mut is_first) = (vec![0; CHUNK], true);
    loop {
        let read = from.read(&mut chunk).unwrap_or(0);
        if std::mem::take(&mut is_first) {
            mend.apply(&mut chunk[..read]);
        }
        if !state.is_whole() || read == 0 || to.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    // The end is passed on too, once it can be.
    let (_, _) = (to.shutdown(Shutdown::Write), from.shutdown(Shutdown::Read));
}
