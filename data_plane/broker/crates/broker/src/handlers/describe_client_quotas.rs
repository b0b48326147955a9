//! `DescribeClientQuotas`: the quotas of the entities that a filter means (KIP-546).

use headrace_protocol::messages::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse,
    describe_client_quotas_request::ComponentData,
    describe_client_quotas_response::{EntityData, EntryData, ValueData},
};
use headrace_quotas::{Entity, FilterProblem, Match, QuotaFilter, QuotaKey};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{Context, permissions::denied};
use crate::{close::Close, reply::Answer, topics::Refusal};

const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const ANY: i8 = 2;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: DescribeClientQuotasRequest<'a>,
) -> Result<Answer<DescribeClientQuotasResponse<'a>>, Close> {
    let allowed = context.check_cluster(AclOperation::DescribeConfigs).map_err(denied);
    let response = match allowed.and_then(|()| filter(&request)) {
        Ok(filter) => DescribeClientQuotasResponse {
            error_message: None,
            entries: Some(context.broker.quotas.matching(&filter).iter().map(entry).collect()),
            ..Default::default()
        },
        Err(refusal) => DescribeClientQuotasResponse {
            error_code: refusal.code.code(),
            error_message: Some(refusal.message.into()),
            entries: None,
            ..Default::default()
        },
    };
    Ok(response.into())
}

fn filter(request: &DescribeClientQuotasRequest<'_>) -> Result<QuotaFilter, Refusal> {
    let invalid = |message: String| Refusal::new(ErrorCode::InvalidRequest, message);
    let component = |component: &'_ ComponentData<'_>| match (component.match_type, &component.r#match) {
        (EXACT, Some(name)) => Ok(Match::Exact(name.to_string())),
        (DEFAULT, None) => Ok(Match::Default),
        (ANY, None) => Ok(Match::Any),
        (EXACT, None) => Err(invalid("an exact match needs a name".to_owned())),
        (DEFAULT | ANY, Some(_)) => Err(invalid("only an exact match has a name".to_owned())),
        (kind, _) => Err(invalid(format!("there is no match type {kind}"))),
    };
    let mut components = Vec::new();
    for part in &request.components {
        components.push((part.entity_type.as_ref(), component(part)?));
    }
    QuotaFilter::new(components, request.strict).map_err(|problem| {
        // So that a client of kinds to come learns that this broker is older.
        let code = match problem {
            FilterProblem::Type => ErrorCode::UnsupportedVersion,
            FilterProblem::Repeated | FilterProblem::Combination => ErrorCode::InvalidRequest,
        };
        Refusal::new(code, problem.to_string())
    })
}

fn entry<'a>((entity, rates): &(Entity, Vec<(QuotaKey, f64)>)) -> EntryData<'a> {
    let parts = entity.parts().into_iter().map(|(kind, name)| EntityData {
        entity_type: kind.into(),
        entity_name: name.map(|name| name.to_owned().into()),
    });
    let values = rates.iter().map(|(key, rate)| ValueData { key: key.name().into(), value: *rate });
    EntryData { entity: parts.collect(), values: values.collect() }
}
