//! The school file that a program is given.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::database::Failure;

/// Opens a school file, "-" for standard input, and says how many bytes it has, where that is known.
///
/// # Errors
/// When it cannot be opened, in words that name it.
pub fn open(path: &Path) -> Result<(Box<dyn BufRead>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let length = file.metadata().ok().map(|metadata| metadata.len());
    Ok((Box::new(BufReader::with_capacity(1 << 16, file)), length))
}
