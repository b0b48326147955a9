//! The coordinator of transactions (KIP-98): which producer a transactional id has now, what its transaction has touched, and how it
//! ended.
//!
//! A pure state machine. Requests and the time go in; records to persist and transactions to end come out. Whoever drives it
//! keeps these promises:
//!
//! * the answers of a turn are sent only after its records are durable, and an [`Ending`] is carried out only after them too:
//!   how a transaction ends must not be forgotten once anyone was told;
//! * [`Coordinator::completed`] is called only when every marker of an ending is durable; after a restart what is
//!   [unfinished](Coordinator::unfinished) is ended again, which changes nothing where it had ended;
//! * after a restart the coordinator is told of every transaction that is open in a partition or a group
//!   ([`Coordinator::found_open`]), so that none stays open for ever.
//!
//! Both protocols are served side by side, as each request says: in the first one a producer names what it will touch, in the
//! second one (KIP-890) what it touches is added as it does, and every transaction has an epoch of its own.

mod config;
mod coordinator;
mod describe;
mod fork;
mod records;
mod requests;
mod timers;
mod transaction;

pub use config::TransactionConfig;
pub use coordinator::Coordinator;
pub use describe::{Description, ListFilter, Listing};
pub use requests::{
    Effects, EndRequest, Ending, Fate, InitRequest, Now, Place, Producer, ProducerSource, Protocol,
    TransactionEvent,
};
pub use transaction::State;
