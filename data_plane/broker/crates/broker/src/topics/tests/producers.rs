//! How many producers there may be.

use headrace_records::BatchBuilder;
use headrace_types::{ErrorCode, TopicPartition};

use super::{PRODUCE_VERSION, Setup, create, partition, run};
use crate::{
    config::LimitsConfig,
    limits::{PRODUCER_SAFE_MS, PRODUCERS_LOOK_MS},
    topics::{Produced, Topics},
};

const LIMITS: fn() -> LimitsConfig = || LimitsConfig { producer_ids_max: 3, ..LimitsConfig::default() };

fn write(topics: &Topics, log: TopicPartition, id: i64, sequence: i32) -> Result<i64, ErrorCode> {
    let batch = BatchBuilder::new().producer(id, 0, sequence).value(b"a").build();
    let produced = Produced { principal: None, records: &batch, api_version: PRODUCE_VERSION };
    let accepted = topics.append(log, produced, &|_| Ok(0)).map_err(|refusal| refusal.code)?;
    Ok(accepted.appended.base_offset)
}

#[test]
fn producers_are_limited_under_at_and_over() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open_within(&LIMITS());
        let (one, other) = (partition(create(&topics, "a")), partition(create(&topics, "b")));
        assert_eq!(write(&topics, one, 1, 0), Ok(0));
        assert_eq!(write(&topics, one, 2, 0), Ok(1));
        assert_eq!(topics.check_new_producer(), Ok(()));
        assert_eq!(write(&topics, one, 3, 0), Ok(2));
        assert_eq!(write(&topics, one, 4, 0), Err(ErrorCode::PolicyViolation));
        assert_eq!(topics.check_new_producer(), Err(ErrorCode::PolicyViolation));
        assert_eq!(topics.metrics().producers_refused.get(), 2);
        assert_eq!(write(&topics, other, 3, 0), Ok(0), "who is known may write anywhere");
        assert_eq!(write(&topics, one, 1, 1), Ok(3));
        topics.observe();
        assert_eq!(topics.metrics().producers.get(), 3);
    });
}

#[test]
fn the_producers_of_all_logs_count_after_a_start() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open_within(&LIMITS());
        for (name, id) in [("a", 1), ("b", 2), ("c", 3)] {
            let log = partition(create(&topics, name));
            assert_eq!(write(&topics, log, id, 0), Ok(0));
        }
        drop(topics);
        let topics = setup.open_within(&LIMITS());
        assert_eq!(topics.check_new_producer(), Err(ErrorCode::PolicyViolation));
    });
}

#[test]
fn who_was_silent_for_an_hour_makes_room() {
    let setup = Setup::new();
    run(async {
        let topics = setup.open_within(&LIMITS());
        let log = partition(create(&topics, "t"));
        for id in 1..=3 {
            write(&topics, log, id, 0).unwrap();
        }
        setup.clock.advance(std::time::Duration::from_millis((PRODUCER_SAFE_MS - 1).unsigned_abs()));
        assert_eq!(topics.check_new_producer(), Err(ErrorCode::PolicyViolation));
        assert!(write(&topics, log, 2, 1).is_ok());
        setup.clock.advance(std::time::Duration::from_millis(PRODUCERS_LOOK_MS.unsigned_abs()));
        assert_eq!(topics.check_new_producer(), Ok(()));
        topics.observe();
        assert_eq!(topics.metrics().producers.get(), 1, "the one that went on");
        assert!(write(&topics, log, 4, 0).is_ok());
    });
}
