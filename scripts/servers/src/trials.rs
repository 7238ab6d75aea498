//! Trials of `libtest-mimic` that are ignored where nothing is given, and fail where it was required.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::given::is_required;
use crate::{Browser, Given, Service, Tool, axe, given, private};

fn absent(name: String, why: String) -> Trial {
    Trial::test(name, move || Err(Failed::from(why))).with_ignored_flag(true)
}

/// A trial of a service that the environment gives: the test gets its URL.
pub fn shared(
    name: impl Into<String>,
    service: impl Into<Service>,
    test: impl FnOnce(String) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let (name, service) = (name.into(), service.into());
    match given(service) {
        Given::Url(url) => Trial::test(name, move || test(url)),
        Given::Absent => absent(name, format!("{} is not set; run scripts/test", service.variable())),
        Given::Missing(why) => Trial::test(name, move || Err(why.into())),
    }
}

/// A trial that starts a server or a cluster of its own. With a cluster it takes long, and is ignored unless `BURSAR_TEST_REQUIRE`
/// names that.
pub fn own(
    name: impl Into<String>,
    service: impl Into<Service>,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let (name, service) = (name.into(), service.into());
    let asked = matches!(service, Service::One(_)) || is_required(service.name());
    match private(service) {
        Ok(true) => Trial::test(name, test).with_ignored_flag(!asked),
        Ok(false) => absent(name, format!("{service} is not installed; run scripts/test")),
        Err(why) => Trial::test(name, move || Err(why.into())),
    }
}

/// A trial with a program that reads journals: the test gets its path.
pub fn reading(
    name: impl Into<String>,
    tool: Tool,
    test: impl FnOnce(&Path) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let name = name.into();
    match tool.find() {
        Ok(Some(program)) => Trial::test(name, move || test(&program)),
        Ok(None) => absent(name, format!("{tool} is not installed; run scripts/test")),
        Err(why) => Trial::test(name, move || Err(why.into())),
    }
}

/// A trial in a browser of its own.
pub fn browsing(
    name: impl Into<String>,
    test: impl FnOnce(Browser) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let name = name.into();
    match Browser::is_there() {
        Ok(true) => Trial::test(name, move || test(Browser::start()?)),
        Ok(false) => absent(name, "Chromium and chromedriver are not installed; run scripts/test".to_owned()),
        Err(why) => Trial::test(name, move || Err(why.into())),
    }
}

/// A trial in a browser of its own with axe-core: the test gets the path of the script.
pub fn auditing(
    name: impl Into<String>,
    test: impl FnOnce(Browser, &Path) -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let name = name.into();
    match axe() {
        Ok(Some(script)) => browsing(name, move |browser| test(browser, &script)),
        Ok(None) => absent(name, "BURSAR_TEST_AXE is not set; run scripts/test".to_owned()),
        Err(why) => Trial::test(name, move || Err(why.into())),
    }
}
