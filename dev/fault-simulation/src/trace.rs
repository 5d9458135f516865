//! The steps of a run, one by one: always as a hash, on demand as text.

use std::fmt::{self, Write};

/// FNV-1a with 64 bits: two runs of one seed must come to the same number.
struct Hash(u64);

impl Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        Ok(())
    }
}

/// The steps of one run.
pub(crate) struct Trace {
    hash: Hash,
    steps: Option<Vec<String>>,
}

impl Trace {
    /// Text is kept only when it will be read: most runs need the hash alone.
    pub(crate) fn new(keep: bool) -> Self {
        Self { hash: Hash(0xCBF2_9CE4_8422_2325), steps: keep.then(Vec::new) }
    }

    pub(crate) fn step(&mut self, at_ms: u128, what: fmt::Arguments<'_>) {
        // Writing to a hash cannot fail.
        writeln!(self.hash, "{at_ms} {what}").unwrap_or_default();
        if let Some(steps) = &mut self.steps {
            steps.push(format!("{:>5}.{:03} s  {what}", at_ms / 1000, at_ms % 1000));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.0
    }

    pub(crate) fn take_steps(&mut self) -> Vec<String> {
        self.steps.take().unwrap_or_default()
    }
}
