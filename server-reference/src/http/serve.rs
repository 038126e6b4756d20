//! Accepts connections, and stops without cutting off anybody.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use axum::{Extension, Router};
use hyper::Request;
use hyper::body::{Body as HyperBody, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::{HttpService, Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::cut::{Breakable, Breaker, Resettable};
use super::front::{Arrival, Fronts};
use super::patient::Patient;
use crate::app::SharedApp;
use crate::redirect;

/// Connections at once; more wait in the system's queue.
const CONNECTIONS: u32 = 10_000;
/// How long a request's head may take, which is also how long an idle connection is kept.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long the other end may take nothing of its answer.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What answers everything that the front (`http::front`) does not answer itself.
pub struct Inner {
    pub(super) app: SharedApp,
    router: Router,
    routes: TowerToHyperService<Router>,
    stop: watch::Receiver<bool>,
}

impl Inner {
    /// Answers a request. Visits of short links go straight to where they are answered: the layers of the router cost
    /// them a tenth of their time.
    pub(super) async fn answer(&self, peer: Peer, request: Request<Body>) -> Response {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(peer);
        if !self.app.config.dev
            && !super::has_route(parts.uri.path())
            && let Some(domain) = redirect::domain(&self.app, &parts).await
        {
            return super::visit(&self.app, &domain, &parts, body).await;
        }
        let Ok(answer) = self.routes.call(Request::from_parts(parts, body)).await;
        answer
    }

    /// Serves a connection of which something was read already. In development, tests may ask for it to break off.
    pub(super) async fn serve(self: Arc<Self>, arrival: Arrival, read: Vec<u8>) {
        let peer = Peer(arrival.peer);
        // It counts until it is over.
        let _place = arrival.place;
        let stream = match TcpStream::from_std(arrival.stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken over");
                return;
            }
        };
        // Until the system has said so once, a connection seems to take nothing.
        let _ = stream.writable().await;
        if self.app.config.dev {
            let router = self.router.clone().layer(Extension(peer));
            let breaker = Breaker::default();
            let stream = Resettable::new(stream, breaker.clone());
            let stream = Patient::new(stream, read, WRITE_TIMEOUT);
            self.run(TokioIo::new(stream), Breakable::new(router, breaker))
                .await;
        } else {
            let inner = self.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let inner = inner.clone();
                async move { Ok::<_, Infallible>(inner.answer(peer, request.map(Body::new)).await) }
            });
            let stream = Patient::new(stream, read, WRITE_TIMEOUT);
            self.run(TokioIo::new(stream), service).await;
        }
    }

    /// Until it is over, or the server stops and the request that runs is answered.
    async fn run<I, S, B>(&self, stream: I, service: S)
    where
        I: Read + Write + Unpin,
        S: HttpService<Incoming, ResBody = B>,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: HyperBody + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT);
        let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
        let mut stop = self.stop.clone();
        let outcome = tokio::select! {
            outcome = &mut connection => outcome,
            () = stopped(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Serves until `stop` becomes true; then running requests get their time to finish. In development, API and short links
/// share an address.
pub async fn serve(
    listener: TcpListener,
    app: SharedApp,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let grace = app.config.grace;
    let inner = Arc::new(Inner {
        app,
        routes: TowerToHyperService::new(router.clone()),
        router,
        stop: stop.clone(),
    });
    let mut fronts = match Fronts::start(&inner, &stop) {
        Ok(fronts) => fronts,
        Err(error) => {
            tracing::error!(%error, "the threads for visits cannot be started; nothing is served");
            return;
        }
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let arrival = accepted.and_then(|(stream, peer)| {
            let _ = stream.set_nodelay(true);
            let stream = stream.into_std()?;
            Ok(Arrival {
                stream,
                peer,
                place,
            })
        });
        match arrival {
            Ok(arrival) => fronts.take(arrival),
            Err(error) => {
                // Out of file descriptors, most likely: what is open has to close first.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    // Each connection holds a place.
    let all = places.acquire_many(CONNECTIONS);
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The guard that this returns must not live on: it cannot cross an await.
    let _ = stop.wait_for(|stop| *stop).await;
}
