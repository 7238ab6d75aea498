//! Changes to text that keep its form: lines are copied, moved and dropped, and a word takes the place of another. What libFuzzer does by
//! bytes alone seldom leaves a line that parses.

/// A text after the fuzzer's next change to it, of the first `size` bytes of `data`; gives its new length. One in two is libFuzzer's own.
/// The words of a line are what stands between `ends`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32, ends: &[u8]) -> usize {
    let mut lot = Lot(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    if lot.below(2) == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let mut text = data[..size].to_vec();
    for _ in 0..=lot.below(3) {
        text = if lot.below(2) == 0 { of_lines(&text, &mut lot) } else { of_words(&text, &mut lot, ends) };
    }
    let length = text.len().min(max_size);
    data[..length].copy_from_slice(&text[..length]);
    length
}

/// Numbers without end, from a seed.
struct Lot(u64);

impl Lot {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }
}

fn of_lines(text: &[u8], lot: &mut Lot) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let (from, to) = (lot.below(lines.len()), lot.below(lines.len()));
    match lot.below(4) {
        0 => lines.insert(to, lines[from]),
        1 if lines.len() > 1 => drop(lines.remove(from)),
        2 => lines.swap(from, to),
        _ => {
            let line = lines.remove(from);
            lines.insert(to.min(lines.len()), line);
        }
    }
    lines.join(&b'\n')
}

/// Puts a word of the text in the place of another.
fn of_words(text: &[u8], lot: &mut Lot, ends: &[u8]) -> Vec<u8> {
    let words: Vec<(usize, usize)> = text
        .split(|byte| ends.contains(byte))
        .scan(0, |at, word| {
            let from = *at;
            *at += word.len() + 1;
            Some((from, from + word.len()))
        })
        .collect();
    let (new, old) = (words[lot.below(words.len())], words[lot.below(words.len())]);
    [&text[..old.0], &text[new.0..new.1], &text[old.1..]].concat()
}
