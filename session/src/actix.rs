//! The layer as a middleware of actix-web, the extractor, and answers from errors.
//!
//! ```
//! use actix_web::{App, web};
//! use bursar_session::{Error, Session, SessionLayer};
//! use bursar_store_memory::MemoryStore;
//!
//! async fn count(session: Session) -> Result<String, Error> {
//!     let visits = session.update("visits", |visits: &mut u32| *visits += 1).await?;
//!     Ok(format!("{visits} visits"))
//! }
//!
//! // Made once, outside of the closure that makes an App for each worker: its clones share the store.
//! let sessions = SessionLayer::new(MemoryStore::new());
//! let app = move || App::new().wrap(sessions.clone()).route("/", web::get().to(count));
//! # let _ = app();
//! ```

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::{StatusCode as ActixStatus, header as actix_header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use crate::answer::plain;
use crate::outcome::Answered;
use crate::{Error, Finished, Session, SessionLayer};

impl<S, B> Transform<S, ServiceRequest> for SessionLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = SessionMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<SessionMiddleware<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionMiddleware { service, layer: self.clone() }))
    }
}

/// The service that gives each request its [`Session`], in the request's extensions, and ends it with the response.
#[derive(Debug)]
pub struct SessionMiddleware<S> {
    service: S,
    layer: SessionLayer,
}

impl<S, B> Service<ServiceRequest> for SessionMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let layer = self.layer.clone();
        let session = begin(&layer, &request);
        request.extensions_mut().insert(session.clone());
        let handling = self.service.call(request);
        Box::pin(async move {
            match handling.await {
                Ok(response) => {
                    let answered = response.response().extensions().get::<Answered>().cloned();
                    let early = if answered.is_none() { session.finish_early() } else { None };
                    let finished = match early {
                        Some(finished) => finished,
                        None => {
                            let error = answered.map(|answered| answered.0);
                            layer.finish(&session, status(response.status()), error).await
                        }
                    };
                    Ok(answer(finished, response))
                }
                // The error becomes an answer further out; what belongs to its headers goes with it.
                Err(error) => {
                    let of_session = error.as_error::<Error>().is_some();
                    let response = error.error_response();
                    let answered = response.extensions().get::<Answered>().cloned().filter(|_| of_session);
                    let early = if answered.is_none() { session.finish_early() } else { None };
                    let finished = match early {
                        Some(finished) if !finished.used() => return Err(error),
                        Some(finished) => finished,
                        None => {
                            let of_session = answered.map(|answered| answered.0);
                            layer.finish(&session, status(response.status()), of_session).await
                        }
                    };
                    Err(Failed { error, finished }.into())
                }
            }
        })
    }
}

/// The session of a request, of which the layer sees the headers that it needs.
fn begin(layer: &SessionLayer, request: &ServiceRequest) -> Session {
    const NEEDED: [actix_header::HeaderName; 3] =
        [actix_header::COOKIE, actix_header::ACCEPT, actix_header::CONTENT_TYPE];
    let mut headers = HeaderMap::new();
    let mut take = |name: &str, value: &[u8]| {
        let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(value).ok());
        if let Some((name, value)) = header {
            headers.append(name, value);
        }
    };
    for name in &NEEDED {
        for value in request.headers().get_all(name) {
            take(name.as_str(), value.as_bytes());
        }
    }
    for name in ["sec-fetch-dest", "x-requested-with"] {
        if let Some(value) = request.headers().get(name) {
            take(name, value.as_bytes());
        }
    }
    let method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or(Method::POST);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    layer.begin(&method, &target.parse::<Uri>().unwrap_or_default(), &headers)
}

fn status(status: ActixStatus) -> StatusCode {
    StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The handler's response, or the layer's in its place, with all that belongs to it.
fn answer<B>(mut finished: Finished, response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let mut response = match finished.response.take() {
        Some(ours) => response.into_response(built(&ours)).map_into_right_body(),
        None => response.map_into_left_body(),
    };
    if finished.used() {
        complete(&finished, response.headers_mut());
    }
    if finished.tells() {
        response.response_mut().extensions_mut().insert(finished.outcome);
    }
    response
}

/// A response of the layer's own, as actix-web has it.
fn built(ours: &http::Response<String>) -> HttpResponse<BoxBody> {
    let code = ActixStatus::from_u16(ours.status().as_u16()).unwrap_or(ActixStatus::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(code);
    for (name, value) in ours.headers() {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(ours.body().clone())
}

/// Completes the headers as the layer says.
fn complete(finished: &Finished, headers: &mut actix_header::HeaderMap) {
    let mut ours = HeaderMap::new();
    for value in headers.get_all(actix_header::VARY) {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            ours.append(http::header::VARY, value);
        }
    }
    let said = ours.len();
    finished.complete(&mut ours);
    let added = ours.get_all(http::header::VARY).iter().skip(said).map(|value| (&http::header::VARY, value));
    let others = ours.iter().filter(|(name, _)| *name != http::header::VARY);
    for (name, value) in added.chain(others) {
        let header = actix_header::HeaderName::from_bytes(name.as_str().as_bytes()).ok();
        let header = header.zip(actix_header::HeaderValue::from_bytes(value.as_bytes()).ok());
        match header {
            Some((name, value)) if name == actix_header::CACHE_CONTROL => drop(headers.insert(name, value)),
            Some((name, value)) => headers.append(name, value),
            None => {}
        }
    }
}

/// An error of a service inside, with what the session's end adds to its answer.
#[derive(Debug)]
struct Failed {
    error: actix_web::Error,
    finished: Finished,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Failed {
    fn status_code(&self) -> ActixStatus {
        self.error_response().status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = match &self.finished.response {
            Some(ours) => built(ours),
            None => self.error.error_response(),
        };
        complete(&self.finished, response.headers_mut());
        response.extensions_mut().insert(self.finished.outcome.clone());
        response
    }
}

/// There is no [`SessionLayer`] around the route of a handler that asks for a [`Session`]: answered with 500, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this handler asks for a Session, and no SessionLayer is around its route: add .wrap(SessionLayer::new(store)) to the App or scope"
)]
pub struct MissingLayer;

impl ResponseError for MissingLayer {}

impl FromRequest for Session {
    type Error = MissingLayer;
    type Future = Ready<Result<Self, MissingLayer>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let session = request.extensions().get::<Self>().cloned();
        if session.is_none() {
            tracing::error!("{MissingLayer}");
        }
        ready(session.ok_or(MissingLayer))
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> ActixStatus {
        ActixStatus::from_u16(self.status().as_u16()).unwrap_or(ActixStatus::INTERNAL_SERVER_ERROR)
    }

    /// The answer that the layer gives to this error. What is seen of it where there is no layer says as much in plain text.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = built(&plain(self));
        response.extensions_mut().insert(Answered(Arc::new(self.again())));
        response
    }
}
