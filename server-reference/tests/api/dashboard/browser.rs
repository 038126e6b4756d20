//! Somebody who is signed in, without a browser.

use approute_server::dashboard;
use approute_server::server::Server;

use crate::harness::Api;
use crate::http_client::Received;

/// A session.
#[derive(Clone)]
pub struct Browser<'a> {
    pub api: &'a Api,
    pub base_url: String,
    /// The whole cookie, empty where nobody is signed in.
    pub cookie: String,
    /// What forms carry.
    pub form_token: String,
}

/// A link to sign in to a workspace.
pub async fn link(api: &Api, workspace_id: &str) -> String {
    let app = &api.server.app;
    let mut tx = app.store.write().await.unwrap();
    let base_url = api.server.base_url();
    let link = dashboard::new_link(&mut tx, &base_url, workspace_id, app.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    link
}

/// The id of the second workspace.
pub async fn second_workspace(api: &Api) -> String {
    let mut connection = api.server.app.store.read().await.unwrap();
    sqlx::query_scalar("SELECT id FROM workspaces WHERE name = 'Second'")
        .fetch_one(&mut *connection)
        .await
        .unwrap()
}

impl<'a> Browser<'a> {
    /// Signed in to the first workspace.
    pub async fn new(api: &'a Api) -> Self {
        Self::of(api, &api.workspace.id.clone()).await
    }

    /// Signed in to this workspace.
    pub async fn of(api: &'a Api, workspace_id: &str) -> Self {
        let link = link(api, workspace_id).await;
        let token = link.split_once("token=").unwrap().1;
        let mut browser = Self {
            api,
            base_url: api.server.base_url(),
            cookie: String::new(),
            form_token: String::new(),
        };
        let answer = browser
            .send("/dashboard/sign-in", &[("token", token)])
            .await;
        assert_eq!(answer.status, 303, "{}", text(&answer));
        browser.cookie = cookie(&answer);
        browser.form_token = browser.token().await;
        browser
    }

    /// The form's token of a page.
    pub async fn token(&self) -> String {
        let page = text(&self.get("/dashboard/keys").await);
        let rest = page
            .split_once("name=\"form_token\" value=\"")
            .expect("a form")
            .1;
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// The same session on another node.
    pub fn at(mut self, node: &Server) -> Self {
        self.base_url = node.base_url();
        self
    }

    pub async fn get(&self, path: &str) -> Received {
        let url = format!("{}{path}", self.base_url);
        let request = self.api.client.get(&url).header("cookie", &self.cookie);
        request.send().await
    }

    /// Loads a page that is there, and gives its text.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", text(&answer));
        text(&answer)
    }

    /// Sends a form as it is.
    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Received {
        self.send_with(path, fields, &[]).await
    }

    /// Sends a form as it is, with more headers.
    pub async fn send_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Received {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let url = format!("{}{path}", self.base_url);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let other = headers.iter().any(|(name, _)| *name == form.0);
        let mut request = self
            .api
            .client
            .request("POST".parse().unwrap(), &url)
            .header("cookie", &self.cookie);
        for (name, value) in headers.iter().chain((!other).then_some(&form)) {
            request = request.header(name, value);
        }
        request.body(body).send().await
    }

    /// Sends a form of this session.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Received {
        let mut all = vec![("form_token", self.form_token.as_str())];
        all.extend(fields);
        self.send(path, &all).await
    }

    /// Sends a form that leads on, and gives where to.
    pub async fn led(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", text(&answer));
        answer.header("location").unwrap().to_owned()
    }

    /// Sends a file.
    pub async fn upload(&self, token: &str, file: &str) -> Received {
        let boundary = "----a-boundary";
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"links.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n{file}\r\n--{boundary}--\r\n"
        );
        let url = format!("{}/dashboard/imports", self.base_url);
        let request = self
            .api
            .client
            .request("POST".parse().unwrap(), &url)
            .header("cookie", &self.cookie)
            .header(
                "content-type",
                format!("multipart/form-data; boundary={boundary}"),
            );
        request.body(body).send().await
    }
}

pub fn text(answer: &Received) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The cookie that an answer sets, as a browser sends it back.
pub fn cookie(answer: &Received) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().unwrap().to_owned()
}
