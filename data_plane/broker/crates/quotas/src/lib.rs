//! Quotas: which rates clients are allowed (KIP-13, 55, 124, 599, 612), whose quota holds for whom (KIP-55), and how far each has
//! used its own up.
//!
//! Everything here decides and nothing here does: the time is passed in, and a wait comes back as a value.

mod bucket;
mod entity;
mod filter;
mod key;
mod ledger;
pub mod limits;
mod set;

pub use bucket::{Allowance, Bucket};
pub use entity::{Entity, EntityProblem, Name};
pub use filter::{FilterProblem, Match, QuotaFilter};
pub use key::{QuotaKey, ValueProblem};
pub use ledger::Ledger;
pub use set::{QuotaFormatError, QuotaSet, Subject, TooManyEntities};
