//! `AlterClientQuotas`: sets and removes quotas; each entity of a request has its own result (KIP-546).

use headrace_protocol::messages::{
    AlterClientQuotasRequest, AlterClientQuotasResponse,
    alter_client_quotas_request::{EntryData, OpData},
    alter_client_quotas_response::{EntityData, EntryData as AlteredEntry},
};
use headrace_quotas::{Entity, QuotaKey, QuotaSet};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, config_resources::shortened, permissions::denied};
use crate::{close::Close, limits::QUOTA_ENTRIES_MAX, reply::Answer, topics::Refusal};

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: AlterClientQuotasRequest<'a>,
) -> Result<Answer<AlterClientQuotasResponse<'a>>, Close> {
    let allowed = context.check_cluster(AclOperation::AlterConfigs).map_err(denied);
    let allowed = allowed.and_then(|()| check_count(request.entries.len()));
    let mut entries = Vec::with_capacity(request.entries.len());
    for entry in request.entries {
        let altered = allowed.clone().and_then(|()| alter(context, &entry, request.validate_only));
        let (code, message) = match altered {
            Ok(()) => (ErrorCode::None, None),
            Err(refusal) => (refusal.code, Some(refusal.message.into())),
        };
        let parts = entry.entity.into_iter();
        let entity =
            parts.map(|part| EntityData { entity_type: part.entity_type, entity_name: part.entity_name });
        entries.push(AlteredEntry {
            error_code: code.code(),
            error_message: message,
            entity: entity.collect(),
        });
    }
    Ok(AlterClientQuotasResponse { entries, ..Default::default() }.into())
}

fn check_count(count: usize) -> Result<(), Refusal> {
    if count <= QUOTA_ENTRIES_MAX {
        return Ok(());
    }
    let message = format!("a request alters at most {QUOTA_ENTRIES_MAX} entities");
    Err(Refusal::new(ErrorCode::PolicyViolation, message))
}

fn alter(context: &Context<'_>, entry: &EntryData<'_>, validate_only: bool) -> Result<(), Refusal> {
    let parts = entry.entity.iter().map(|part| (part.entity_type.as_ref(), part.entity_name.as_deref()));
    let entity = Entity::parse(parts).map_err(|problem| invalid(problem.to_string()))?;
    context.broker.quotas.change(validate_only, |set| {
        entry.ops.iter().try_for_each(|operation| apply(set, &entity, operation))
    })
}

fn apply(set: &mut QuotaSet, entity: &Entity, operation: &OpData<'_>) -> Result<(), Refusal> {
    let key = QuotaKey::named(&operation.key).filter(|key| entity.has(*key));
    let key = key
        .ok_or_else(|| invalid(format!("there is no quota {} for this entity", shortened(&operation.key))))?;
    let value = (!operation.remove).then_some(operation.value);
    if let Some(value) = value {
        key.check(value).map_err(|problem| invalid(problem.to_string()))?;
    }
    set.alter(entity, key, value)
        .map_err(|problem| Refusal::new(ErrorCode::PolicyViolation, problem.to_string()))
}

fn invalid(message: String) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message)
}
