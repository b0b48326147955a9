//! `UpdateFeatures` (KIP-584): features of this broker have one version, so that an update changes nothing or is refused.

use headrace_protocol::messages::{
    UpdateFeaturesRequest, UpdateFeaturesResponse, update_features_request::FeatureUpdateKey,
    update_features_response::UpdatableFeatureResult,
};
use headrace_security::acls::AclOperation;
use headrace_types::ErrorCode;

use super::{
    Context,
    config_resources::shortened,
    features::{FEATURES, Feature},
    permissions::denied,
};
use crate::{close::Close, reply::Answer, topics::Refusal};

/// From this version on the kind of change is told by a number, and the response has no rows.
const UPGRADE_TYPE_SINCE: i16 = 1;
const ROWS_UNTIL: i16 = 1;

/// `FeatureUpdate.UpgradeType` of Apache Kafka.
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

pub(super) async fn handle<'a>(
    context: &'a Context<'_>,
    request: UpdateFeaturesRequest<'a>,
) -> Result<Answer<UpdateFeaturesResponse<'a>>, Close> {
    if let Err(code) = context.check_cluster(AclOperation::Alter) {
        return Ok(refused(denied(code)).into());
    }
    let mut updates = request.feature_updates.iter();
    let failed = updates.find_map(|update| check(context.version, update, FEATURES).err());
    if let Some(refusal) = failed {
        // One that can not be made keeps all others from being made.
        return Ok(refused(refusal).into());
    }
    let rows = request.feature_updates.into_iter().filter(|_| context.version <= ROWS_UNTIL);
    let results = rows.map(|update| UpdatableFeatureResult { feature: update.feature, ..Default::default() });
    Ok(UpdateFeaturesResponse { results: results.collect(), ..Default::default() }.into())
}

fn refused<'a>(refusal: Refusal) -> UpdateFeaturesResponse<'a> {
    UpdateFeaturesResponse {
        error_code: refusal.code.code(),
        error_message: Some(refusal.message.into()),
        ..Default::default()
    }
}

/// What is asked for must be what is in force.
fn check(version: i16, update: &FeatureUpdateKey<'_>, features: &[Feature]) -> Result<(), Refusal> {
    let name = shortened(&update.feature);
    let invalid = |message: String| Refusal::new(ErrorCode::InvalidUpdateVersion, message);
    let known = [UPGRADE, SAFE_DOWNGRADE, UNSAFE_DOWNGRADE].contains(&update.upgrade_type);
    if version >= UPGRADE_TYPE_SINCE && !known {
        return Err(invalid(format!("{name}: there is no kind of change with this number")));
    }
    let feature = features.iter().find(|feature| feature.name == update.feature);
    let feature = feature.ok_or_else(|| invalid(format!("{name}: there is no such feature here")))?;
    if update.max_version_level == feature.finalized {
        return Ok(());
    }
    Err(invalid(format!(
        "{name}: the version in force is {}, and there is no way to another",
        feature.finalized
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTED: &[Feature] = &[Feature { name: "tested", first: 0, last: 2, finalized: 2 }];

    #[test]
    fn only_the_version_in_force_can_be_asked_for() {
        let code = |feature: &'static str, level, upgrade_type| {
            let update = FeatureUpdateKey {
                feature: feature.into(),
                max_version_level: level,
                upgrade_type,
                ..Default::default()
            };
            check(2, &update, TESTED).map_err(|refusal| refusal.code)
        };
        assert_eq!(code("tested", 2, UPGRADE), Ok(()));
        for (feature, level, upgrade_type) in
            [("tested", 1, SAFE_DOWNGRADE), ("tested", 3, UPGRADE), ("tested", 2, 0), ("other", 2, UPGRADE)]
        {
            assert_eq!(code(feature, level, upgrade_type), Err(ErrorCode::InvalidUpdateVersion), "{feature}");
        }
    }
}
