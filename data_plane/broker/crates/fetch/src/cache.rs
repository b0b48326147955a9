//! All sessions of a broker: who gets one, who keeps one.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use headrace_types::ErrorCode;

use crate::partitions::{Partitions, bytes_of};
use crate::request::{Ask, Begun, Kind, PartitionState, SessionRequest, Told};
use crate::session::{Counted, FINAL_EPOCH, INITIAL_EPOCH, Session, next_epoch};

/// Session id of answers that belong to none.
const NO_SESSION: i32 = 0;

/// Limits of the cache.
#[derive(Clone, Copy, Debug)]
pub struct SessionConfig {
    /// `max.incremental.fetch.session.cache.slots`
    pub sessions_max: usize,
    /// Most bytes that the partitions of all sessions take together, near enough.
    pub bytes_max: usize,
    /// How long a session is safe: unused for longer it goes for any other, and before that age it goes for none that is larger
    /// (`min.incremental.fetch.session.eviction.ms`).
    pub safe_ms: u64,
}

/// How much the cache holds, and what it let go of since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionTotals {
    /// Sessions.
    pub sessions: usize,
    /// Partitions of all sessions.
    pub partitions: usize,
    /// Bytes of all partitions, as limits count them.
    pub bytes: usize,
    /// Sessions that made room for another.
    pub evicted: u64,
    /// Sessions that were asked for and not given, or ended because they grew beyond the limit.
    pub declined: u64,
}

/// Every session of a broker.
#[derive(Debug)]
pub struct Sessions {
    config: SessionConfig,
    open: BTreeMap<i32, Session>,
    by_use: BTreeSet<(u64, i32)>,
    /// Those that a larger one may take the place of, by size.
    evictable: BTreeSet<(usize, i32)>,
    totals: SessionTotals,
}

impl Sessions {
    /// No sessions.
    #[must_use]
    pub fn new(config: SessionConfig) -> Self {
        Self {
            config,
            open: BTreeMap::new(),
            by_use: BTreeSet::new(),
            evictable: BTreeSet::new(),
            totals: SessionTotals::default(),
        }
    }

    /// How much there is.
    #[must_use]
    pub fn totals(&self) -> SessionTotals {
        self.totals
    }

    /// Takes a request; says what is to be read for it. The error is one for the request as a whole.
    pub fn begin(&mut self, request: SessionRequest, now_ms: u64) -> Result<Begun, ErrorCode> {
        let kind = match request.session_epoch {
            INITIAL_EPOCH => Kind::Full,
            FINAL_EPOCH => Kind::Sessionless,
            _ => return self.go_on(request, now_ms),
        };
        // Who names all partitions has no use for an earlier session.
        if self.open.get(&request.session_id).is_some_and(|session| session.owner == request.owner) {
            self.remove(request.session_id);
        }
        Ok(Begun {
            kind,
            owner: request.owner,
            uses_topic_ids: request.uses_topic_ids,
            asks: last_of_each(request.asks),
        })
    }

    fn go_on(&mut self, request: SessionRequest, now_ms: u64) -> Result<Begun, ErrorCode> {
        let SessionRequest { session_id: id, owner, uses_topic_ids, .. } = request;
        let session = self.open.get_mut(&id).filter(|session| session.owner == owner);
        let session = session.ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != request.session_epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_topic_ids != uses_topic_ids {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        request.asks.into_iter().for_each(|ask| session.partitions.put(ask));
        request.forgotten.iter().for_each(|key| session.partitions.forget(key));
        let asks = session.partitions.asks();
        if asks.is_empty() {
            self.remove(id);
            return Ok(Begun { kind: Kind::Sessionless, owner, uses_topic_ids, asks });
        }
        session.epoch = next_epoch(session.epoch);
        let next_epoch = session.epoch;
        self.touch(id, now_ms);
        if self.totals.bytes > self.config.bytes_max {
            // The client names everything again and is told that it gets no session.
            self.remove(id);
            self.totals.declined += 1;
            return Err(ErrorCode::FetchSessionIdNotFound);
        }
        let kind = Kind::Incremental { session_id: id, next_epoch };
        Ok(Begun { kind, owner, uses_topic_ids, asks })
    }

    /// Takes what was read, one state for each ask; says what the client is told. The error is one for the request as a whole.
    pub fn finish(
        &mut self,
        begun: &Begun,
        states: &[PartitionState],
        fresh_id: impl FnMut() -> i32,
        now_ms: u64,
    ) -> Result<Told, ErrorCode> {
        let everything = |session_id| Told { session_id, included: vec![true; begun.asks.len()] };
        match begun.kind {
            Kind::Sessionless => Ok(everything(NO_SESSION)),
            Kind::Full => Ok(everything(self.open(begun, states, fresh_id, now_ms))),
            Kind::Incremental { session_id, next_epoch } => match self.open.get_mut(&session_id) {
                // It made room for another meanwhile: with the next request the client learns it.
                None => Ok(everything(session_id)),
                // The client did not wait for this answer.
                Some(session) if session.epoch != next_epoch => Err(ErrorCode::InvalidFetchSessionEpoch),
                Some(session) => {
                    let read = begun.asks.iter().zip(states);
                    let included = read.map(|(ask, state)| session.partitions.tell(&ask.key, *state));
                    Ok(Told { session_id, included: included.collect() })
                }
            },
        }
    }

    /// Opens a session if there is room, or can be made; its id.
    fn open(
        &mut self,
        begun: &Begun,
        states: &[PartitionState],
        mut fresh_id: impl FnMut() -> i32,
        now_ms: u64,
    ) -> i32 {
        let bytes = begun.asks.iter().map(|ask| bytes_of(&ask.key)).sum();
        if begun.asks.is_empty() {
            return NO_SESSION;
        }
        if !self.make_room(begun.asks.len(), bytes, now_ms) {
            self.totals.declined += 1;
            return NO_SESSION;
        }
        let id = loop {
            let id = fresh_id();
            if id > NO_SESSION && !self.open.contains_key(&id) {
                break id;
            }
        };
        let mut partitions = Partitions::default();
        for (ask, state) in begun.asks.iter().zip(states) {
            partitions.put(ask.clone());
            partitions.note(&ask.key, *state);
        }
        let session = Session {
            owner: Rc::clone(&begun.owner),
            epoch: next_epoch(INITIAL_EPOCH),
            uses_topic_ids: begun.uses_topic_ids,
            partitions,
            created_at_ms: now_ms,
            used_at_ms: now_ms,
            counted: Counted::default(),
        };
        self.open.insert(id, session);
        self.totals.sessions += 1;
        self.touch(id, now_ms);
        id
    }

    fn make_room(&mut self, partitions: usize, bytes: usize, now_ms: u64) -> bool {
        if self.config.sessions_max == 0 || bytes > self.config.bytes_max {
            return false;
        }
        while self.open.len() >= self.config.sessions_max || self.totals.bytes + bytes > self.config.bytes_max
        {
            let Some(id) = self.victim(partitions, now_ms) else { return false };
            self.remove(id);
            self.totals.evicted += 1;
        }
        true
    }

    /// The session that has been unused for too long, else the smallest one of age if it is no larger than the new one.
    fn victim(&self, partitions: usize, now_ms: u64) -> Option<i32> {
        let (used_at_ms, oldest) = *self.by_use.first()?;
        if now_ms.saturating_sub(used_at_ms) > self.config.safe_ms {
            return Some(oldest);
        }
        let (size, smallest) = *self.evictable.first()?;
        (size < partitions).then_some(smallest)
    }

    /// Brings what is kept about a session up to date after its use.
    fn touch(&mut self, id: i32, now_ms: u64) {
        let Some(session) = self.open.get_mut(&id) else { return };
        let before = session.counted;
        let counted = Counted {
            partitions: session.partitions.len(),
            bytes: session.partitions.bytes(),
            is_evictable: now_ms.saturating_sub(session.created_at_ms) > self.config.safe_ms,
        };
        session.counted = counted;
        self.by_use.remove(&(session.used_at_ms, id));
        session.used_at_ms = now_ms;
        self.by_use.insert((now_ms, id));
        self.evictable.remove(&(before.partitions, id));
        if counted.is_evictable {
            self.evictable.insert((counted.partitions, id));
        }
        self.totals.partitions = self.totals.partitions - before.partitions + counted.partitions;
        self.totals.bytes = self.totals.bytes - before.bytes + counted.bytes;
    }

    fn remove(&mut self, id: i32) {
        let Some(session) = self.open.remove(&id) else { return };
        self.by_use.remove(&(session.used_at_ms, id));
        self.evictable.remove(&(session.counted.partitions, id));
        self.totals.sessions -= 1;
        self.totals.partitions -= session.counted.partitions;
        self.totals.bytes -= session.counted.bytes;
    }
}

/// Where a partition is named more than once, only what is asked last counts, at the first place.
fn last_of_each(asks: Vec<Ask>) -> Vec<Ask> {
    let mut places = BTreeMap::new();
    let mut kept: Vec<Ask> = Vec::with_capacity(asks.len());
    for ask in asks {
        let next = kept.len();
        let place = *places.entry(ask.key.clone()).or_insert(next);
        if place == next { kept.push(ask) } else { kept[place] = ask }
    }
    kept
}
