//! The extractor of axum, and answers from errors.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::post;
use bursar_session::axum::MissingLayer;
use bursar_session::{Error, Session};
use http::header::{CONTENT_TYPE, COOKIE, RETRY_AFTER};
use http::{HeaderMap, Request};
use tower_service::Service;

use crate::site::{DOWN, Site};

async fn add(session: Session) -> Result<String, Error> {
    Ok(session.update("n", |n: &mut u32| *n += 1).await?.to_string())
}

/// The handler does not notice that the store is down: what it sets is saved with the response.
async fn set(session: Session) -> Result<&'static str, Error> {
    session.insert("n", &7)?;
    Ok("set")
}

fn app() -> Router {
    Router::new().route("/add", post(add)).route("/set", post(set))
}

async fn asked(mut app: Router, target: &str, cookie: Option<&str>) -> (u16, HeaderMap, String) {
    let mut request = Request::post(target);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    let response = app.call(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, 10_000).await.unwrap().to_vec()).unwrap();
    (head.status.as_u16(), head.headers, body)
}

#[tokio::test]
async fn a_handler_without_a_layer_is_told_what_to_do() {
    let (status, _, body) = asked(app(), "/add", None).await;
    assert_eq!((status, body), (500, MissingLayer.to_string()));
    assert!(MissingLayer.to_string().contains("add .layer(SessionLayer::new(store)) to the Router"));
}

#[tokio::test]
async fn a_store_that_is_down_is_answered_for_by_the_layer() {
    let site = Site::open().await;
    let (status, _, body) = asked(app().layer(site.layer.clone()), "/add", Some(&site.cookie)).await;
    assert_eq!((status, &*body), (200, "2"));
    let site = Site::down().await;
    for target in ["/add", "/set"] {
        let (status, headers, body) =
            asked(app().layer(site.layer.clone()), target, Some(&site.cookie)).await;
        assert_eq!((status, &*body), (503, DOWN), "{target}");
        assert_eq!(
            (&headers[RETRY_AFTER], &headers[CONTENT_TYPE]),
            (&"1".parse().unwrap(), &"text/plain; charset=utf-8".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn an_error_of_another_layers_session_is_answered_plainly() {
    // The session is of a layer that does not see the answer: the handler's own is what is seen.
    let site = Site::down().await;
    let lent = site.layer.begin(&http::Method::POST, &http::Uri::from_static("/add"), &{
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, site.cookie.parse().unwrap());
        headers
    });
    let app = app().layer(axum::Extension(lent));
    let (status, _, body) = asked(app, "/add", None).await;
    assert_eq!((status, &*body), (503, "Service Unavailable\n"));
}
