//! Tables of plausible cells.

/// A table with that header: a byte of input for each cell picks it from its column's own. Every row has all of them.
pub fn table(header: &[&str], columns: &[&[&str]], delimiter: char, bytes: &[u8]) -> Vec<u8> {
    let mut text = header.join(&delimiter.to_string());
    for row in bytes.chunks_exact(columns.len()) {
        text.push('\n');
        for (number, (column, pick)) in columns.iter().zip(row).enumerate() {
            if number > 0 {
                text.push(delimiter);
            }
            let cell = column[usize::from(*pick) % columns[number].len()];
            if cell.contains([delimiter, '"', '\n']) {
                text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
            } else {
                text.push_str(cell);
            }
        }
    }
    text.push('\n');
    text.into_bytes()
}
