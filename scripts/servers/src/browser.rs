//! A browser that a test drives: chromedriver, and the Chromium that it starts.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::given::is_required;
use crate::home::Home;
use crate::port::Port;
use crate::process::{Process, command};
use crate::programs::need;
use crate::server::dial;

const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const ADVICE: &str = "install Chromium with its driver (Debian: chromium chromium-driver)";

/// A chromedriver of one's own, in a folder of its own, and every browser that it has started. Dropped, they are killed and the folder removed.
#[derive(Debug)]
pub struct Browser {
    program: PathBuf,
    // Dropped in this order: the process before what it uses.
    _process: Process,
    home: Home,
    port: Port,
}

impl Browser {
    /// The word in `BURSAR_TEST_REQUIRE`.
    pub const NAME: &str = "browser";

    /// Whether one can be started here.
    ///
    /// # Errors
    ///
    /// When none can though `BURSAR_TEST_REQUIRE` names it: what to do about that.
    pub fn is_there() -> Result<bool, String> {
        match need(&CHROMIUM, ADVICE).and_then(|_| need(&["chromedriver"], ADVICE)) {
            Ok(_) => Ok(true),
            Err(error) if is_required(Self::NAME) => {
                Err(format!("BURSAR_TEST_REQUIRE has {}: {error}", Self::NAME))
            }
            Err(_) => Ok(false),
        }
    }

    /// Starts the driver on a port of loopback.
    ///
    /// # Errors
    ///
    /// When it is not installed, or does not answer in time.
    pub fn start() -> Result<Self, Error> {
        let program = need(&CHROMIUM, ADVICE)?;
        let driver = need(&["chromedriver"], ADVICE)?;
        let (home, port) = (Home::new(None)?, Port::take()?);
        let mut drive = command(&driver, None);
        drive.arg(format!("--port={}", port.number()));
        // All that a browser writes goes with the folder.
        drive.current_dir(home.path()).env("HOME", home.path()).env("TMPDIR", home.path());
        let what = format!("chromedriver on port {}", port.number());
        let mut process = Process::start(&what, &driver, drive, home.path(), &home.log())?;
        process.wait_until(|| is_ready(port.number()).unwrap_or(false))?;
        Ok(Self { program, _process: process, home, port })
    }

    /// Where the driver is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// The browser's program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A folder that is gone with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.path()
    }
}

/// Whether it says that it is ready. It keeps the connection open when it has answered.
fn is_ready(port: u16) -> std::io::Result<bool> {
    let mut stream = dial(port)?;
    let asked = format!("GET /status HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.write_all(asked.as_bytes())?;
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&answer).contains("\"ready\":true") {
        match stream.read(&mut part)? {
            0 => return Ok(false),
            read => answer.extend(part.iter().take(read)),
        }
    }
    Ok(true)
}

/// Where the script of axe-core is, which looks for what keeps people out of a page.
///
/// # Errors
///
/// When it is nowhere though `BURSAR_TEST_REQUIRE` has `axe`, or `BURSAR_TEST_AXE` names no file: what to do about that.
pub fn axe() -> Result<Option<PathBuf>, String> {
    const VARIABLE: &str = "BURSAR_TEST_AXE";
    match std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) {
        Some(path) if path.is_file() => Ok(Some(path)),
        Some(path) => Err(format!("{VARIABLE} is {}, which is no file", path.display())),
        None if is_required("axe") => {
            Err(format!("BURSAR_TEST_REQUIRE has axe, and {VARIABLE} is not set; run scripts/test"))
        }
        None => Ok(None),
    }
}
