//! A list that grows in chunks of one size, so that what is in it never moves and leaves no holes in memory behind it.

/// How many items a chunk holds: few, since most accounts have few entries.
const CHUNK: usize = 8;

#[derive(Debug)]
pub(crate) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Chunks<T> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, item: T) {
        match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => chunk.push(item),
            None => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(item);
                self.chunks.push(chunk);
            }
        }
        self.len = self.len.saturating_add(1);
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at.checked_div(CHUNK)?)?.get(at.checked_rem(CHUNK)?)
    }

    /// The items from one on.
    pub(crate) fn from(&self, at: usize) -> impl Iterator<Item = &T> {
        let (chunk, within) = (at.checked_div(CHUNK).unwrap_or(0), at.checked_rem(CHUNK).unwrap_or(0));
        self.chunks.iter().skip(chunk).flatten().skip(within)
    }
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    #[test]
    fn it_is_a_list() {
        let mut chunks = Chunks::new();
        (0..100).for_each(|item| chunks.push(item));
        assert_eq!(chunks.len(), 100);
        for at in 0..=100 {
            assert_eq!(chunks.get(at).copied(), (at < 100).then_some(at));
            assert!(chunks.from(at).copied().eq(at..100), "from {at}");
        }
    }
}
