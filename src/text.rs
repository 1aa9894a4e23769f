// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text in a buffer of fixed size: formatting without a heap. What does not
//! fit is cut off.

use core::fmt;

pub(crate) struct Text<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> Text<'b> {
    pub fn new(buffer: &'b mut [u8]) -> Text<'b> {
        Text { buffer, len: 0 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }
}

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = &mut self.buffer[self.len..];
        let n = s.len().min(room.len());
        room[..n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::fmt::Write;

    #[test]
    fn what_does_not_fit_is_cut_off() {
        let mut buffer = [0; 5];
        let mut text = Text::new(&mut buffer);
        write!(text, "abc{}", 4567).expect("never fails");
        assert_eq!(text.bytes(), b"abc45");
    }
}
