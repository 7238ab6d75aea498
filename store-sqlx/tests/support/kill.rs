//! Processes that are killed while they work, and what they had said by then: a word a line, put down once the store has acknowledged what it
//! says.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs this binary's ignored test `a_process_to_be_killed` on a database file so many times, and kills it each time, at most so many
/// microseconds after it began to speak; what was said to the end.
pub(crate) async fn kill(path: &str, kills: u64, micros_max: u64) -> Vec<String> {
    let words = format!("{path}.acknowledged");
    let length = || std::fs::metadata(&words).map_or(0, |words| words.len());
    for kill in 0..kills {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["a_process_to_be_killed", "--exact", "--ignored", "--nocapture"]);
        command.env("BURSAR_TEST_FILE", path).env("BURSAR_TEST_WORDS", &words);
        command.env("BURSAR_TEST_WHO", kill.to_string());
        let said = length();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        for _ in 0..5_000 {
            // More than the line's end that it begins with.
            if length() > said + 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(kill * 7_919 % micros_max)).await;
        // SIGKILL: nothing in the child can put anything in order.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // A word that a process was killed in the middle of has no end, and does not count.
    let said = std::fs::read_to_string(&words).unwrap();
    said.lines().filter_map(|line| line.strip_suffix('.')).map(ToOwned::to_owned).collect()
}

/// Where a process to be killed puts its words down.
pub(crate) struct Words(std::fs::File);

impl Words {
    pub(crate) fn open() -> Self {
        let path = std::env::var("BURSAR_TEST_WORDS").unwrap();
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        // What another process was killed in the middle of saying stands on a line of its own.
        file.write_all(b"\n").unwrap();
        Self(file)
    }

    pub(crate) fn share(&self) -> Self {
        Self(self.0.try_clone().unwrap())
    }

    pub(crate) fn say(&mut self, word: &str) {
        self.0.write_all(format!("{word}.\n").as_bytes()).unwrap();
    }
}
