//! What a process has cost so far, as Linux tells it.

use std::fs;
use std::io;

use serde::Serialize;

/// Cumulative costs and present size of a process. See proc(5).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot {
    cpu_seconds: f64,
    resident_bytes: u64,
    resident_peak_bytes: u64,
    device_read_bytes: u64,
    device_written_bytes: u64,
    context_switches: u64,
}

/// What a process cost between two moments, and its size at the second.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
    pub(crate) resident_bytes: u64,
    pub(crate) resident_peak_bytes: u64,
    pub(crate) device_read_bytes: u64,
    pub(crate) device_written_bytes: u64,
    pub(crate) context_switches: u64,
}

impl Snapshot {
    /// Reads `/proc` now; `None` for this process itself.
    pub(crate) fn take(pid: Option<u32>) -> io::Result<Self> {
        let dir = pid.map_or_else(|| "/proc/self".to_owned(), |pid| format!("/proc/{pid}"));
        let status = fs::read_to_string(format!("{dir}/status"))?;
        let io = fs::read_to_string(format!("{dir}/io"))?;
        let mut switches = 0;
        for task in fs::read_dir(format!("{dir}/task"))? {
            // A thread may end between the listing and the reading.
            if let Ok(status) = fs::read_to_string(task?.path().join("status")) {
                switches += number(&status, "voluntary_ctxt_switches:");
                switches += number(&status, "nonvoluntary_ctxt_switches:");
            }
        }
        Ok(Self {
            cpu_seconds: cpu_seconds(&fs::read_to_string(format!("{dir}/stat"))?),
            resident_bytes: number(&status, "VmRSS:") * 1_024,
            resident_peak_bytes: number(&status, "VmHWM:") * 1_024,
            device_read_bytes: number(&io, "read_bytes:"),
            device_written_bytes: number(&io, "write_bytes:"),
            context_switches: switches,
        })
    }

    pub(crate) fn since(&self, earlier: &Self) -> Cost {
        Cost {
            cpu_seconds: self.cpu_seconds - earlier.cpu_seconds,
            resident_bytes: self.resident_bytes,
            resident_peak_bytes: self.resident_peak_bytes,
            device_read_bytes: self.device_read_bytes - earlier.device_read_bytes,
            device_written_bytes: self.device_written_bytes - earlier.device_written_bytes,
            context_switches: self.context_switches.saturating_sub(earlier.context_switches),
        }
    }
}

fn number(text: &str, label: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// User and system time are fields 14 and 15, counted behind the name, which may hold anything.
#[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^52")]
fn cpu_seconds(stat: &str) -> f64 {
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = behind_name.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_size_and_a_cost() {
        let before = Snapshot::take(None).unwrap();
        let mut sum = 0_u64;
        while Snapshot::take(None).unwrap().cpu_seconds - before.cpu_seconds < 0.02 {
            sum = sum.wrapping_add(1);
        }
        let cost = Snapshot::take(None).unwrap().since(&before);
        assert!(cost.cpu_seconds >= 0.02 && cost.resident_bytes > 100_000, "{cost:?} {sum}");
        assert!(cost.resident_peak_bytes >= cost.resident_bytes);
    }

    #[test]
    fn a_name_with_spaces_and_brackets_is_skipped() {
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        let other = "7 (x) S 1 2 3 4 5 6 7 8 9 10 100 100 9 9";
        assert!(cpu_seconds(stat) > 0.0);
        assert!((cpu_seconds(stat) - cpu_seconds(other)).abs() < 1e-9);
    }
}
