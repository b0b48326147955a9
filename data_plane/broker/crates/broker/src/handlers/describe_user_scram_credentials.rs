//! `DescribeUserScramCredentials`: the SCRAM users, never what verifies them. API keys are none of them (KIP-554).

use std::borrow::Cow;

use headrace_protocol::messages::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
    describe_user_scram_credentials_response::{CredentialInfo, DescribeUserScramCredentialsResult},
};
use headrace_security::{ScramMechanism, acls::AclOperation, limits::SCRAM_USERS_MAX};
use headrace_types::ErrorCode;

use super::{Context, permissions::denied};
use crate::{close::Close, reply::Answer, topics::Refusal};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeUserScramCredentialsRequest<'a>,
) -> Result<Answer<DescribeUserScramCredentialsResponse<'a>>, Close> {
    let allowed = context.check_cluster(AclOperation::Describe).map_err(denied);
    let asked = request.users.unwrap_or_default();
    let response = match allowed.and_then(|()| check_count(asked.len())) {
        Ok(()) => DescribeUserScramCredentialsResponse {
            error_message: None,
            results: describe(context, asked.into_iter().map(|user| user.name).collect()),
            ..Default::default()
        },
        Err(refusal) => DescribeUserScramCredentialsResponse {
            error_code: refusal.code.code(),
            error_message: Some(refusal.message.into()),
            ..Default::default()
        },
    };
    Ok(response.into())
}

fn check_count(count: usize) -> Result<(), Refusal> {
    if count <= SCRAM_USERS_MAX {
        return Ok(());
    }
    let message = format!("a request describes at most {SCRAM_USERS_MAX} users");
    Err(Refusal::new(ErrorCode::InvalidRequest, message))
}

fn describe<'a>(
    context: &Context<'_>,
    asked: Vec<Cow<'a, str>>,
) -> Vec<DescribeUserScramCredentialsResult<'a>> {
    context.broker.security.with_users(|users| {
        if asked.is_empty() {
            return users.iter().map(|(name, logins)| found(name.to_owned().into(), logins)).collect();
        }
        let mut counts = std::collections::BTreeMap::<String, usize>::new();
        for name in &asked {
            *counts.entry(name.to_string()).or_default() += 1;
        }
        let rows = asked.into_iter().map(|name| match users.get(&name) {
            _ if counts.get(name.as_ref()).is_some_and(|count| *count > 1) => {
                missing(name, ErrorCode::DuplicateResource, "the request names this user more than once")
            }
            Some(logins) => found(name, logins),
            None => missing(name, ErrorCode::ResourceNotFound, "there is no such SCRAM user"),
        });
        rows.collect()
    })
}

fn found(user: Cow<'_, str>, logins: Vec<(ScramMechanism, u32)>) -> DescribeUserScramCredentialsResult<'_> {
    let info = |(mechanism, iterations): (ScramMechanism, u32)| CredentialInfo {
        mechanism: mechanism as i8,
        iterations: iterations as i32,
    };
    DescribeUserScramCredentialsResult {
        user,
        error_message: None,
        credential_infos: logins.into_iter().map(info).collect(),
        ..Default::default()
    }
}

fn missing<'a>(
    user: Cow<'a, str>,
    code: ErrorCode,
    message: &'static str,
) -> DescribeUserScramCredentialsResult<'a> {
    DescribeUserScramCredentialsResult {
        user,
        error_code: code.code(),
        error_message: Some(message.into()),
        ..Default::default()
    }
}
