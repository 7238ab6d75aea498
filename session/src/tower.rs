//! The layer as a `tower::Layer`, and its service.
//!
//! The session is in the request's extensions: `request.extensions().get::<Session>()`. A handler's [`Error`](crate::Error) becomes an answer by
//! [`into_answer`](crate::Error::into_answer), which the layer replaces by its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::outcome::Answered;
use crate::{Finished, Session, SessionLayer};

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { inner, layer: self.clone() }
    }
}

/// The service that gives each request its [`Session`], in the request's extensions, and ends it with the response.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    layer: SessionLayer,
}

impl<S, B, R> Service<Request<B>> for SessionService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<SessionBody<R>>;
    type Error = S::Error;
    type Future = SessionFuture<S::Future, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // In nested routers of axum the request's address has lost its beginning.
        #[cfg(feature = "axum")]
        let uri =
            request.extensions().get::<axum::extract::OriginalUri>().map_or(request.uri(), |uri| &uri.0);
        #[cfg(not(feature = "axum"))]
        let uri = request.uri();
        let session = self.layer.begin(request.method(), uri, request.headers());
        request.extensions_mut().insert(session.clone());
        let stage = Stage::Handling { handler: self.inner.call(request) };
        SessionFuture { stage, session }
    }
}

type Finishing = Pin<Box<dyn Future<Output = Finished> + Send>>;

pin_project! {
    #[project = StageProjection]
    enum Stage<F, R> {
        Handling { #[pin] handler: F },
        Finishing { finishing: Finishing, response: Option<Response<R>> },
    }
}

pin_project! {
    /// A response under way.
    pub struct SessionFuture<F, R> {
        #[pin]
        stage: Stage<F, R>,
        session: Session,
    }
}

impl<F, R> std::fmt::Debug for SessionFuture<F, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionFuture").finish_non_exhaustive()
    }
}

impl<F, R, E> Future for SessionFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<SessionBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.stage.as_mut().project() {
                StageProjection::Handling { handler } => {
                    let response = ready!(handler.poll(context))?;
                    let error =
                        response.extensions().get::<Answered>().map(|answered| Arc::clone(&answered.0));
                    if error.is_none()
                        && let Some(finished) = this.session.finish_early()
                    {
                        return Poll::Ready(Ok(answered(finished, response)));
                    }
                    let session = this.session.clone();
                    let status = response.status();
                    let finishing: Finishing =
                        Box::pin(async move { session.inner.finish(status, error).await });
                    this.stage.set(Stage::Finishing { finishing, response: Some(response) });
                }
                StageProjection::Finishing { finishing, response } => {
                    let finished = ready!(finishing.as_mut().poll(context));
                    if let Some(response) = response.take() {
                        return Poll::Ready(Ok(answered(finished, response)));
                    }
                    // A future is not polled again after it was ready.
                    return Poll::Pending;
                }
            }
        }
    }
}

/// The handler's response, or the layer's in its place, with all that belongs to it.
fn answered<R>(mut finished: Finished, response: Response<R>) -> Response<SessionBody<R>> {
    let mut response = match finished.response.take() {
        Some(ours) => ours.map(SessionBody::text),
        None => response.map(SessionBody::of),
    };
    finished.complete(response.headers_mut());
    if finished.tells() {
        response.extensions_mut().insert(finished.outcome);
    }
    response
}

pin_project! {
    /// The handler's body, or the text of the layer's own answer.
    #[derive(Debug)]
    pub struct SessionBody<R> {
        #[pin]
        body: Which<R>,
    }
}

pin_project! {
    #[project = WhichProjection]
    #[derive(Debug)]
    enum Which<R> {
        Handlers { #[pin] body: R },
        Layers { text: Option<Bytes> },
    }
}

impl<R> SessionBody<R> {
    const fn of(body: R) -> Self {
        Self { body: Which::Handlers { body } }
    }

    fn text(text: String) -> Self {
        Self { body: Which::Layers { text: Some(Bytes::from(text)).filter(|text| !text.is_empty()) } }
    }
}

impl<R: Body<Data = Bytes>> Body for SessionBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match self.project().body.project() {
            WhichProjection::Handlers { body } => body.poll_frame(context),
            WhichProjection::Layers { text } => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Which::Handlers { body } => body.is_end_stream(),
            Which::Layers { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Which::Handlers { body } => body.size_hint(),
            Which::Layers { text } => {
                let length = text.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
        }
    }
}

/// Routes that are no activity of the user's, as those that a page polls: put it around them, inside of the [`SessionLayer`]. They do not
/// prolong the session.
///
/// ```
/// use axum::{Router, routing::get};
/// use bursar_session::tower::NoActivity;
/// use bursar_session::{Session, SessionLayer};
/// use bursar_store_memory::MemoryStore;
///
/// async fn news(session: Session) -> &'static str {
///     "none"
/// }
///
/// let app: Router = Router::new()
///     .route("/news", get(news).layer(NoActivity)) // what a page asks for every minute keeps nobody logged in
///     .layer(SessionLayer::new(MemoryStore::new()));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NoActivity;

impl<S> Layer<S> for NoActivity {
    type Service = NoActivityService<S>;

    fn layer(&self, inner: S) -> NoActivityService<S> {
        NoActivityService { inner }
    }
}

/// The service of [`NoActivity`].
#[derive(Clone, Debug)]
pub struct NoActivityService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for NoActivityService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match request.extensions().get::<Session>() {
            Some(session) => session.no_activity(),
            None => tracing::error!("NoActivity is not inside of a SessionLayer"),
        }
        self.inner.call(request)
    }
}
