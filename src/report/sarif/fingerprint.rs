//! What tells a finding apart from others in the next run, when lines have moved.
//!
//! Knows: the rolling hash that GitHub's upload computes where a file brings none; it takes no other key than this one.
//! Must not know: SARIF's shape.

/// Characters that a hash looks at, from the start of its line on. Blanks and tabs are none.
const WINDOW: usize = 100;
const FACTOR: u64 = 37;
/// What stands behind the end of the file.
const END: u64 = 65_535;

/// The hash of each line, with how often it has occurred: `8b7cf3e952e7aeb2:1`.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut hashes = Rolling::default();
    let mut after_cr = false;
    for unit in text.encode_utf16() {
        match unit {
            0x20 | 0x09 => after_cr = false,
            0x0a if after_cr => after_cr = false,
            0x0d => {
                hashes.take(0x0a);
                after_cr = true;
            }
            unit => {
                hashes.take(u64::from(unit));
                after_cr = false;
            }
        }
    }
    hashes.take(END);
    hashes.finish()
}

/// A window over the characters, and the lines that begin in it.
struct Rolling {
    window: [u64; WINDOW],
    begins: [bool; WINDOW],
    at: usize,
    hash: u64,
    line_starts: bool,
    out: Vec<u64>,
}

impl Default for Rolling {
    fn default() -> Self {
        Self { window: [0; WINDOW], begins: [false; WINDOW], at: 0, hash: 0, line_starts: true, out: Vec::new() }
    }
}

impl Rolling {
    fn take(&mut self, unit: u64) {
        self.emit();
        self.begins[self.at] = self.line_starts;
        self.line_starts = unit == 0x0a;
        self.push(unit);
    }

    /// The line that begins where the window begins has all its characters.
    fn emit(&mut self) {
        if self.begins[self.at] {
            self.out.push(self.hash);
            self.begins[self.at] = false;
        }
    }

    fn push(&mut self, unit: u64) {
        let gone = std::mem::replace(&mut self.window[self.at], unit);
        let first = FACTOR.wrapping_pow(WINDOW as u32);
        self.hash = FACTOR.wrapping_mul(self.hash).wrapping_add(unit).wrapping_sub(first.wrapping_mul(gone));
        self.at = (self.at + 1) % WINDOW;
    }

    fn finish(mut self) -> Vec<String> {
        for _ in 0..WINDOW {
            self.emit();
            self.push(0);
        }
        let mut seen = std::collections::BTreeMap::new();
        let count = |hash: &u64| {
            let count = seen.entry(*hash).or_insert(0_usize);
            *count += 1;
            format!("{hash:x}:{count}")
        };
        self.out.iter().map(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the tests of github/codeql-action, `src/fingerprints.test.ts`.
    #[test]
    fn the_hashes_are_those_github_computes() {
        assert_eq!(lines(""), ["c129715d7a2bc9a3:1"]);
        let short = ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"];
        assert_eq!(lines(" a\nb\n  \t\tc\n d"), short);
        let greetings = [
            "8b7cf3e952e7aeb2:1",
            "b1ae1287ec4718d9:1",
            "bff680108adb0fcc:1",
            "c6805c5e1288b612:1",
            "b86d3392aea1be30:1",
            "e6ceba753e1a442:1",
        ];
        assert_eq!(lines(" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"), greetings);
        let alpha = ["8d07ce75f7b3af45:1", "ca140c3f893ffa65:1", "26f09ff008857193:1", "c129715d7a2bc9a3:1"];
        assert_eq!(lines("alpha\nbeta\nalpha\n"), alpha);
        assert_eq!(lines(" a l p h a \r\n\tbeta\r\nalpha\r\n"), alpha);
        assert_eq!(lines(&"x".repeat(150)).len(), 1);
    }
}
