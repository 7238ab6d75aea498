//! The service of tower: readiness and bodies pass through it as they are.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bursar_session::Session;
use bursar_session::tower::NoActivity;
use bytes::Bytes;
use http::header::COOKIE;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower_layer::Layer;
use tower_service::Service;

use crate::site::{DOWN, Site};

/// A body of so many bytes, which says what it is told to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Says {
    ended: bool,
    lower: u64,
    upper: Option<u64>,
}

impl Body for Says {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a part")))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.lower);
        if let Some(upper) = self.upper {
            hint.set_upper(upper);
        }
        hint
    }
}

/// A service that is as ready as it is told to be, may change the session, and answers with this body.
struct Handler {
    ready: Poll<Result<(), &'static str>>,
    changes: bool,
    body: Says,
}

const BODY: Says = Says { ended: false, lower: 3, upper: Some(9) };

impl Handler {
    const fn with(body: Says) -> Self {
        Self { ready: Poll::Ready(Ok(())), changes: false, body }
    }

    const fn that_is(ready: Poll<Result<(), &'static str>>) -> Self {
        Self { ready, changes: false, body: BODY }
    }
}

impl Service<Request<()>> for Handler {
    type Response = Response<Says>;
    type Error = &'static str;
    type Future = Ready<Result<Response<Says>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.ready
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        if self.changes {
            request.extensions().get::<Session>().unwrap().insert("n", &7).unwrap();
        }
        ready(Ok(Response::new(self.body)))
    }
}

async fn readiness<S: Service<Request<()>>>(mut service: S) -> Poll<Result<(), S::Error>> {
    poll_fn(|context| Poll::Ready(service.poll_ready(context))).await
}

#[tokio::test]
async fn a_service_is_as_ready_as_what_it_is_around() {
    let site = Site::open().await;
    for ready in [Poll::Ready(Ok(())), Poll::Pending, Poll::Ready(Err("it has died"))] {
        assert_eq!(readiness(NoActivity.layer(Handler::that_is(ready))).await, ready);
        assert_eq!(readiness(site.layer.layer(Handler::that_is(ready))).await, ready);
    }
}

#[tokio::test]
async fn a_handlers_body_is_as_long_as_it_says() {
    let site = Site::open().await;
    for ended in [false, true] {
        for (lower, upper) in [(0, None), (3, Some(9)), (5, Some(5))] {
            let body = Says { ended, lower, upper };
            let response = site.layer.layer(Handler::with(body)).call(Request::new(())).await.unwrap();
            let passed = response.into_body();
            let hint = passed.size_hint();
            assert_eq!((passed.is_end_stream(), hint.lower(), hint.upper()), (ended, lower, upper));
        }
    }
}

#[tokio::test]
async fn the_layers_body_is_as_long_as_its_text() {
    let site = Site::down().await;
    let request = Request::post("/set").header(COOKIE, &site.cookie).body(()).unwrap();
    let handler = Handler { changes: true, ..Handler::with(BODY) };
    let response = site.layer.layer(handler).call(request).await.unwrap();
    assert_eq!(response.status(), 503);
    let mut body = pin!(response.into_body());
    assert_eq!((body.is_end_stream(), body.size_hint().exact()), (false, u64::try_from(DOWN.len()).ok()));
    let frame = poll_fn(|context| body.as_mut().poll_frame(context)).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), DOWN);
    assert_eq!((body.is_end_stream(), body.size_hint().exact()), (true, Some(0)));
    assert!(poll_fn(|context| body.as_mut().poll_frame(context)).await.is_none());
}

#[tokio::test]
async fn debug_shows_nothing_of_a_response_under_way() {
    let site = Site::open().await;
    let request = Request::post("/").header(COOKIE, &site.cookie).body(()).unwrap();
    let answering = site.layer.layer(Handler::with(BODY)).call(request);
    assert_eq!(format!("{answering:?}"), "SessionFuture { .. }");
}
