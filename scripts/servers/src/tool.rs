//! Programs of others that read what this one writes.

use std::fmt;
use std::path::PathBuf;

use crate::given::is_required;
use crate::programs::{find, is_program};

/// A program for accounts in plain text.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Tool {
    /// hledger.
    Hledger,
    /// ledger.
    Ledger,
    /// beancount, by its `bean-check`.
    Beancount,
}

impl Tool {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Hledger, Self::Ledger, Self::Beancount];

    /// Its word in `BURSAR_TEST_REQUIRE`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hledger => "hledger",
            Self::Ledger => "ledger",
            Self::Beancount => "beancount",
        }
    }

    /// The variable that says where the program is; otherwise it is looked for in PATH.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Hledger => "BURSAR_TEST_HLEDGER",
            Self::Ledger => "BURSAR_TEST_LEDGER",
            Self::Beancount => "BURSAR_TEST_BEANCOUNT",
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Hledger => "hledger",
            Self::Ledger => "ledger",
            Self::Beancount => "bean-check",
        }
    }

    /// Where the program is, if it is anywhere.
    ///
    /// # Errors
    ///
    /// When it is not though `BURSAR_TEST_REQUIRE` names it, or the variable names what is no program: what to do about that.
    pub fn find(self) -> Result<Option<PathBuf>, String> {
        let (variable, program) = (self.variable(), self.program());
        if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from) {
            let wrong = || format!("{variable} is {}, which is no program", path.display());
            return if is_program(&path) { Ok(Some(path)) } else { Err(wrong()) };
        }
        match find(&[program]) {
            None if is_required(self.name()) => Err(format!(
                "BURSAR_TEST_REQUIRE names {self}, and {program} is not in PATH; set {variable}, or run scripts/test"
            )),
            found => Ok(found),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
