//! Nothing is answered before it is durable: on a simulated disk that is synced only when the test says so.

use headrace_groups::{OffsetCommit, Protocol};
use headrace_io::{ManualClock, SimDisk};
use tokio::task::{JoinHandle, LocalSet, spawn_local, yield_now};
use uuid::Uuid;

use super::*;

const GROUP: &str = "g";

fn open(disk: &Arc<SimDisk>) -> Rc<Groups> {
    let config = GroupConfig { initial_rebalance_delay_ms: 0, ..GroupConfig::default() };
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_800_000_000_000));
    let shared: Arc<dyn Disk> = Arc::clone(disk) as _;
    Groups::open(shared, Path::new("data/groups"), clock, config).unwrap()
}

fn commit(groups: &Rc<Groups>, offset: i64) -> JoinHandle<Result<Vec<ErrorCode>, ErrorCode>> {
    let offsets = vec![OffsetCommit {
        topic: "t".to_owned(),
        topic_id: TopicId::from_random([1; 16]),
        partition: 0,
        offset,
        leader_epoch: 0,
        metadata: String::new(),
    }];
    let request = CommitRequest {
        group_id: GROUP.to_owned(),
        member_id: String::new(),
        instance_id: None,
        generation: -1,
        knows_group_id_not_found: true,
        transactor: None,
        offsets,
    };
    let groups = Rc::clone(groups);
    spawn_local(async move { groups.commit(&request).await })
}

fn fetch(groups: &Rc<Groups>) -> JoinHandle<Option<i64>> {
    let groups = Rc::clone(groups);
    spawn_local(async move {
        let fetched = groups.fetch_offsets(GROUP, None).await.unwrap();
        fetched.first().and_then(|topic| Some(topic.partitions[0].committed.as_ref()?.offset))
    })
}

/// A first member, which needs no id told in advance because its client is old.
fn join(groups: &Rc<Groups>) -> JoinHandle<JoinAnswer> {
    let request = JoinRequest {
        group_id: GROUP.to_owned(),
        member_id: String::new(),
        instance_id: None,
        client_id: "c".to_owned(),
        client_host: "127.0.0.1".to_owned(),
        protocol_type: "consumer".to_owned(),
        protocols: vec![Protocol { name: "range".to_owned(), metadata: Vec::new().into() }],
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        requires_known_member: false,
        may_skip_assignment: false,
        fresh_id: Uuid::from_u128(1),
    };
    let groups = Rc::clone(groups);
    spawn_local(async move { groups.join(&request).await })
}

/// Gives every task its turns.
async fn let_run() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[tokio::test]
async fn commits_and_what_rests_on_them_wait_for_the_sync() {
    LocalSet::new()
        .run_until(async {
            let disk = Arc::new(SimDisk::new());
            let groups = open(&disk);
            let (committed, fetched) = (commit(&groups, 5), fetch(&groups));
            let_run().await;
            assert!(!committed.is_finished() && !fetched.is_finished());
            spawn_local(Rc::clone(&groups).keep_durable());
            assert_eq!(committed.await.unwrap(), Ok(vec![ErrorCode::None]));
            assert_eq!(fetched.await.unwrap(), Some(5));
            disk.crash(&headrace_io::SeededRng::new(1));
            let again = open(&disk);
            assert_eq!(fetch(&again).await.unwrap(), Some(5));
        })
        .await;
}

#[tokio::test]
async fn a_generation_is_told_to_nobody_before_it_is_durable() {
    LocalSet::new()
        .run_until(async {
            let groups = open(&Arc::new(SimDisk::new()));
            let joined = join(&groups);
            let_run().await;
            assert!(!joined.is_finished());
            spawn_local(Rc::clone(&groups).keep_durable());
            assert_eq!(joined.await.unwrap().generation, 1);
        })
        .await;
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_answered_and_nothing_is_lost() {
    LocalSet::new()
        .run_until(async {
            let disk = Arc::new(SimDisk::new());
            let groups = open(&disk);
            spawn_local(Rc::clone(&groups).keep_durable());
            assert!(commit(&groups, 5).await.unwrap().is_ok());
            disk.set_capacity(Some(1));
            let waiting = commit(&groups, 6);
            let_run().await;
            assert!(!waiting.is_finished());
            assert_eq!(commit(&groups, 7).await.unwrap(), Err(ErrorCode::CoordinatorNotAvailable));
            disk.set_capacity(None);
            groups.tick();
            assert!(waiting.await.unwrap().is_ok());
            assert_eq!(fetch(&groups).await.unwrap(), Some(6));
        })
        .await;
}

#[tokio::test]
async fn a_stop_ends_the_waiting() {
    LocalSet::new()
        .run_until(async {
            let groups = open(&Arc::new(SimDisk::new()));
            let joined = join(&groups);
            let_run().await;
            groups.end_waiting();
            assert_eq!(joined.await.unwrap().error, ErrorCode::CoordinatorNotAvailable);
            groups.close().await;
        })
        .await;
}
