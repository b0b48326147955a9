//! `ApiVersions`: what the broker serves.

use headrace_protocol::{
    ApiKey,
    messages::{ApiVersionsRequest, ApiVersionsResponse, api_versions_response::ApiVersion},
};
use headrace_types::ErrorCode;

use super::{Context, features, served};
use crate::{
    close::Close,
    reply::{Answer, Reply},
};

/// From this version on clients say what software they are.
const NAMED_SOFTWARE_SINCE: i16 = 3;
/// Versions 0 to 2 of `Produce` are refused, but librdkafka takes their absence for a broker without compression (KAFKA-18659).
const PRODUCE_REPORTED_SINCE: i16 = 0;

pub(super) async fn handle(
    context: &Context<'_>,
    request: ApiVersionsRequest<'_>,
) -> Result<Answer<ApiVersionsResponse<'static>>, Close> {
    let named =
        is_software_name(&request.client_software_name) && is_software_name(&request.client_software_version);
    let error = if context.version >= NAMED_SOFTWARE_SINCE && !named {
        ErrorCode::InvalidRequest
    } else {
        ErrorCode::None
    };
    Ok(response(error).into())
}

/// The answer to an unknown version: readable by everyone, with the versions that are known (KIP-511).
pub(crate) fn unsupported_version(correlation_id: i32) -> Result<Reply, Close> {
    Ok(Answer::Respond(response(ErrorCode::UnsupportedVersion)).into_reply(0, correlation_id)?)
}

fn response(error: ErrorCode) -> ApiVersionsResponse<'static> {
    let served_keys = ApiKey::ALL.iter().filter_map(|key| Some((*key, served(*key)?)));
    let api_keys = served_keys.map(|(key, versions)| ApiVersion {
        api_key: key as i16,
        min_version: if key == ApiKey::Produce { PRODUCE_REPORTED_SINCE } else { *versions.start() },
        max_version: *versions.end(),
    });
    ApiVersionsResponse {
        error_code: error.code(),
        api_keys: api_keys.collect(),
        supported_features: features::supported(),
        finalized_features_epoch: features::EPOCH,
        finalized_features: features::finalized(),
        ..Default::default()
    }
}

/// Letters and digits, with `-` and `.` inside (`ApiVersionsRequest` of Apache Kafka, KIP-511).
fn is_software_name(text: &str) -> bool {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    text.chars().all(inside) && edge(text.chars().next()) && edge(text.chars().last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_names_follow_the_pattern() {
        for good in ["librdkafka", "2.15.0", "apache-kafka-java", "a"] {
            assert!(is_software_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", ".", "naïve"] {
            assert!(!is_software_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn served_versions_are_ones_that_the_codec_has() {
        for key in ApiKey::ALL {
            if let Some(versions) = served(*key) {
                let known = key.versions();
                assert!(known.contains(versions.start()) && known.contains(versions.end()), "{}", key.name());
            }
        }
    }
}
