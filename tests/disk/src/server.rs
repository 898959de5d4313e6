//! The process that serves a disk.

use std::fmt::{self, Display};
use std::io::{self, BufRead};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use fuser::{BackgroundSession, Config, MountOption};

use crate::filesystem::Mounted;
use crate::image::Image;
use crate::{Fault, Syncs};

/// The variable that says where the disk is to be mounted.
pub(crate) const SERVED_AT: &str = "TALLYGATE_TEST_DISK";
/// What an answer begins with.
pub(crate) const ANSWER: &str = "disk: ";

/// What a disk can be told, a line each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Fault(Fault),
    Syncs(Syncs),
    Failed,
    Cut(u64),
}

struct Server<'p> {
    image: Arc<Mutex<Image>>,
    session: Option<BackgroundSession>,
    at: &'p Path,
}

const FAULTS: [(&str, Fault); 5] = [
    ("well", Fault::None),
    ("full", Fault::Full),
    ("read-only", Fault::ReadOnly),
    ("one-sync-fails", Fault::OneSyncFails),
    ("syncs-fail", Fault::SyncsFail),
];
const SYNCS: [(&str, Syncs); 3] =
    [("kept", Syncs::Kept), ("files-forgotten", Syncs::FilesForgotten), ("folders-forgotten", Syncs::FoldersForgotten)];

/// Serves a disk until the one who asked for it is gone.
///
/// # Errors
/// When nobody asked for one, or it cannot be mounted.
pub fn serve() -> io::Result<()> {
    let at = std::env::var_os(SERVED_AT).ok_or_else(|| io::Error::other(format!("{SERVED_AT} is not set")))?;
    let mut server = Server { image: Arc::new(Mutex::new(Image::new())), session: None, at: Path::new(&at) };
    server.mount()?;
    println!("\n{ANSWER}0");
    for line in io::stdin().lock().lines() {
        match line?.parse().map_err(io::Error::other).and_then(|order| server.obey(order)) {
            Ok(number) => println!("\n{ANSWER}{number}"),
            Err(error) => println!("\n{ANSWER}{error}"),
        }
    }
    server.unmount()
}

impl Server<'_> {
    fn obey(&mut self, order: Order) -> io::Result<u64> {
        match order {
            Order::Fault(fault) => self.with(|image| image.fault = fault),
            Order::Syncs(syncs) => self.with(|image| image.syncs = syncs),
            Order::Failed => return Ok(self.with(|image| image.failed)),
            Order::Cut(seed) => {
                self.unmount()?;
                let unsynced = self.with(|image| image.cut(seed));
                self.mount()?;
                return Ok(unsynced);
            }
        }
        Ok(0)
    }

    fn mount(&mut self) -> io::Result<()> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("tallygate-disk".to_owned()), MountOption::NoAtime];
        self.session = Some(fuser::spawn_mount(Mounted(Arc::clone(&self.image)), self.at, &config)?);
        Ok(())
    }

    fn unmount(&mut self) -> io::Result<()> {
        self.session.take().map_or(Ok(()), BackgroundSession::umount_and_join)
    }

    fn with<T>(&self, then: impl FnOnce(&mut Image) -> T) -> T {
        then(&mut self.image.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => write!(f, "fault {}", name(&FAULTS, *fault)),
            Self::Syncs(syncs) => write!(f, "syncs {}", name(&SYNCS, *syncs)),
            Self::Failed => f.write_str("failed"),
            Self::Cut(seed) => write!(f, "cut {seed}"),
        }
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("unknown order {text:?}");
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "fault" => called(&FAULTS, rest).map(Self::Fault).ok_or_else(unknown),
            "syncs" => called(&SYNCS, rest).map(Self::Syncs).ok_or_else(unknown),
            "failed" => Ok(Self::Failed),
            "cut" => rest.parse().map(Self::Cut).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

fn name<T: PartialEq>(names: &[(&'static str, T)], of: T) -> &'static str {
    names.iter().find(|(_, one)| *one == of).map_or("", |(name, _)| name)
}

fn called<T: Copy>(names: &[(&'static str, T)], text: &str) -> Option<T> {
    names.iter().find(|(name, _)| *name == text).map(|(_, one)| *one)
}
