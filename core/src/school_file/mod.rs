#![doc = include_str!("../docs/school_file.md")]

mod batch;
mod export;
mod figures;
mod line;
mod lines;
mod raw;
mod replay;

pub use export::{Exported, export};
pub use figures::{FigureLine, write_figures};
pub use line::{Line, LineProblem};
pub use lines::LINE_BYTES_MAX;
pub use replay::{ReplayError, ReplayProgress, ReplaySummary, replay};
