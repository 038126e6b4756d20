//! The workspace: its plan, its settings, and the domains of its links with the apps that open them.

use std::fmt::Display;
use std::str::FromStr;

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use super::form::{Control, Errors, Field, Group};
use super::page::{self, Outcome, Page, Section, When, number};
use super::session::{Person, Posted};
use crate::associations::{AndroidApp, Apps, IosApp, domain_name};
use crate::problem::{Failure, Problem};
use crate::store::domains::{self, Domain};
use crate::store::workspaces::{self, DeleteConfirmation};

/// No threshold is above it.
const MOST_DELETES: i64 = 1_000_000;

struct DomainRow {
    name: String,
    added: When,
    ios: String,
    android: String,
    apps: usize,
    ios_error: Option<String>,
    android_error: Option<String>,
    open: bool,
}

#[derive(Template)]
#[template(path = "dashboard/workspace.html")]
struct WorkspacePage {
    page: Page,
    id: String,
    plan: &'static str,
    plan_has: &'static str,
    created: When,
    requests: String,
    seconds: i64,
    groups: Vec<Group>,
    domains: Vec<DomainRow>,
    /// Whether people may add domains here.
    adds: bool,
    new_domain: String,
    new_error: Option<String>,
}

fn settings(threshold: &str, confirmation: &str) -> Vec<Group> {
    let options = [
        ("token", "the program itself, with the token that it gets"),
        ("dashboard", "a person, under Approvals"),
    ];
    let options = options.map(|(value, label)| (value.to_owned(), label.to_owned()));
    vec![Group::new(
        "Deletes",
        true,
        vec![
            Field::line(
                "delete_threshold",
                "Deletes within an hour without a second look",
            )
            .hint(
                "By each key, single and in batches. Links that are deleted already do not count.",
            )
            .value(threshold)
            .required(),
            Field::line("delete_confirmation", "More than that is confirmed by")
                .with(Control::Choice(options.to_vec()))
                .value(confirmation),
        ],
    )]
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("\n")
}

impl From<Domain> for DomainRow {
    fn from(domain: Domain) -> Self {
        Self {
            name: domain.name,
            added: When(domain.created_at),
            ios: lines(domain.apps.ios.iter().map(IosApp::app_id)),
            android: lines(domain.apps.android.iter().map(AndroidApp::written)),
            apps: domain.apps.ios.len() + domain.apps.android.len(),
            ios_error: None,
            android_error: None,
            open: false,
        }
    }
}

impl Person {
    /// Whoever can add a domain decides for which hosts this server answers with short links, so that the hosts of
    /// the API must be known.
    fn adds_domains(&self) -> bool {
        let config = &self.app.config;
        config.dev || !config.api_hosts.is_empty()
    }

    async fn workspace_page(&self) -> Result<WorkspacePage, Failure> {
        let mut connection = self.app.store.read().await?;
        let domains = domains::with_apps(&mut connection, &self.workspace.id).await?;
        let workspace = &self.workspace;
        let policy = self.app.limiter.policy();
        Ok(WorkspacePage {
            page: self.page(Section::Workspace, "Workspace"),
            id: workspace.id.clone(),
            plan: workspace.plan.as_str(),
            plan_has: match workspace.plan {
                workspaces::Plan::Free => "no API keys",
                workspaces::Plan::Pro => "keys that read",
                workspaces::Plan::Team => "keys that read, and keys that read and write",
            },
            created: When(workspace.created_at),
            requests: number(policy.requests()),
            seconds: policy.seconds(),
            groups: settings(
                &workspace.delete_threshold.to_string(),
                workspace.delete_confirmation.as_str(),
            ),
            domains: domains.into_iter().map(DomainRow::from).collect(),
            adds: self.adds_domains(),
            new_domain: String::new(),
            new_error: None,
        })
    }

    /// A domain of this workspace.
    async fn domain(&self, name: &str) -> Result<Domain, Failure> {
        let mut connection = self.app.store.read().await?;
        let found = domains::find(&mut connection, name).await?;
        let own = found.filter(|domain| domain.workspace_id == self.workspace.id);
        own.ok_or_else(|| Problem::not_found("domain").into())
    }
}

/// `GET /dashboard/workspace`
pub async fn show(person: Person) -> Outcome {
    page::show(&person.workspace_page().await?)
}

fn wrong(page: &WorkspacePage) -> Outcome {
    page::show_as(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// `POST /dashboard/workspace`
pub async fn save(posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let threshold = form.get("delete_threshold").parse::<i64>().ok();
    let threshold = threshold.filter(|threshold| (0..=MOST_DELETES).contains(threshold));
    let confirmation = DeleteConfirmation::parse(form.get("delete_confirmation")).ok();
    let (Some(threshold), Some(confirmation)) = (threshold, confirmation) else {
        let mut page = person.workspace_page().await?;
        page.groups = settings(
            form.get("delete_threshold"),
            form.get("delete_confirmation"),
        );
        let error = format!("Write a number from 0 to {}.", number(MOST_DELETES));
        page.groups[0].fields[0].error = Some(error.clone());
        page.page.errors = Errors::from([("delete_threshold".to_owned(), error)]);
        return wrong(&page);
    };
    let mut tx = person.app.store.write().await?;
    // Read anew, so that what others changed meanwhile stays.
    let found = workspaces::get(&mut tx, &person.workspace.id).await?;
    let mut workspace = found.ok_or_else(|| Problem::not_found("workspace"))?;
    workspace.delete_threshold = threshold;
    workspace.delete_confirmation = confirmation;
    workspaces::update(&mut tx, &workspace).await?;
    person
        .log(&mut tx, "dashboard.settings", &workspace.id)
        .await?;
    tx.commit().await?;
    page::go("/dashboard/workspace?done=saved")
}

/// Why a name cannot become a domain of links; none where it can.
fn refuse_name(person: &Person, name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or_default();
    if !name.contains('.') || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("Write a whole host name, such as go.example.com.");
    }
    let own = person.host.as_deref() == Some(name);
    if own || person.app.config.api_hosts.iter().any(|host| host == name) {
        return Some("This server's API is at this host, so that no links can be there.");
    }
    None
}

/// `POST /dashboard/domains`
pub async fn add(posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    if !person.adds_domains() {
        return Err(Problem::not_found("page").into());
    }
    let checked =
        domain_name(form.get("name")).and_then(|name| match refuse_name(&person, &name) {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(name),
        });
    let outcome = match checked {
        Ok(name) => {
            let domain = Domain {
                name,
                workspace_id: person.workspace.id.clone(),
                apps: Apps::default(),
                created_at: person.now,
            };
            let mut tx = person.app.store.write().await?;
            if domains::insert(&mut tx, &domain).await? {
                person
                    .log(&mut tx, "dashboard.domain_add", &domain.name)
                    .await?;
                tx.commit().await?;
                Ok(())
            } else {
                Err("This domain is taken.".to_owned())
            }
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => page::go("/dashboard/workspace?done=domain"),
        Err(error) => {
            let mut page = person.workspace_page().await?;
            form.get("name").clone_into(&mut page.new_domain);
            page.page.errors = Errors::from([("name".to_owned(), error.clone())]);
            page.new_error = Some(error);
            wrong(&page)
        }
    }
}

/// Reads a list with one on each line; says which line is wrong.
fn read<T: FromStr<Err = E>, E: Display>(text: &str) -> Result<Vec<T>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| line.parse().map_err(|error| format!("“{line}”: {error}")))
        .collect()
}

/// `POST /dashboard/domains/{name}/apps`
pub async fn set_apps(Path(name): Path<String>, posted: Posted) -> Outcome {
    let Posted { person, form } = posted;
    let domain = person.domain(&name).await?;
    let ios = read::<IosApp, _>(form.get("ios"));
    match (ios, read::<AndroidApp, _>(form.get("android"))) {
        (Ok(ios), Ok(android)) => {
            let apps = Apps { ios, android };
            let mut tx = person.app.store.write().await?;
            domains::set_apps(&mut tx, &domain.name, &apps).await?;
            person
                .log(&mut tx, "dashboard.domain_apps", &domain.name)
                .await?;
            tx.commit().await?;
            page::go("/dashboard/workspace?done=apps")
        }
        (ios, android) => {
            let mut page = person.workspace_page().await?;
            let (ios, android) = (ios.err(), android.err());
            for (field, error) in [("ios", &ios), ("android", &android)] {
                let id = format!("{field}-{}", domain.name);
                page.page
                    .errors
                    .extend(error.clone().map(|error| (id, error)));
            }
            for row in page
                .domains
                .iter_mut()
                .filter(|row| row.name == domain.name)
            {
                form.get("ios").clone_into(&mut row.ios);
                form.get("android").clone_into(&mut row.android);
                row.ios_error.clone_from(&ios);
                row.android_error.clone_from(&android);
                row.open = true;
            }
            wrong(&page)
        }
    }
}

/// `POST /dashboard/domains/{name}/remove`
pub async fn remove(Path(name): Path<String>, posted: Posted) -> Outcome {
    let person = posted.person;
    let domain = person.domain(&name).await?;
    let mut tx = person.app.store.write().await?;
    if domains::remove(&mut tx, &domain.name).await? {
        person
            .log(&mut tx, "dashboard.domain_remove", &domain.name)
            .await?;
        tx.commit().await?;
        return page::go("/dashboard/workspace?done=removed");
    }
    drop(tx);
    let mut page = person.workspace_page().await?;
    let error = format!(
        "{} has links, deleted ones included, so that it stays.",
        domain.name
    );
    page.page.errors = Errors::from([(String::new(), error)]);
    wrong(&page)
}
