//! Reading choices out of bytes, and framing bytes as an Automerge change.

use yizhan_proto::ChangeHash;

/// Choices, read from bytes; zeros when they end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw<'a>(pub(super) &'a [u8]);

impl<'a> Draw<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// So many bytes, or as many as there are.
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, left) = self.0.split_at(count.min(self.0.len()));
        self.0 = left;
        taken
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub(super) fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A position in something of `len` parts; 0 if it has none.
    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::from(self.byte()).checked_rem(len).unwrap_or(0)
    }

    /// A number, often at an edge.
    pub(super) fn number(&mut self) -> i64 {
        const EDGES: [i64; 15] = [
            0,
            1,
            -1,
            i64::MIN,
            i64::MAX,
            i64::MIN + 1,
            i64::MAX - 1,
            1 << 31,
            (1 << 31) - 1,
            (1 << 32) - 1,
            1 << 53,
            -(1 << 53),
            253_402_300_799_999,
            253_402_300_800_000,
            1_793_577_600_000,
        ];
        match self.byte() {
            at @ 0..15 => EDGES[usize::from(at)],
            15 => {
                let mut bytes = [0; 8];
                bytes.fill_with(|| self.byte());
                i64::from_le_bytes(bytes)
            }
            small => i64::from(small) - 16,
        }
    }

    /// A text: of the bytes that follow, or one that is long, or has what no text should have.
    pub(super) fn text(&mut self) -> String {
        match self.byte() {
            0 => String::new(),
            1 => "一\n二".to_owned(),
            2 => "a\0b".to_owned(),
            3 => "长".repeat(100),
            4 => "长".repeat(5_500),
            5 => "\u{202e}\u{feff}\u{fffd}".to_owned(),
            count => {
                let bytes = self.take(usize::from(count) - 6);
                String::from_utf8_lossy(bytes).into_owned()
            }
        }
    }
}

/// A change chunk around a body, with a length and a checksum that fit: what is damaged is looked
/// at, and not refused for its frame.
pub(super) fn framed(body: &[u8]) -> Vec<u8> {
    let mut chunk = vec![0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 1];
    let mut length = body.len();
    while length > 0x7f {
        chunk.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    chunk.push(length.to_le_bytes()[0]);
    chunk.extend_from_slice(body);
    let hash = ChangeHash::of_chunk(&chunk);
    chunk[4..8].copy_from_slice(&hash.as_bytes()[..4]);
    chunk
}

/// The body of a well-framed chunk.
pub(super) fn body_of(chunk: &[u8]) -> &[u8] {
    let length = chunk[9..]
        .iter()
        .take_while(|byte| **byte & 0x80 != 0)
        .count()
        + 1;
    &chunk[9 + length..]
}

/// Base64url without padding (RFC 4648 §5), as tokens and codes are written.
pub(super) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            let at = group >> (18 - 6 * sextet) & 63;
            text.push(char::from(ALPHABET[at as usize]));
        }
    }
    text
}
