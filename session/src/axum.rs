//! The extractor of axum, and answers from errors.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::{Error, Session};

/// There is no [`SessionLayer`](crate::SessionLayer) around the route of a handler that asks for a [`Session`]: answered with 500, and
/// what to do.
///
/// ```
/// use axum::{Router, routing::get};
/// use bursar_session::{Session, SessionLayer};
/// use bursar_store_memory::MemoryStore;
///
/// async fn hello(session: Session) -> &'static str {
///     "hello"
/// }
///
/// // A layer is around what was added before it.
/// let app: Router = Router::new().route("/", get(hello)).layer(SessionLayer::new(MemoryStore::new()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this handler asks for a Session, and no SessionLayer is around its route: add .layer(SessionLayer::new(store)) to the Router, \
     after the route"
)]
pub struct MissingLayer;

impl IntoResponse for MissingLayer {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = MissingLayer;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, MissingLayer> {
        parts.extensions.get::<Self>().cloned().ok_or(MissingLayer)
    }
}

impl IntoResponse for Error {
    /// The answer that the layer gives to this error. What is seen of it where there is no layer says as much in plain text.
    fn into_response(self) -> Response {
        self.into_answer().into_response()
    }
}
