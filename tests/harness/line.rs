//! Two processes of each role.

use super::process::Process;
use super::site::Site;

/// A line of which any process may die.
pub struct Line {
    pub gateways: [Process; 2],
    pub shippers: [Process; 2],
    pub aggregators: [Process; 2],
    pub consoles: [Process; 2],
}

impl Line {
    /// Of a site's processes, all of them up.
    pub fn up(site: &Site) -> Self {
        let line = Self::of(site);
        line.processes().for_each(Process::start);
        line.processes().for_each(Process::wait_until_up);
        line
    }

    /// Of a site's processes, none of them started.
    pub fn of(site: &Site) -> Self {
        let pair = |role: &str| [1, 2].map(|n| site.process(&format!("{role}-{n}"), role));
        Self {
            gateways: pair("gateway"),
            shippers: pair("shipper"),
            aggregators: pair("aggregator"),
            consoles: pair("console"),
        }
    }

    /// All of them, each role's together.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        [&self.gateways, &self.shippers, &self.aggregators, &self.consoles].into_iter().flatten()
    }

    /// Where partners send to.
    pub fn ports(&self) -> [u16; 2] {
        self.gateways.each_ref().map(|gateway| gateway.partners_port)
    }

    /// Ends all, as an operator would.
    pub fn stop(&self) {
        for process in self.processes() {
            assert!(process.stop().success(), "{}: {}", process.name, process.last_words());
        }
    }
}
