//! Trials of `libtest-mimic` that are ignored where nothing is given, and fail where it was required.

use libtest_mimic::{Failed, Trial};

use crate::{Given, Service, given, private};

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

/// A trial that starts a server or a cluster of its own.
pub fn own(
    name: impl Into<String>,
    service: impl Into<Service>,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let (name, service) = (name.into(), service.into());
    match private(service) {
        Ok(true) => Trial::test(name, test),
        Ok(false) => absent(name, format!("{service} is not installed; run scripts/test")),
        Err(why) => Trial::test(name, move || Err(why.into())),
    }
}
