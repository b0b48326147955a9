//! Clock, disk and randomness behind traits, so that everything above them runs the same in a simulation.

pub mod clock;
pub mod disk;
pub mod read_only;
pub mod real_disk;
pub mod rng;
pub mod sim_disk;
mod sim_state;

pub use clock::{Clock, ManualClock, SystemClock};
pub use disk::{Disk, DiskFile, DiskSpace, OpenMode};
pub use read_only::ReadOnly;
pub use real_disk::RealDisk;
pub use rng::{OsRng, Rng, SeededRng};
pub use sim_disk::{Fault, SimDisk};
