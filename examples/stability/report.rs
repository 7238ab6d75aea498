//! What the check prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::counting::Calls;
use crate::finish::Summary;
use crate::log::{Page, Seen};

/// So many findings are listed.
const LISTED: usize = 20;

/// The value below which so many hundredths lie.
fn percentile(sorted: &[u64], hundredths: usize) -> u64 {
    let at = sorted.len().saturating_mul(hundredths).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0)
}

/// Microseconds as milliseconds, with a decimal.
fn millis(micros: u64) -> String {
    let tenths = micros.div_ceil(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn statuses(statuses: &BTreeMap<u16, u64>) -> String {
    statuses.iter().map(|(status, count)| format!("{status} × {count}")).collect::<Vec<_>>().join(", ")
}

/// The table of requests: how long they took, in milliseconds, and what was answered.
pub(crate) fn requests(title: &str, pages: &BTreeMap<Page, Seen>, micros: u64) -> String {
    let count = pages.values().map(|seen| seen.micros.len()).fold(0, usize::saturating_add);
    let rate =
        u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(1_000_000).checked_div(micros).unwrap_or(0);
    let mut text = format!("{title}: {count} requests in {} s, {rate} a second\n", millis(micros / 1_000));
    let _ = writeln!(
        text,
        "  {:<16}{:>9}{:>9}{:>9}{:>9}   statuses",
        "page", "requests", "p50 ms", "p99 ms", "max ms"
    );
    for (page, seen) in pages {
        let mut sorted = seen.micros.clone();
        sorted.sort_unstable();
        let [p50, p99, max] = [50, 99, 100].map(|at| millis(percentile(&sorted, at)));
        let _ = writeln!(
            text,
            "  {:<16}{:>9}{p50:>9}{p99:>9}{max:>9}   {}",
            page.words(),
            sorted.len(),
            statuses(&seen.statuses)
        );
    }
    text
}

fn line(text: &mut String, words: &str, requests: &str, calls: &Calls) {
    let Calls { loads, creates, updates, overtaken, touches, rotations, deletions } = calls;
    let _ = writeln!(
        text,
        "  {words:<16}{requests:>9}{loads:>9}{creates:>9}{updates:>9}{overtaken:>11}{touches:>9}{rotations:>11}{deletions:>11}"
    );
}

/// The table of what requests made of their sessions.
pub(crate) fn sessions(parts: &[&BTreeMap<Page, Seen>], all: &Calls) -> String {
    let mut pages: BTreeMap<Page, (u64, Calls)> = BTreeMap::new();
    for (page, seen) in parts.iter().copied().flatten().filter(|(_, seen)| seen.alone > 0) {
        let (requests, calls) = pages.entry(*page).or_default();
        *requests = requests.saturating_add(seen.alone);
        calls.add(&seen.calls);
    }
    let mut text =
        "calls on the store of sessions, of requests that had their session to themselves\n".to_owned();
    let _ = writeln!(
        text,
        "  {:<16}{:>9}{:>9}{:>9}{:>9}{:>11}{:>9}{:>11}{:>11}",
        "page", "requests", "loads", "creates", "updates", "overtaken", "touches", "rotations", "deletions"
    );
    for (page, (requests, calls)) in &pages {
        line(&mut text, page.words(), &requests.to_string(), calls);
    }
    line(&mut text, "all there were", "", all);
    text
}

/// The table of what was answered, situation by situation.
pub(crate) fn told(told: &BTreeMap<(&'static str, &'static str), u64>) -> String {
    let mut text = "what was answered, and held to the book\n".to_owned();
    let mut last = "";
    for ((situation, what), count) in told {
        if *situation != last {
            let _ = writeln!(text, "  {situation}");
            last = situation;
        }
        let _ = writeln!(text, "    {what:<44}{count:>9}");
    }
    text
}

/// What came of the payments.
pub(crate) fn summary(summary: &Summary, currency: &str) -> String {
    let Summary { payments, sends, recorded, keys, sum, fell, audited: (entries, accounts), layers } =
        summary;
    let money = |minor: i64| format!("{currency} {}.{:02}", minor / 100, minor % 100);
    format!(
        "the book\n  payments filled in and sent    {payments:>9}, in {sends} requests\n  payments in the book           {recorded:>9}, under {keys} keys\n  they come to                   {:>9}\n  the balance fell by            {:>9}\n  audited                        {entries:>9} entries of {accounts} accounts\n  sessions that ended meanwhile  {:>9} requests, and {} conflicted\n",
        money(*sum),
        money(*fell),
        layers.0,
        layers.1
    )
}

/// The findings, each in a line of its own.
pub(crate) fn findings(findings: &[String]) -> String {
    if findings.is_empty() {
        return "Nothing was found wrong.\n".to_owned();
    }
    let mut text = format!("{} findings:\n", findings.len());
    // One that was found again and again leaves room for the others.
    let mut different: Vec<(&str, usize)> = Vec::new();
    for finding in findings {
        let has_room = different.len() < LISTED;
        match different.iter_mut().find(|(one, _)| one == finding) {
            Some((_, times)) => *times = times.saturating_add(1),
            None if has_room => different.push((finding, 1)),
            None => {}
        }
    }
    for (finding, times) in different {
        let finding: String = finding.split_whitespace().collect::<Vec<_>>().join(" ");
        let times = if times > 1 { format!("{times} times: ") } else { String::new() };
        let _ = writeln!(text, "  {times}{}", finding.chars().take(400).collect::<String>());
    }
    text
}
