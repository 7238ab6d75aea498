//! What the environment gives a test.

use crate::{Engine, Service, galera, mariadb, postgres, redis};

/// What a test is given of a service by the environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Given {
    /// It is there; of a cluster, the URLs of its nodes with commas between them.
    Url(String),
    /// It is not there, and nobody asked for it.
    Absent,
    /// It is not there though `BURSAR_TEST_REQUIRE` names it: what to do about that.
    Missing(String),
}

/// Whether `BURSAR_TEST_REQUIRE` has a word.
pub(crate) fn is_required(word: &str) -> bool {
    std::env::var("BURSAR_TEST_REQUIRE").is_ok_and(|list| list.split(',').any(|one| one.trim() == word))
}

/// What the environment says of a service: its URL is in [`Service::variable`], and `BURSAR_TEST_REQUIRE` lists what may not be absent.
pub fn given(service: impl Into<Service>) -> Given {
    let service = service.into();
    let variable = service.variable();
    match std::env::var(variable) {
        Ok(url) if !url.is_empty() => Given::Url(url),
        _ if is_required(service.name()) => Given::Missing(format!(
            "BURSAR_TEST_REQUIRE names {service}, and {variable} is not set; set it, or run scripts/test"
        )),
        _ => Given::Absent,
    }
}

/// Whether tests can start a server or a cluster of their own here.
///
/// # Errors
///
/// When they cannot though `BURSAR_TEST_REQUIRE` asks for it, of servers with the word `private` and of a cluster with its name: what to do
/// about that.
pub fn private(service: impl Into<Service>) -> Result<bool, String> {
    let service = service.into();
    let (there, word) = match service {
        Service::One(Engine::Postgres) => (postgres::programs(), "private"),
        Service::One(Engine::Mariadb) => (mariadb::programs(), "private"),
        Service::One(Engine::Redis) => (redis::programs(), "private"),
        Service::Galera => (galera::programs(), service.name()),
        Service::RedisCluster => (redis::programs(), service.name()),
    };
    match there {
        Ok(()) => Ok(true),
        Err(error) if is_required(word) => Err(format!("BURSAR_TEST_REQUIRE has {word}: {error}")),
        Err(_) => Ok(false),
    }
}
