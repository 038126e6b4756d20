//! Accepts connections, and stops without cutting off anybody.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use axum::{Extension, Router};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};

use super::cut::{Breakable, Breaker, Resettable};
use crate::app::SharedApp;
use crate::redirect;

/// Connections at once; more wait in the system's queue.
const CONNECTIONS: usize = 10_000;
/// How long a request's head may take, which is also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// What answers requests.
struct Front {
    app: SharedApp,
    router: TowerToHyperService<Router>,
}

impl Front {
    /// Answers a request. Most are visits of short links, and go straight to where they are answered: the layers of the
    /// router cost them a tenth of their time.
    async fn answer(self: Arc<Self>, peer: Peer, request: Request<Incoming>) -> Response {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(peer);
        let body = Body::new(body);
        if !super::has_route(parts.uri.path())
            && let Some(domain) = redirect::domain(&self.app, &parts).await
        {
            return redirect::serve(&self.app, &domain, &parts, body).await;
        }
        let Ok(answer) = self.router.call(Request::from_parts(parts, body)).await;
        answer
    }
}

/// Serves until `stop` becomes true; then running requests get their time to finish. In development, API and short links
/// share an address, and tests may ask for connections to break off.
pub async fn serve(
    listener: TcpListener,
    app: SharedApp,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let (dev, grace) = (app.config.dev, app.config.grace);
    let front = Arc::new(Front {
        app,
        router: TowerToHyperService::new(router.clone()),
    });
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await;
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: what is open has to close first.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = stopped(&mut stop) => break,
        };
        let _ = stream.set_nodelay(true);
        let peer = Peer(peer);
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT);
        let watcher = graceful.watcher();
        if dev {
            let router = router.clone().layer(Extension(peer));
            let breaker = Breaker::default();
            let stream = TokioIo::new(Resettable::new(stream, breaker.clone()));
            let connection = builder.serve_connection(stream, Breakable::new(router, breaker));
            spawn(watcher.watch(connection), place);
        } else {
            let front = front.clone();
            let service = service_fn(move |request| {
                let answer = front.clone().answer(peer, request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            spawn(watcher.watch(connection), place);
        }
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
}

fn spawn(
    connection: impl Future<Output = hyper::Result<()>> + Send + 'static,
    place: Result<OwnedSemaphorePermit, AcquireError>,
) {
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The guard that this returns must not live on: it cannot cross an await.
    let _ = stop.wait_for(|stop| *stop).await;
}
