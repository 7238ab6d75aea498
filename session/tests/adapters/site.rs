//! A site whose store may be made to fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bursar_session::{SessionLayer, SessionStore, StoreError, StoreErrorKind};
use bursar_store_memory::MemoryStore;
use http::{HeaderMap, Method, StatusCode, Uri};

/// A memory store that is there or down.
#[derive(Clone)]
struct Faulty {
    store: MemoryStore,
    down: Arc<AtomicBool>,
}

macro_rules! faulty {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl SessionStore for Faulty {
            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    if self.down.load(Ordering::SeqCst) {
                        return Err(StoreError::new(StoreErrorKind::Unavailable, stringify!($name), "it is down"));
                    }
                    self.store.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar_session::session_store_methods!(faulty);

/// What is answered to a form when the store is down.
pub(crate) const DOWN: &str = "Your session cannot be reached at the moment. You are not logged out. Please try again. \
                               What you asked for may have been done already: look before you ask again.\n";

pub(crate) struct Site {
    pub(crate) layer: SessionLayer,
    /// The cookie of a session that is there.
    pub(crate) cookie: String,
    down: Arc<AtomicBool>,
}

impl Site {
    pub(crate) async fn open() -> Self {
        let down = Arc::new(AtomicBool::new(false));
        let layer = SessionLayer::new(Faulty { store: MemoryStore::new(), down: Arc::clone(&down) });
        let session = layer.begin(&Method::POST, &Uri::from_static("/"), &HeaderMap::new());
        session.insert("n", &1).unwrap();
        let cookie = layer.finish(&session, StatusCode::OK, None).await.cookie.unwrap();
        let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { layer, cookie, down }
    }

    /// The same with a store that is down from now on.
    pub(crate) async fn down() -> Self {
        let site = Self::open().await;
        site.down.store(true, Ordering::SeqCst);
        site
    }
}
