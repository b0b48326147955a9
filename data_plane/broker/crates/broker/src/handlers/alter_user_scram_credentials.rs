//! `AlterUserScramCredentials`: makes, replaces and ends SCRAM users; each user of a request has one result (KIP-554).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use headrace_protocol::messages::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
    alter_user_scram_credentials_request::{ScramCredentialDeletion, ScramCredentialUpsertion},
    alter_user_scram_credentials_response::AlterUserScramCredentialsResult,
};
use headrace_security::{
    ScramMechanism, ScramUsers, UserProblem, acls::AclOperation, check_user_name, limits::SCRAM_USERS_MAX,
};
use headrace_types::ErrorCode;

use super::{Context, permissions::denied};
use crate::{
    close::Close, connections::Ending, reply::Answer, storage_failure::end_process, topics::Refusal,
    users::UsersError,
};

type Results = BTreeMap<String, Result<(), Refusal>>;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: AlterUserScramCredentialsRequest<'a>,
) -> Result<Answer<AlterUserScramCredentialsResponse<'a>>, Close> {
    let allowed = check(context, request.deletions.len() + request.upsertions.len());
    let results = match allowed {
        Ok(()) => alter(context, &request),
        Err(refusal) => names(&request).map(|name| (name.to_owned(), Err(refusal.clone()))).collect(),
    };
    let results = results.into_iter().map(|(user, result)| {
        let (code, message) = match result {
            Ok(()) => (ErrorCode::None, None),
            Err(refusal) => (refusal.code, Some(Cow::Owned(refusal.message))),
        };
        AlterUserScramCredentialsResult { user: user.into(), error_code: code.code(), error_message: message }
    });
    Ok(AlterUserScramCredentialsResponse { results: results.collect(), ..Default::default() }.into())
}

fn check(context: &Context<'_>, count: usize) -> Result<(), Refusal> {
    if !context.broker.acls.is_enforced() {
        let message = "this broker has no logins, so it has no users";
        return Err(Refusal::new(ErrorCode::SecurityDisabled, message));
    }
    context.check_cluster(AclOperation::Alter).map_err(denied)?;
    if count > SCRAM_USERS_MAX {
        let message = format!("a request alters at most {SCRAM_USERS_MAX} logins");
        return Err(Refusal::new(ErrorCode::PolicyViolation, message));
    }
    Ok(())
}

fn names<'r>(request: &'r AlterUserScramCredentialsRequest<'_>) -> impl Iterator<Item = &'r str> {
    let deleted = request.deletions.iter().map(|deletion| &*deletion.name);
    deleted.chain(request.upsertions.iter().map(|upsertion| &*upsertion.name))
}

/// Makes the changes of every user of whom all can be made, in one write.
fn alter(context: &Context<'_>, request: &AlterUserScramCredentialsRequest<'_>) -> Results {
    let security = &context.broker.security;
    let mut next = security.with_users(Clone::clone);
    let mut results: Results = names(request).map(|name| (name.to_owned(), Ok(()))).collect();
    let mut seen = BTreeSet::new();
    let logins = request.deletions.iter().map(|deletion| (&*deletion.name, deletion.mechanism));
    let logins =
        logins.chain(request.upsertions.iter().map(|upsertion| (&*upsertion.name, upsertion.mechanism)));
    for login in logins {
        if !seen.insert(login) {
            let message = "the request alters this login more than once";
            results.insert(login.0.to_owned(), Err(Refusal::new(ErrorCode::DuplicateResource, message)));
        }
    }
    let mut is_changed = false;
    for (name, result) in &mut results {
        let mut changed = next.clone();
        let own = (
            request.deletions.iter().filter(|deletion| deletion.name == *name),
            request.upsertions.iter().filter(|upsertion| upsertion.name == *name),
        );
        *result = result.clone().and_then(|()| alter_one(&mut changed, own.0, own.1));
        if result.is_ok() {
            is_changed = true;
            next = changed;
        }
    }
    if is_changed && let Err(error) = security.change_users(next) {
        let refusal = refusal(&error);
        results
            .values_mut()
            .filter(|result| result.is_ok())
            .for_each(|result| *result = Err(refusal.clone()));
    }
    // Whose last login is gone is gone.
    context.broker.connections.end(Ending::Revoked, |identity| !security.uphold(identity));
    results
}

fn alter_one<'r>(
    users: &mut ScramUsers,
    deletions: impl Iterator<Item = &'r ScramCredentialDeletion<'r>>,
    upsertions: impl Iterator<Item = &'r ScramCredentialUpsertion<'r>>,
) -> Result<(), Refusal> {
    for deletion in deletions {
        let mechanism = mechanism(deletion.mechanism)?;
        check_user_name(&deletion.name).map_err(unacceptable)?;
        if !users.has(&deletion.name, mechanism) {
            return Err(Refusal::new(ErrorCode::ResourceNotFound, "there is no such login to delete"));
        }
        users.remove(&deletion.name, mechanism);
    }
    for upsertion in upsertions {
        let mechanism = mechanism(upsertion.mechanism)?;
        let iterations =
            u32::try_from(upsertion.iterations).map_err(|_| unacceptable(UserProblem::Iterations))?;
        users
            .upsert(&upsertion.name, mechanism, iterations, &upsertion.salt, &upsertion.salted_password)
            .map_err(unacceptable)?;
    }
    Ok(())
}

fn mechanism(code: i8) -> Result<ScramMechanism, Refusal> {
    ScramMechanism::from_code(code).ok_or_else(|| {
        Refusal::new(ErrorCode::UnsupportedSaslMechanism, format!("there is no SCRAM mechanism {code}"))
    })
}

fn unacceptable(problem: UserProblem) -> Refusal {
    let code = match problem {
        UserProblem::TooMany => ErrorCode::PolicyViolation,
        _ => ErrorCode::UnacceptableCredential,
    };
    Refusal::new(code, problem.to_string())
}

/// What a change is refused with: a full disk passes; after any other failure nothing may be promised any more.
fn refusal(error: &UsersError) -> Refusal {
    match error {
        UsersError::Disk(error) if error.is_full() => {
            tracing::warn!(%error, "the disk is full");
            Refusal::new(ErrorCode::KafkaStorageError, "the disk of the cluster is full")
        }
        failed => end_process(failed),
    }
}
