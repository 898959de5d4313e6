//! A policy for tests of the sandbox: it does what the message's body asks for, and none of it may harm anyone else.

use tallygate_policy::{ConfigFault, Message, Outcome, Policy, Refusal, Reply, export};

struct Hostile;

/// More than any policy is given.
const MEMORY_MOST: usize = 1 << 30;

impl Policy for Hostile {
    fn configure(_config: &str) -> Result<Self, ConfigFault> {
        Ok(Hostile)
    }

    fn handle(&self, message: Message) -> Outcome {
        match &*message.body {
            b"trap" => panic!("as the message asked for"),
            b"loop" => turn_forever(),
            b"memory" => take_memory(),
            b"recursion" => Reply::text(200, descend(1).to_string()).into(),
            b"bad-status" => Reply::text(42, "no such status").into(),
            b"refuse" => Refusal::new(422, "asked-for", "as the message asked for").into(),
            _ => Reply::text(200, "nothing hostile\n").into(),
        }
    }
}

export!(Hostile);

fn turn_forever() -> ! {
    let mut turns = 0_u64;
    loop {
        // The compiler may not see through it, or the loop would be gone.
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

fn take_memory() -> Outcome {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    while taken.len() << 20 < MEMORY_MOST {
        taken.push(std::hint::black_box(vec![1; 1 << 20]));
    }
    Reply::text(200, "there was memory without end\n").into()
}

#[allow(unconditional_recursion, reason = "it is there to run out of stack")]
fn descend(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    descend(depth + 1) + frame[63]
}
