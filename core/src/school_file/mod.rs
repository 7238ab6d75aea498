#![doc = include_str!("../docs/school_file.md")]

mod batch;
mod export;
mod fields;
mod figures;
mod line;
mod lines;
mod meaning;
mod raw;
mod reader;
mod replay;
mod written;

pub use export::{ExportOptions, Exported, export, export_with};
pub use figures::{FigureLine, write_figures};
pub use line::{Line, LineProblem};
pub use lines::LINE_BYTES_MAX;
pub use replay::{ReplayError, ReplayProgress, ReplaySummary, replay};
