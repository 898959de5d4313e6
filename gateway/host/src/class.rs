//! The two classes of policies: what a component needs says which it is of, and neither pays for what the other may use.
//!
//! Most components are a module with its bindings and some hundred KiB of memory. Those that bring a language's whole runtime,
//! such as JavaScript's, begin with many MiB, and may consist of many modules.

use wasmparser::{Instance, Parser, Payload};

use crate::limits;

/// Which of the engine's pools a policy's instances are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Small,
    Large,
}

/// What an instance of a component takes of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    core_instances: u64,
    memories: u64,
    /// What its memories begin with, all together, in bytes.
    memory: u64,
    tables: u64,
    /// What the largest of them begins with.
    table_elements: u64,
}

impl Class {
    /// The class of a component. One that cannot be read is no large one; whoever compiles it says what is wrong.
    pub(crate) fn of(component: &[u8]) -> Self {
        Needs::of(component).map_or(Self::Small, |needs| needs.class())
    }

    /// As an artefact has it.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Small => 0,
            Self::Large => 1,
        }
    }

    /// None: there is no such class.
    pub(crate) fn of_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Small),
            1 => Some(Self::Large),
            _ => None,
        }
    }
}

impl Needs {
    /// What a component's own sections say, those of its modules too. A module that is instantiated twice counts once: there
    /// is none, as such a component cannot be configured.
    fn of(component: &[u8]) -> wasmparser::Result<Self> {
        let mut needs = Self::default();
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::InstanceSection(instances) => {
                    for instance in instances {
                        needs.core_instances += u64::from(matches!(instance?, Instance::Instantiate { .. }));
                    }
                }
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        let memory = memory?;
                        let page = 1_u64 << memory.page_size_log2.unwrap_or(16).min(16);
                        needs.memories += 1;
                        needs.memory = needs.memory.saturating_add(memory.initial.saturating_mul(page));
                    }
                }
                Payload::TableSection(tables) => {
                    for table in tables {
                        needs.tables += 1;
                        needs.table_elements = needs.table_elements.max(table?.ty.initial);
                    }
                }
                _ => {}
            }
        }
        Ok(needs)
    }

    fn class(self) -> Class {
        let small = self.core_instances <= u64::from(limits::CORE_INSTANCES)
            && self.memories <= u64::from(limits::MEMORIES)
            && self.memory <= limits::MEMORY_SMALL as u64
            && self.tables <= u64::from(limits::TABLES)
            && self.table_elements <= limits::TABLE_ELEMENTS as u64;
        if small { Class::Small } else { Class::Large }
    }
}
