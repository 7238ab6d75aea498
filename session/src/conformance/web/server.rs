//! How a request comes to a handler: with no adapter at all, or through one.

use std::fmt;
use std::sync::Arc;

use http::{Request, Response};

use crate::conformance::BoxFuture;
use crate::{Error, Session, SessionLayer};

/// What a request is answered by.
pub type Handler = Arc<dyn Fn(Session) -> BoxFuture<Result<Response<String>, Error>> + Send + Sync>;

/// What requests are sent to.
pub type Service = Arc<dyn Fn(Request<String>) -> BoxFuture<Response<String>> + Send + Sync>;

/// A way for requests to come to a handler, around which the layer is.
pub trait Server: fmt::Debug + Send + Sync {
    /// Puts the layer around the handler. Requests that are sent at once are served at once.
    fn serve(&self, layer: SessionLayer, handler: Handler) -> Service;
}

/// The layer's own functions, without an adapter.
#[derive(Clone, Copy, Debug)]
pub struct Direct;

impl Server for Direct {
    fn serve(&self, layer: SessionLayer, handler: Handler) -> Service {
        Arc::new(move |request| {
            let (layer, handler) = (layer.clone(), Arc::clone(&handler));
            Box::pin(async move {
                let session = layer.begin(request.method(), request.uri(), request.headers());
                let (response, error) = match handler(session.clone()).await {
                    Ok(response) => (response, None),
                    Err(error) => {
                        let mut response = Response::new(String::new());
                        *response.status_mut() = error.status();
                        (response, Some(Arc::new(error)))
                    }
                };
                let mut finished = layer.finish(&session, response.status(), error).await;
                let mut response = finished.response.take().unwrap_or(response);
                finished.complete(response.headers_mut());
                response.extensions_mut().insert(finished.outcome);
                response
            })
        })
    }
}

#[cfg(feature = "tower")]
pub use through_tower::Tower;

#[cfg(feature = "tower")]
mod through_tower {
    use std::convert::Infallible;
    use std::future::poll_fn;
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body::{Body, Frame};
    use tower_layer::Layer;
    use tower_service::Service as _;

    use super::{Handler, Server, Service};
    use crate::conformance::BoxFuture;
    use crate::{Session, SessionLayer};

    /// The `tower::Service`.
    #[derive(Clone, Copy, Debug)]
    pub struct Tower;

    /// A text as a body.
    struct Text(Option<String>);

    impl Body for Text {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text.into()))))
        }
    }

    #[derive(Clone)]
    struct Handling(Handler);

    impl tower_service::Service<Request<String>> for Handling {
        type Response = Response<Text>;
        type Error = Infallible;
        type Future = BoxFuture<Result<Response<Text>, Infallible>>;

        fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<String>) -> Self::Future {
            let handler = Arc::clone(&self.0);
            Box::pin(async move {
                let response = match request.extensions().get::<Session>() {
                    Some(session) => handler(session.clone()).await.unwrap_or_else(crate::Error::into_answer),
                    None => Response::new("there is no session in the request's extensions".into()),
                };
                Ok(response.map(|text| Text(Some(text))))
            })
        }
    }

    impl Server for Tower {
        fn serve(&self, layer: SessionLayer, handler: Handler) -> Service {
            let service = layer.layer(Handling(handler));
            Arc::new(move |request| {
                let mut service = service.clone();
                Box::pin(async move {
                    match service.call(request).await {
                        Ok(response) => collected(response).await,
                        Err(never) => match never {},
                    }
                })
            })
        }
    }

    /// A response with its body as text.
    pub(super) async fn collected<B: Body<Data = Bytes>>(response: Response<B>) -> Response<String> {
        let (parts, body) = response.into_parts();
        let mut body = pin!(body);
        let mut bytes = Vec::new();
        while let Some(Ok(frame)) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            if let Ok(data) = frame.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        Response::from_parts(parts, String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(feature = "axum")]
pub use through_axum::Axum;

#[cfg(feature = "axum")]
mod through_axum {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use axum::handler::HandlerWithoutStateExt;
    use tower_service::Service as _;

    use super::through_tower::collected;
    use super::{Handler, Server, Service};
    use crate::{Session, SessionLayer};

    /// A router of axum, with the handler in a nested one.
    #[derive(Clone, Copy, Debug)]
    pub struct Axum;

    impl Server for Axum {
        fn serve(&self, layer: SessionLayer, handler: Handler) -> Service {
            let handle = move |session: Session| {
                let handler = Arc::clone(&handler);
                async move { handler(session).await }
            };
            let router: Router = Router::new().fallback_service(handle.into_service()).layer(layer);
            Arc::new(move |request| {
                let mut router = router.clone();
                Box::pin(async move {
                    match router.call(request.map(Body::from)).await {
                        Ok(response) => collected(response).await,
                        Err(never) => match never {},
                    }
                })
            })
        }
    }
}

#[cfg(feature = "actix")]
pub use through_actix::Actix;

#[cfg(feature = "actix")]
mod through_actix {
    use std::sync::Arc;

    use actix_web::body::to_bytes;
    use actix_web::dev::{Service as _, ServiceResponse};
    use actix_web::{App, test, web};
    use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
    use tokio::sync::{mpsc, oneshot};

    use super::{Handler, Server, Service};
    use crate::{Session, SessionLayer};

    type Asked = (Request<String>, oneshot::Sender<Response<String>>);
    type Application = (SessionLayer, Handler, mpsc::UnboundedReceiver<Asked>);

    /// An application of actix-web, on a thread of its own.
    #[derive(Clone, Debug)]
    pub struct Actix {
        apps: mpsc::UnboundedSender<Application>,
    }

    impl Default for Actix {
        fn default() -> Self {
            Self::new()
        }
    }

    impl Actix {
        /// Starts the thread; it ends with the last clone.
        #[must_use]
        pub fn new() -> Self {
            let (apps, mut waiting) = mpsc::unbounded_channel::<Application>();
            std::thread::spawn(move || {
                actix_web::rt::System::new().block_on(async move {
                    while let Some((layer, handler, requests)) = waiting.recv().await {
                        actix_web::rt::spawn(run(layer, handler, requests));
                    }
                });
            });
            Self { apps }
        }
    }

    async fn run(layer: SessionLayer, handler: Handler, mut requests: mpsc::UnboundedReceiver<Asked>) {
        let handle = move |session: Session| {
            let handler = Arc::clone(&handler);
            async move { handler(session).await.map(built) }
        };
        let app = App::new().wrap(layer).default_service(web::to(handle));
        let app = std::rc::Rc::new(test::init_service(app).await);
        while let Some((request, reply)) = requests.recv().await {
            let app = std::rc::Rc::clone(&app);
            let method = actix_web::http::Method::from_bytes(request.method().as_str().as_bytes());
            let mut asked = test::TestRequest::with_uri(&request.uri().to_string());
            asked = asked.method(method.unwrap_or_default());
            for (name, value) in request.headers() {
                asked = asked.append_header((name.as_str(), value.as_bytes()));
            }
            let asked = asked.set_payload(request.into_body()).to_request();
            actix_web::rt::spawn(async move {
                let answer = match app.call(asked).await {
                    Ok(response) => collected(response).await,
                    Err(error) => {
                        let mut response = Response::new(error.to_string());
                        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                        response
                    }
                };
                // Who no longer waits is gone.
                let _ = reply.send(answer);
            });
        }
    }

    fn built(response: Response<String>) -> actix_web::HttpResponse {
        let status = actix_web::http::StatusCode::from_u16(response.status().as_u16());
        let mut built = actix_web::HttpResponse::build(
            status.unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR),
        );
        for (name, value) in response.headers() {
            built.append_header((name.as_str(), value.as_bytes()));
        }
        built.body(response.into_body())
    }

    async fn collected(response: ServiceResponse<impl actix_web::body::MessageBody>) -> Response<String> {
        let mut collected = Response::new(String::new());
        *collected.status_mut() = StatusCode::from_u16(response.status().as_u16()).unwrap_or_default();
        for (name, value) in response.headers() {
            let header = HeaderName::from_bytes(name.as_str().as_bytes()).ok();
            if let Some((name, value)) = header.zip(HeaderValue::from_bytes(value.as_bytes()).ok()) {
                collected.headers_mut().append(name, value);
            }
        }
        if let Some(outcome) = response.response().extensions().get::<crate::Outcome>() {
            collected.extensions_mut().insert(outcome.clone());
        }
        let bytes = to_bytes(response.into_body()).await.unwrap_or_default();
        *collected.body_mut() = String::from_utf8_lossy(&bytes).into_owned();
        collected
    }

    impl Server for Actix {
        fn serve(&self, layer: SessionLayer, handler: Handler) -> Service {
            let (requests, waiting) = mpsc::unbounded_channel();
            // A thread that is gone answers nobody, which the case then tells.
            let _ = self.apps.send((layer, handler, waiting));
            Arc::new(move |request| {
                let (reply, answer) = oneshot::channel();
                let _ = requests.send((request, reply));
                Box::pin(async move {
                    answer.await.unwrap_or_else(|_| {
                        let mut response = Response::new("the server gave no answer".to_owned());
                        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                        response
                    })
                })
            })
        }
    }
}
