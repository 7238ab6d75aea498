//! Reading a school file into a book: where an earlier reading stopped, and each line once.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use sha2::{Digest, Sha256};

use super::batch::Batch;
use super::lines::{Lines, Numbered};
use super::{Line, LineProblem};
use crate::ledger::is_full;
use crate::store::FileMark;
use crate::{Error, Ledger, LedgerStore};

/// After how many lines a mark is kept for good: a reader that goes on in the middle holds no more lines than this, and no more are
/// recorded together.
const MILESTONE_LINES: u64 = 1_000;

/// How many marks are read at a time.
const MARKS_A_PAGE: u32 = 1_000;

/// What stopped the reading of a school file. Everything before the line is recorded, and nothing of the line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The line is not of the format.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// The line is refused by a rule, or the store could not do its part.
    #[error("line {line}: {}{source}", code_of(source))]
    Refused {
        /// Its number, from 1.
        line: u64,
        /// Why.
        source: Error,
    },
    /// The file cannot be read further.
    #[error("the file cannot be read after line {line}: {source}")]
    Read {
        /// The last line read.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// The store could not do its part between lines.
    #[error(transparent)]
    Store(#[from] Error),
}

fn code_of(error: &Error) -> String {
    error.refusal().map(|refusal| format!("{}: ", refusal.code())).unwrap_or_default()
}

/// How far a reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayProgress {
    /// How many lines have been read, blank ones included.
    pub lines: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// What a reading did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplaySummary {
    /// How many lines the file has, blank ones not counted.
    pub lines: u64,
    /// How many of them an earlier reading had read already.
    pub skipped: u64,
    /// How many entries were recorded, billed charges not counted.
    pub recorded: u64,
    /// How many lines had been recorded already under the same key.
    pub replayed: u64,
}

/// Reads a school file into its book, which is created if need be, and gives back the ledger of the book.
///
/// The book remembers by a digest of the lines how far it has read, in the same step as what the lines did: a file that was read is passed
/// over, a reading that was killed goes on where it stopped, and a file that has grown adds its new lines. Memory is bounded by a
/// thousand lines. The reader is read as it comes; a file is best given buffered.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let file = br#"{"do":"book","book":"riverside","currency":"USD"}
/// {"do":"term","year":2026,"number":1,"starts_on":"2026-01-12","ends_on":"2026-04-09"}
/// "#;
/// let store = bursar_store_memory::MemoryStore::new();
/// let (riverside, summary) = school_file::replay(store.clone(), file.as_slice(), |_| {}).await?;
/// assert_eq!((riverside.book_id().as_str(), summary.lines), ("riverside", 2));
/// // The file has grown by nothing: all of it is passed over.
/// assert_eq!(school_file::replay(store, file.as_slice(), |_| {}).await?.1.skipped, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ReplayError`]; the lines before the one named are recorded.
pub async fn replay<S: LedgerStore>(
    store: S,
    reader: impl BufRead,
    mut progress: impl FnMut(ReplayProgress),
) -> Result<(Ledger<S>, ReplaySummary), ReplayError> {
    let mut lines = Lines::new(reader);
    let Some(first) = read(&mut lines)? else {
        return Err(ReplayError::Line { line: 1, problem: LineProblem::NoBook });
    };
    let line = first.number;
    let parsed = Line::parse(&first.text).map_err(|problem| ReplayError::Line { line, problem })?;
    let Line::Book { book, currency } = parsed else {
        return Err(ReplayError::Line { line, problem: LineProblem::NoBook });
    };
    let ledger = Ledger::open(store, book, currency).await;
    let ledger = ledger.map_err(|source| ReplayError::Refused { line, source })?;
    let mut replay = Replay::new(&ledger);
    replay.line(first).await?;
    loop {
        match read(&mut lines) {
            Ok(Some(line)) => replay.line(line).await?,
            Ok(None) => break,
            // What was read before the line that cannot be is recorded first.
            Err(error) => {
                replay.finish().await?;
                return Err(error);
            }
        }
        progress(ReplayProgress { lines: lines.number(), bytes: lines.bytes() });
    }
    replay.finish().await?;
    let summary = ReplaySummary { lines: replay.chain.lines, ..replay.summary };
    tracing::info!(lines = summary.lines, skipped = summary.skipped, "read a school file");
    drop(replay);
    Ok((ledger, summary))
}

fn read<R: BufRead>(lines: &mut Lines<R>) -> Result<Option<Numbered>, ReplayError> {
    match lines.next() {
        Ok(Some(Ok(line))) => Ok(Some(line)),
        Ok(Some(Err(problem))) => Err(ReplayError::Line { line: lines.number(), problem }),
        Ok(None) => Ok(None),
        Err(source) => Err(ReplayError::Read { line: lines.number(), source }),
    }
}

/// A digest over the lines read so far, each chained to those before it.
#[derive(Clone, Copy)]
pub(super) struct Chain {
    digest: [u8; 32],
    lines: u64,
}

impl Chain {
    fn at_milestone(self) -> bool {
        self.lines.checked_rem(MILESTONE_LINES) == Some(0)
    }

    fn push(&mut self, line: &[u8]) {
        let mut hasher = Sha256::new();
        hasher.update(self.digest);
        hasher.update(line);
        self.digest = hasher.finalize().into();
        self.lines = self.lines.saturating_add(1);
    }
}

/// A line and the digest up to and with it.
struct Held {
    line: Numbered,
    chain: Chain,
}

struct Replay<'a, S> {
    ledger: &'a Ledger<S>,
    chain: Chain,
    /// The mark that stands for what is recorded of this file, where the next one takes its place.
    head: Option<[u8; 32]>,
    /// Marks of earlier readings, of this file or of others, that lie ahead.
    known: VecDeque<FileMark>,
    /// Whether there are more of them after these.
    more_known: bool,
    /// Lines held back until it is known whether an earlier reading has read them.
    held: Vec<Held>,
    batch: Batch,
    summary: ReplaySummary,
}

impl<'a, S: LedgerStore> Replay<'a, S> {
    fn new(ledger: &'a Ledger<S>) -> Self {
        Self {
            ledger,
            chain: Chain { digest: [0; 32], lines: 0 },
            head: None,
            known: VecDeque::new(),
            more_known: true,
            held: Vec::new(),
            batch: Batch::default(),
            summary: ReplaySummary::default(),
        }
    }

    async fn line(&mut self, line: Numbered) -> Result<(), ReplayError> {
        self.chain.push(&line.text);
        let read = Held { line, chain: self.chain };
        if self.known.is_empty() && !self.more_known {
            return self.apply(read).await;
        }
        self.held.push(read);
        self.look_for_mark().await
    }

    /// Looks whether a mark is met here. One of this file says that everything up to it was read. At a milestone without one, the file has
    /// left every file that was read before, and what is held is new.
    async fn look_for_mark(&mut self) -> Result<(), ReplayError> {
        if self.known.is_empty() && self.more_known {
            self.read_marks().await?;
        }
        let mut met = false;
        while let Some(mark) = self.known.front().filter(|mark| mark.lines <= self.chain.lines) {
            met |= mark.lines == self.chain.lines && mark.digest == self.chain.digest;
            self.known.pop_front();
        }
        if met {
            let held = u64::try_from(self.held.len()).unwrap_or(0);
            self.summary.skipped = self.summary.skipped.saturating_add(held);
            self.held.clear();
            self.marked(self.chain);
        } else if self.chain.at_milestone() {
            (self.known, self.more_known) = (VecDeque::new(), false);
        }
        if self.known.is_empty() && !self.more_known { self.release().await } else { Ok(()) }
    }

    async fn read_marks(&mut self) -> Result<(), ReplayError> {
        let Ledger { store, book, .. } = self.ledger;
        let after = self.chain.lines.saturating_sub(1);
        let mut marks: VecDeque<_> =
            store.file_marks(book, after, MARKS_A_PAGE).await.map_err(Error::from)?.into();
        self.more_known = is_full(marks.len(), MARKS_A_PAGE);
        // The last ones' equals may be on the next page: they are read there together.
        if let (true, Some(last)) = (self.more_known, marks.back().map(|mark| mark.lines))
            && marks.front().is_some_and(|first| first.lines < last)
        {
            marks.retain(|mark| mark.lines < last);
        }
        self.known = marks;
        Ok(())
    }

    /// Applies what was held back: it is new.
    async fn release(&mut self) -> Result<(), ReplayError> {
        for read in std::mem::take(&mut self.held) {
            self.apply(read).await?;
        }
        Ok(())
    }

    async fn apply(&mut self, read: Held) -> Result<(), ReplayError> {
        let number = read.line.number;
        let parsed = match Line::parse(&read.line.text) {
            Ok(parsed) => parsed,
            Err(problem) => {
                self.flush().await?;
                return Err(ReplayError::Line { line: number, problem });
            }
        };
        if let Some(line) = self.batch.take(parsed, number, read.chain) {
            self.flush().await?;
            if matches!(line, Line::Book { .. }) && read.chain.lines > 1 {
                return Err(ReplayError::Line { line: number, problem: LineProblem::SecondBook });
            }
            self.alone(line, number, read.chain).await?;
        }
        if read.chain.at_milestone() {
            self.flush().await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), ReplayError> {
        (self.known, self.more_known) = (VecDeque::new(), false);
        self.release().await?;
        self.flush().await
    }

    /// The mark that is kept with what the lines up to here did.
    fn mark(&self, chain: Chain) -> Option<FileMark> {
        Some(FileMark { digest: chain.digest, lines: chain.lines, replaces: self.head })
    }

    fn marked(&mut self, chain: Chain) {
        self.head = Some(chain.digest).filter(|_| !chain.at_milestone());
    }

    /// Records the batch in one step; where a line of it needs a word of its own, line by line.
    async fn flush(&mut self) -> Result<(), ReplayError> {
        let batch = std::mem::take(&mut self.batch);
        let Some(chain) = batch.chain() else { return Ok(()) };
        let recorded =
            batch.commit(self.ledger, self.mark(chain)).await.map_err(|error| batch.blame(error))?;
        if let Some(recorded) = recorded {
            self.summary.recorded = self.summary.recorded.saturating_add(recorded);
            self.marked(chain);
            return Ok(());
        }
        for (line, number, chain) in batch.into_lines() {
            self.alone(line, number, chain).await?;
        }
        Ok(())
    }

    /// Does what one line asks for, and keeps the mark in the same step.
    async fn alone(&mut self, line: Line, number: u64, chain: Chain) -> Result<(), ReplayError> {
        let done = self.do_line(line, self.mark(chain)).await;
        match done.map_err(|source| ReplayError::Refused { line: number, source })? {
            Done::Recorded => self.summary.recorded = self.summary.recorded.saturating_add(1),
            Done::Replayed => self.summary.replayed = self.summary.replayed.saturating_add(1),
            Done::Else => {}
        }
        self.marked(chain);
        Ok(())
    }

    async fn do_line(&self, line: Line, mark: Option<FileMark>) -> Result<Done, Error> {
        let ledger = self.ledger;
        match line {
            // The first line opened the book; it is parsed again only for its mark.
            Line::Book { .. } => ledger.keep_mark(mark).await?,
            Line::Term(term) => ledger.define_term_at(term, mark).await?,
            Line::Fee(fee) => ledger.define_fee_at(fee, mark).await?,
            Line::Enrol { account, groups, on } => {
                ledger.enrol_at(account, groups, on, mark).await?;
            }
            Line::Groups { account, groups, on } => ledger.move_groups_at(account, groups, on, mark).await?,
            Line::Standing { account, to, on } => ledger.move_standing_at(account, to, on, mark).await?,
            Line::Activate { term, on, bill: false } => ledger.make_current_at(term, on, mark).await?,
            Line::Activate { term, on, bill: true } => {
                // Bills in pages; a reading killed between them bills the rest when it comes here again.
                ledger.activate_on(term, on).await?;
                ledger.keep_mark(mark).await?;
            }
            Line::Close { term, on } => ledger.close_term_at(term, on, mark).await?,
            Line::Record(draft) => {
                let receipt = ledger.record_at(ledger.prepare(&draft)?, mark).await?;
                return Ok(if receipt.replayed { Done::Replayed } else { Done::Recorded });
            }
            Line::Reverse(reversal) => {
                let receipt = ledger.reverse_at(reversal, mark).await?;
                return Ok(if receipt.replayed { Done::Replayed } else { Done::Recorded });
            }
            Line::Reprice { fee, amount, reason, on } => {
                ledger.reprice_at(fee, amount, &reason, on, mark).await?;
            }
            Line::Lock { through } => ledger.lock_at(through, mark).await?,
        }
        Ok(Done::Else)
    }
}

enum Done {
    Recorded,
    Replayed,
    Else,
}
