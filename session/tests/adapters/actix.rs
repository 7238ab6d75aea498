//! The middleware of actix-web, and answers from errors.

use std::fmt;
use std::future::{Ready, poll_fn, ready};
use std::task::{Context, Poll};

use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, ResponseError, web};
use bursar_session::{Error, Session};

use crate::site::{DOWN, Site};

/// An error of the application's own.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Teapot;

impl fmt::Display for Teapot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is a teapot")
    }
}

impl ResponseError for Teapot {
    fn status_code(&self) -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }
}

/// A service that is as ready as it is told to be.
struct Handler(Poll<Option<Teapot>>);

impl Service<ServiceRequest> for Handler {
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Future = Ready<Result<ServiceResponse, actix_web::Error>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), actix_web::Error>> {
        self.0.map(|error| error.map_or(Ok(()), |error| Err(error.into())))
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        ready(Ok(request.into_response(HttpResponse::Ok().finish())))
    }
}

#[tokio::test]
async fn a_service_is_as_ready_as_what_it_is_around() {
    let site = Site::open().await;
    for told in [Poll::Ready(None), Poll::Pending, Poll::Ready(Some(Teapot))] {
        let service = site.layer.new_transform(Handler(told)).await.unwrap();
        let ready = poll_fn(|context| Poll::Ready(service.poll_ready(context))).await;
        assert_eq!(
            ready.map(|ready| ready.err().and_then(|error| error.as_error::<Teapot>().copied())),
            told
        );
    }
}

/// What a service inside of the layer does before it fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Nothing,
    Read,
    Set,
    Rotate,
}

/// A service that fails with an error of its own, as a middleware or an extractor does.
struct Failing(Before);

impl Service<ServiceRequest> for Failing {
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<ServiceResponse, actix_web::Error>>>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), actix_web::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let before = self.0;
        Box::pin(async move {
            let session = request.extract::<Session>().await.unwrap();
            match before {
                Before::Nothing => {}
                Before::Read => drop(session.get::<u32>("n").await.unwrap()),
                Before::Set => session.insert("n", &7).unwrap(),
                Before::Rotate => session.rotate().await.unwrap(),
            }
            Err(Teapot.into())
        })
    }
}

async fn failed(site: &Site, before: Before) -> actix_web::Error {
    let service = site.layer.new_transform(Failing(before)).await.unwrap();
    let request = TestRequest::post().uri("/pay").insert_header(("cookie", &*site.cookie)).to_srv_request();
    service.call(request).await.unwrap_err()
}

async fn answer(error: &actix_web::Error) -> (u16, Vec<String>, String) {
    let response = error.error_response();
    assert_eq!(error.as_response_error().status_code(), response.status(), "one status");
    let mut names: Vec<String> = response.headers().keys().map(|name| name.as_str().to_owned()).collect();
    names.retain(|name| name != "content-type");
    names.sort_unstable();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body()).await.unwrap_or_default();
    (status, names, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn an_error_of_a_service_inside_stays_as_it_is_where_the_session_is_not_used() {
    let site = Site::open().await;
    let error = failed(&site, Before::Nothing).await;
    assert_eq!(error.as_error::<Teapot>(), Some(&Teapot));
    let (status, names, body) = answer(&error).await;
    assert_eq!((status, &names[..], &*body), (418, &[][..], "it is a teapot"));
}

#[tokio::test]
async fn an_error_of_a_service_inside_is_answered_with_the_headers_that_belong_to_it() {
    let site = Site::open().await;
    let completed = ["cache-control", "set-cookie", "vary"];
    for (before, headers) in
        [(Before::Read, &completed[2..]), (Before::Set, &completed[2..]), (Before::Rotate, &completed[..])]
    {
        let error = failed(&site, before).await;
        assert_eq!(error.to_string(), "it is a teapot", "{before:?}");
        let (status, names, body) = answer(&error).await;
        assert_eq!((status, &*body), (418, "it is a teapot"), "{before:?}");
        assert_eq!(names, headers, "{before:?}");
    }
}

#[tokio::test]
async fn the_layers_answer_takes_the_place_of_such_an_error() {
    let site = Site::down().await;
    let error = failed(&site, Before::Set).await;
    let (status, names, body) = answer(&error).await;
    assert_eq!((status, &*body), (503, DOWN));
    assert_eq!(names, ["cache-control", "retry-after", "vary"]);
}

async fn add(session: Session) -> Result<String, Error> {
    Ok(session.update("n", |n: &mut u32| *n += 1).await?.to_string())
}

/// The handler does not notice that the store is down: what it sets is saved with the response.
async fn set(session: Session) -> Result<&'static str, Error> {
    session.insert("n", &7)?;
    Ok("set")
}

#[tokio::test]
async fn a_store_that_is_down_is_answered_for_by_the_layer() {
    let site = Site::down().await;
    let app = App::new()
        .wrap(site.layer.clone())
        .route("/add", web::post().to(add))
        .route("/set", web::post().to(set));
    let app = init_service(app).await;
    for target in ["/add", "/set"] {
        let request = TestRequest::post().uri(target).insert_header(("cookie", &*site.cookie)).to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.status().as_u16(), 503, "{target}");
        assert_eq!(response.headers().get("retry-after").unwrap(), "1", "{target}");
        assert_eq!(to_bytes(response.into_body()).await.unwrap(), DOWN, "{target}");
    }
}

#[tokio::test]
async fn an_error_of_the_sessions_has_one_status() {
    let site = Site::down().await;
    let session = site.layer.begin(&http::Method::POST, &http::Uri::from_static("/"), &{
        let mut headers = http::HeaderMap::new();
        headers.insert("cookie", site.cookie.parse().unwrap());
        headers
    });
    for (error, status, said) in [
        (session.get::<u32>("n").await.unwrap_err(), 503, "Service Unavailable\n"),
        (session.insert("", &1).unwrap_err(), 500, "Internal Server Error\n"),
    ] {
        let (code, names, body) = answer(&error.into()).await;
        assert_eq!((code, &names[..], &*body), (status, &["cache-control".to_owned()][..], said));
    }
}
