//! Who may do what: the one place that looks at API keys, scopes and plans.

pub mod keys;
pub mod limits;
pub mod secret;

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};
use sqlx::AnyConnection;

use self::secret::Secret;
use crate::clock::Micros;
use crate::problem::{Code, Failure, Problem};
use crate::store::keys::{Caller, Scope, find_caller};

/// Finds the caller by the `Authorization` header. Keys and plans are looked up at every call, so that a revocation
/// or a change of plan counts at once, on every node.
pub async fn find(connection: &mut AnyConnection, headers: &HeaderMap) -> Result<Caller, Failure> {
    let secret = secret(headers)?;
    match find_caller(connection, &secret.hash()).await? {
        Some(caller) => Ok(caller),
        None => Err(refusal(
            Code::InvalidApiKey,
            "The API key is not known. Send \"Authorization: Bearer <key>\" with a key of your workspace.",
        )
        .into()),
    }
}

/// Refuses a caller whose key is over, whose plan has no such keys, or whose key may not write.
pub fn check(caller: &Caller, writes: bool, now: Micros) -> Result<(), Problem> {
    if caller.is_over(now) {
        return Err(refusal(
            Code::RevokedApiKey,
            "The API key was revoked or rotated. Use one that is current.",
        ));
    }
    if let Some(needed) = keys::plans_needed(caller.plan, caller.scope) {
        return Err(Problem::new(
            Code::PlanUpgradeRequired,
            format!(
                "The workspace is on the plan {}; {} keys need {needed}. Upgrade the plan.",
                caller.plan, caller.scope
            ),
        ));
    }
    if writes && caller.scope == Scope::Read {
        return Err(Problem::new(
            Code::ReadOnlyKey,
            "This key may only read. Use a read_write key.",
        ));
    }
    Ok(())
}

fn secret(headers: &HeaderMap) -> Result<Secret, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        let detail = "There is no API key. Send \"Authorization: Bearer <key>\".";
        return Err(Problem::new(Code::InvalidApiKey, detail).with_header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"AppRoute\""),
        ));
    };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let token = text
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.and_then(|(_, token)| Secret::parse(token.trim())).ok_or_else(|| {
        refusal(
            Code::InvalidApiKey,
            "This is no API key. Send \"Authorization: Bearer <key>\" with the whole key, apr_… included.",
        )
    })
}

fn refusal(code: Code, detail: &'static str) -> Problem {
    Problem::new(code, detail).with_header(
        WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"AppRoute\", error=\"invalid_token\""),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::workspaces::{DeleteConfirmation, Plan};

    fn caller(scope: Scope, plan: Plan) -> Caller {
        Caller {
            key_id: String::new(),
            workspace_id: String::new(),
            scope,
            plan,
            delete_threshold: 25,
            delete_confirmation: DeleteConfirmation::Token,
            ended_at: None,
        }
    }

    #[test]
    fn plans_and_scopes() {
        let verdict = |scope, plan, writes| {
            check(&caller(scope, plan), writes, 0)
                .err()
                .map(|problem| problem.code)
        };
        assert_eq!(verdict(Scope::ReadWrite, Plan::Team, true), None);
        assert_eq!(verdict(Scope::Read, Plan::Team, false), None);
        assert_eq!(verdict(Scope::Read, Plan::Pro, false), None);
        assert_eq!(
            verdict(Scope::Read, Plan::Team, true),
            Some(Code::ReadOnlyKey)
        );
        assert_eq!(
            verdict(Scope::Read, Plan::Free, false),
            Some(Code::PlanUpgradeRequired)
        );
        assert_eq!(
            verdict(Scope::ReadWrite, Plan::Pro, false),
            Some(Code::PlanUpgradeRequired)
        );
        let over = Caller {
            ended_at: Some(5),
            ..caller(Scope::ReadWrite, Plan::Team)
        };
        assert!(check(&over, false, 4).is_ok());
        assert_eq!(
            check(&over, false, 5).unwrap_err().code,
            Code::RevokedApiKey
        );
    }
}
