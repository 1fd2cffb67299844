//! A set of byte strings with fast exact look-up.

/// Sorted by length, then bytes. Most look-ups fail, and most of those by their length alone.
#[derive(Clone, Debug, Default)]
pub struct ByteSet {
    items: Box<[Box<[u8]>]>,
    /// Bit `n`: an item has `n` bytes; the last bit stands for all longer ones.
    lengths: u64,
}

impl ByteSet {
    /// The set of these.
    pub fn new(items: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut items: Vec<Box<[u8]>> = items.into_iter().map(Vec::into_boxed_slice).collect();
        items.sort_by(|a, b| order(a, b));
        items.dedup();
        let lengths = items.iter().fold(0, |bits, item| bits | length_bit(item.len()));
        Self { items: items.into_boxed_slice(), lengths }
    }

    /// Its items.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.items.iter().map(AsRef::as_ref)
    }

    /// Whether `text` is one of them.
    pub fn has(&self, text: &[u8]) -> bool {
        self.lengths & length_bit(text.len()) != 0
            && self.items.binary_search_by(|item| order(item, text)).is_ok()
    }
}

const fn length_bit(len: usize) -> u64 {
    1 << if len < 63 { len } else { 63 }
}

fn order(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}
