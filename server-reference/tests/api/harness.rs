//! A real server in this process, with a clock that tests move, on a free port of loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use approute_server::cli::seed;
use approute_server::clock::ManualClock;
use approute_server::config::Config;
use approute_server::server::Server;
use approute_server::store::click_pages::{self, Query, Stored};
use approute_server::store::keys::Scope;
use approute_server::store::workspaces::{self, Plan, Workspace};
use approute_server::store::{Dialect, Target};
use approute_server::webhook::key::Source;
use http::header::HeaderMap;
use serde_json::Value;
use sqlx::Connection as _;

use crate::http_client::{Client, Received};

/// 2026-11-23T12:00:00Z.
pub const NOON: i64 = 1_795_435_200_000_000;

/// A server with two workspaces.
pub struct Api {
    pub server: Server,
    pub clock: Arc<ManualClock>,
    /// For visits: its connections never see a call of the API, so that they stay where visits are answered.
    pub client: Client,
    calls: Client,
    /// A read-write key of the first workspace.
    pub key: String,
    /// A read key of the first workspace.
    pub read_key: String,
    /// A read-write key of the second workspace.
    pub other_key: String,
    pub workspace: Workspace,
    /// Last, so that it is removed when nobody needs it any more.
    _database: Fresh,
}

impl Api {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::over(Fresh::new().await, change).await
    }

    /// Over a database that has something in it already.
    pub async fn after(prepare: impl AsyncFnOnce(&mut sqlx::AnyConnection, Dialect)) -> Self {
        let mut database = Fresh::new().await;
        if database.target == Target::Memory {
            let folder = tempfile::tempdir().unwrap();
            database.target = Target::File(folder.path().join("a.db"));
            database.folder = Some(folder);
        }
        sqlx::any::install_default_drivers();
        let (url, dialect) = match &database.target {
            Target::Postgres(url) => (url.clone(), Dialect::Postgres),
            file => (format!("{file}?mode=rwc"), Dialect::Sqlite),
        };
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        prepare(&mut connection, dialect).await;
        connection.close().await.unwrap();
        Self::over(database, |_| {}).await
    }

    async fn over(database: Fresh, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(database.target.clone());
        config.dev = true;
        config.secret_key = Source::Text(format!("{}=", "A".repeat(43)).into());
        change(&mut config);
        let clock = Arc::new(ManualClock::new(NOON));
        let server = Server::start(config, clock.clone()).await.unwrap();
        let app = &server.app;
        let mut tx = app.store.write().await.unwrap();
        let first = seed::workspace(
            &mut tx,
            &app.ids,
            "First",
            Plan::Team,
            Some("localhost"),
            true,
            NOON,
        );
        let workspace = first.await.unwrap().unwrap();
        let second = seed::workspace(
            &mut tx,
            &app.ids,
            "Second",
            Plan::Team,
            Some("second.example"),
            true,
            NOON,
        );
        let second = second.await.unwrap().unwrap();
        let mut keys = Vec::new();
        for (of, scope) in [
            (&workspace, Scope::ReadWrite),
            (&workspace, Scope::Read),
            (&second, Scope::ReadWrite),
        ] {
            let (_, secret) = seed::key(&mut tx, &app.ids, of, "test", scope, NOON)
                .await
                .unwrap();
            keys.push(secret.reveal().to_owned());
        }
        tx.commit().await.unwrap();
        let [key, read_key, other_key] = keys.try_into().unwrap();
        let client = Client::new();
        Self {
            server,
            clock,
            client,
            calls: Client::new(),
            key,
            read_key,
            other_key,
            workspace,
            _database: database,
        }
    }

    /// Another node on the same database, by the same clock; none where the database is not shared.
    pub async fn second_node(&self) -> Option<Server> {
        if !self.server.app.store.dialect().is_shared() {
            eprintln!(
                "skipped: two nodes need PostgreSQL; run scripts/postgres run cargo test --test api"
            );
            return None;
        }
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            ..self.server.app.config.clone()
        };
        Some(Server::start(config, self.clock.clone()).await.unwrap())
    }

    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let key = Some(self.key.clone());
        Call {
            api: self,
            base_url: self.server.base_url(),
            method: method.to_owned(),
            path: path.to_owned(),
            key,
            headers: Vec::new(),
            body: None,
        }
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call("POST", path).json(body)
    }

    pub fn patch(&self, path: &str, body: Value) -> Call<'_> {
        self.call("PATCH", path).json(body)
    }

    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// Creates a link and returns it.
    pub async fn link(&self, body: Value) -> Value {
        let answer = self.post("/v1/links", body).send().await;
        assert_eq!(answer.status, 201, "{:#}", answer.json());
        answer.json()
    }

    /// Visits a short link.
    pub async fn visit(&self, slug: &str, agent: &str) -> Received {
        let url = format!("{}/{slug}", self.server.base_url());
        self.client
            .get(&url)
            .header("user-agent", agent)
            .send()
            .await
    }

    pub async fn flush(&self) {
        self.server.app.flush().await.unwrap();
    }

    /// Changes the first workspace, as the command line would.
    pub async fn change_workspace(&self, change: impl FnOnce(&mut Workspace)) {
        let mut tx = self.server.app.store.write().await.unwrap();
        let mut workspace = workspaces::get(&mut tx, &self.workspace.id)
            .await
            .unwrap()
            .unwrap();
        change(&mut workspace);
        workspaces::update(&mut tx, &workspace).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Every click that is stored, in the order in which they were ingested.
    pub async fn stored_clicks(&self) -> Vec<Stored> {
        let store = &self.server.app.store;
        let mut connection = store.read().await.unwrap();
        let mut query = Query {
            workspace_id: self.workspace.id.clone(),
            filters: Vec::new(),
            from: None,
            to: None,
            kinds: &[false, true],
            ascending: true,
            after: None,
            limit: 10_000,
        };
        let mut clicks = Vec::new();
        loop {
            let page = click_pages::read(&mut connection, store.dialect(), &query).await;
            let page = page.unwrap();
            clicks.extend(page.clicks);
            query.after = page.next;
            if page.next.is_none() {
                return clicks;
            }
        }
    }

    /// A number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = self.server.app.store.read().await.unwrap();
        sqlx::query_scalar(sql)
            .fetch_one(&mut *connection)
            .await
            .unwrap()
    }
}

/// Memory, or a fresh schema in the PostgreSQL server that `APPROUTE_TEST_POSTGRES` names (`postgres://USER@HOST:PORT`,
/// as `scripts/postgres` gives it), dropped at the end. To make a whole database would take four times as long.
struct Fresh {
    target: Target,
    folder: Option<tempfile::TempDir>,
    remove: Option<(String, String)>,
}

impl Fresh {
    async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let Ok(server) = std::env::var("APPROUTE_TEST_POSTGRES") else {
            return Self {
                target: Target::Memory,
                folder: None,
                remove: None,
            };
        };
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("approute_{}_{number}", std::process::id());
        administrate(&server, format!("CREATE SCHEMA {name}"))
            .await
            .unwrap();
        Self {
            target: Target::Postgres(format!("{server}/postgres?options[search_path]={name}")),
            folder: None,
            remove: Some((server, name)),
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let Some((server, name)) = self.remove.take() else {
            return;
        };
        // The test's own runtime stands still meanwhile, so that a transaction it has open does not end: then the
        // schema stays until the server is thrown away.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let drop = format!("SET lock_timeout = '1s'; DROP SCHEMA {name} CASCADE");
            let _ = runtime.block_on(administrate(&server, drop));
        });
        let _ = removal.join();
    }
}

async fn administrate(server: &str, sql: String) -> sqlx::Result<()> {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&format!("{server}/postgres")).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut connection)
        .await?;
    Ok(())
}

pub struct Call<'a> {
    api: &'a Api,
    base_url: String,
    method: String,
    path: String,
    key: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl Call<'_> {
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(serde_json::to_vec(&body).unwrap());
        self.header("content-type", "application/json")
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn idempotent(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Goes to this node instead.
    pub fn at(mut self, node: &Server) -> Self {
        self.base_url = node.base_url();
        self
    }

    pub fn by(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub fn anonymous(mut self) -> Self {
        self.key = None;
        self
    }

    /// Sends it; no answer may be a failure of the server's.
    pub async fn send(self) -> Answer {
        let url = format!("{}{}", self.base_url, self.path);
        let mut request = self.api.calls.request(self.method.parse().unwrap(), &url);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = self.body {
            request = request.body(body);
        }
        let Received {
            status,
            headers,
            body,
        } = request.send().await;
        let body = body.to_vec();
        let path = self.path.split('?').next().unwrap();
        assert!(
            status < 500,
            "{} {path} answers {status}: {}",
            self.method,
            String::from_utf8_lossy(&body)
        );
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Sends it and expects a problem with this status and code.
    pub async fn fails(self, status: u16, code: &str) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let answer = self.send().await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{what}: {:#}",
            answer.json()
        );
        answer
    }

    /// Sends it and expects a 422 with exactly this field error.
    pub async fn invalid(self, pointer: &str, code: &str) -> Answer {
        let answer = self.send().await;
        let json = answer.json();
        assert_eq!(answer.status, 422, "{json:#}");
        let errors = json["errors"].as_array().unwrap();
        assert!(
            errors
                .iter()
                .any(|error| error["pointer"] == pointer && error["code"] == code),
            "{pointer} {code}: {json:#}"
        );
        answer
    }

    /// Sends it and expects this status.
    pub async fn gives(self, status: u16) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        let answer = self.send().await;
        assert_eq!(
            answer.status,
            status,
            "{what}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        answer
    }
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }
}

/// The id of a link.
pub fn id(link: &Value) -> String {
    link["id"].as_str().unwrap().to_owned()
}

/// `/v1/links/{id}`.
pub fn path(link: &Value) -> String {
    format!("/v1/links/{}", id(link))
}
