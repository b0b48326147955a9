//! A disk in memory that forgets what was not synced, for tests and simulations.
//!
//! A crash keeps synced content and synced names; of the rest it keeps a seeded choice: unsynced writes may survive
//! whole, as a prefix or not at all, each on its own, and the unsynced changes of a directory survive up to a point.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile, DiskSpace, OpenMode};
use crate::rng::Rng;
use crate::sim_state::{Inode, State};

/// A failure that happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next sync of a file fails, and what it should have synced will never be durable although a second sync
    /// succeeds: what ext4, XFS and Btrfs do (Rebello et al., ATC 2020).
    SyncError,
    /// The next write fails and writes nothing.
    WriteError,
    /// The next read of something that has to be read fails; the one after it does not.
    ReadError,
    /// The next write writes half of its bytes and reports a full disk.
    NoSpace,
}

/// A disk in memory. Clones share the content.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct SimFile {
    state: Arc<Mutex<State>>,
    inode: usize,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimDisk {
    /// An empty disk without a size limit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another disk with the same content, which goes its own way from here on.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(Mutex::new(lock(&self.state).clone())) }
    }

    /// Cuts the power: what was not synced is lost as `rng` decides.
    pub fn crash(&self, rng: &dyn Rng) {
        lock(&self.state).crash(rng);
    }

    /// Lets the next matching operation fail.
    pub fn inject(&self, fault: Fault) {
        lock(&self.state).fault = Some(fault);
    }

    /// Lets every operation fail once `operations` more changes were made, as if the power had gone; [`Self::crash`]
    /// brings the disk back.
    pub fn power_off_after(&self, operations: u64) {
        lock(&self.state).operations_left = Some(operations);
    }

    /// Bounds the disk to `bytes`; `None` for no bound.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        lock(&self.state).capacity = bytes;
    }

    /// Whether files can be read without waiting for the medium, as they can from the start.
    pub fn set_cached(&self, is_cached: bool) {
        lock(&self.state).is_cold = !is_cached;
    }

    /// Flips one bit of a file, durable content included, as a rotting medium does.
    ///
    /// # Panics
    /// If the file or the byte does not exist.
    pub fn flip_bit(&self, path: &Path, offset: usize, bit: u8) {
        let mut state = lock(&self.state);
        let Some(inode) = state.file(path) else { panic!("{} is no file", path.display()) };
        state.inodes[inode].flip_bit(offset, bit);
    }

    /// Lets every read of a file fail from now on, or no more, as where the medium has bad blocks.
    ///
    /// # Panics
    /// If the file does not exist.
    pub fn set_unreadable(&self, path: &Path, is_unreadable: bool) {
        let mut state = lock(&self.state);
        let Some(inode) = state.file(path) else { panic!("{} is no file", path.display()) };
        state.inodes[inode].set_unreadable(is_unreadable);
    }

    /// Number of changes made so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        lock(&self.state).operations
    }

    /// Bytes read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        lock(&self.state).bytes_read
    }

    /// Bytes so far that were to be brought into memory before they are read.
    #[must_use]
    pub fn bytes_ahead(&self) -> u64 {
        lock(&self.state).bytes_ahead
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = lock(&self.state);
        state.powered()?;
        act(&mut state)
    }

    fn change<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = lock(&self.state);
        state.spend_operation()?;
        act(&mut state)
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let existing = self.with(|state| Ok(state.file(path)))?;
        let inode = match (mode, existing) {
            (OpenMode::CreateNew, Some(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
            (OpenMode::Read | OpenMode::ReadWrite, None) => return Err(io::ErrorKind::NotFound.into()),
            (OpenMode::Read | OpenMode::ReadWrite, Some(inode)) => inode,
            (OpenMode::Replace, Some(inode)) => self.change(|state| {
                state.inodes[inode].truncate(0);
                Ok(inode)
            })?,
            (OpenMode::CreateNew | OpenMode::Replace, None) => {
                self.change(|state| state.create_file(path))?
            }
        };
        Ok(Arc::new(SimFile { state: Arc::clone(&self.state), inode }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.change(|state| {
            state.create_dir_all(path);
            Ok(())
        })
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.with(|state| state.list(dir))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.with(|state| Ok(state.exists(path)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|state| state.rename(from, to))
    }

    fn share(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|state| state.share(from, to))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.share(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(|state| state.remove(path))
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.change(|state| state.remove(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(|state| state.sync_dir(dir))
    }

    fn space(&self, _path: &Path) -> io::Result<DiskSpace> {
        self.with(|state| {
            let total_bytes = state.capacity.unwrap_or(u64::MAX);
            Ok(DiskSpace { free_bytes: total_bytes.saturating_sub(state.used_bytes()), total_bytes })
        })
    }
}

impl SimFile {
    fn with<T>(&self, act: impl FnOnce(&mut Inode) -> T) -> io::Result<T> {
        let mut state = lock(&self.state);
        state.powered()?;
        Ok(act(&mut state.inodes[self.inode]))
    }
}

impl DiskFile for SimFile {
    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.spend_operation()?;
        state.write(self.inode, offset as usize, &parts.concat())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        if lock(&self.state).take_fault(Fault::ReadError) {
            return Err(io::Error::other("simulated I/O error on read"));
        }
        let read = self.with(|inode| inode.read(offset as usize, out))??;
        lock(&self.state).bytes_read += read as u64;
        Ok(read)
    }

    fn read_cached(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        if lock(&self.state).is_cold {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.read_at(offset, out)
    }

    fn read_as_asked(&self) {}

    fn read_ahead(&self, _offset: u64, bytes: u64) {
        lock(&self.state).bytes_ahead += bytes;
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.spend_operation()?;
        state.inodes[self.inode].truncate(length as usize);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.spend_operation()?;
        let failed = state.take_fault(Fault::SyncError);
        state.inodes[self.inode].sync(failed);
        if failed { Err(io::Error::other("simulated I/O error on sync")) } else { Ok(()) }
    }

    fn length(&self) -> io::Result<u64> {
        self.with(|inode| inode.live.len() as u64)
    }
}

/// The directory that a path lies in.
pub(crate) fn parent_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{read_file, replace_file};
    use crate::rng::SeededRng;

    fn dir() -> &'static Path {
        Path::new("data")
    }

    fn disk() -> SimDisk {
        let disk = SimDisk::new();
        disk.create_dir_all(dir()).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        disk
    }

    fn content(disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
        read_file(disk, &dir().join(name), 1_000).ok()
    }

    #[test]
    fn synced_bytes_under_a_synced_name_survive_every_crash() {
        for seed in 0..100 {
            let disk = disk();
            let file = disk.open(&dir().join("f"), OpenMode::CreateNew).unwrap();
            file.write_at(0, &[b"kept"]).unwrap();
            file.sync_data().unwrap();
            disk.sync_dir(dir()).unwrap();
            file.write_at(4, &[b"lost?"]).unwrap();
            disk.crash(&SeededRng::new(seed));
            let left = content(&disk, "f").unwrap();
            assert!(left.starts_with(b"kept") && b"keptlost?".starts_with(&left[..]), "{left:?}");
        }
    }

    #[test]
    fn some_crash_loses_an_unsynced_write_some_tears_it_and_some_keeps_it() {
        let lengths: std::collections::BTreeSet<usize> = (0..200)
            .map(|seed| {
                let disk = disk();
                let file = disk.open(&dir().join("f"), OpenMode::CreateNew).unwrap();
                disk.sync_dir(dir()).unwrap();
                file.write_at(0, &[b"0123456789"]).unwrap();
                disk.crash(&SeededRng::new(seed));
                content(&disk, "f").unwrap().len()
            })
            .collect();
        assert!(lengths.contains(&0) && lengths.contains(&10) && lengths.len() > 2, "{lengths:?}");
    }

    #[test]
    fn a_name_without_a_directory_sync_may_be_lost() {
        let outcomes: std::collections::BTreeSet<_> = (0..100)
            .map(|seed| {
                let disk = disk();
                replace_file(&disk, &dir().join("f"), b"old").unwrap();
                let file = disk.open(&dir().join("f.tmp"), OpenMode::Replace).unwrap();
                file.write_at(0, &[b"new"]).unwrap();
                file.sync_data().unwrap();
                disk.rename(&dir().join("f.tmp"), &dir().join("f")).unwrap();
                disk.crash(&SeededRng::new(seed));
                content(&disk, "f").unwrap()
            })
            .collect();
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [b"new".to_vec(), b"old".to_vec()]);
    }

    #[test]
    fn a_replaced_file_is_old_or_new_at_every_power_cut() {
        for operations in 0..8 {
            for seed in 0..20 {
                let disk = disk();
                replace_file(&disk, &dir().join("f"), b"old").unwrap();
                disk.power_off_after(operations);
                let done = replace_file(&disk, &dir().join("f"), b"new").is_ok();
                disk.crash(&SeededRng::new(seed));
                let left = content(&disk, "f").unwrap();
                assert!(left == b"new" || (left == b"old" && !done), "{left:?} after {operations}");
            }
        }
    }

    #[test]
    fn a_failed_sync_fails_once_and_its_data_is_gone_after_a_crash() {
        let disk = disk();
        let file = disk.open(&dir().join("f"), OpenMode::CreateNew).unwrap();
        disk.sync_dir(dir()).unwrap();
        file.write_at(0, &[b"data"]).unwrap();
        disk.inject(Fault::SyncError);
        assert!(file.sync_data().is_err());
        assert!(file.sync_data().is_ok());
        assert_eq!(content(&disk, "f").unwrap(), b"data");
        disk.crash(&SeededRng::new(1));
        assert_eq!(content(&disk, "f").unwrap(), b"");
    }

    #[test]
    fn a_failed_read_fails_once_and_one_of_a_bad_file_each_time() {
        let disk = disk();
        replace_file(&disk, &dir().join("f"), b"bad").unwrap();
        replace_file(&disk, &dir().join("g"), b"good").unwrap();
        disk.inject(Fault::ReadError);
        assert_eq!(content(&disk, "f"), None);
        assert_eq!(content(&disk, "f").unwrap(), b"bad");
        disk.set_unreadable(&dir().join("f"), true);
        assert_eq!((content(&disk, "f"), content(&disk, "f")), (None, None));
        assert_eq!(content(&disk, "g").unwrap(), b"good");
        disk.set_unreadable(&dir().join("f"), false);
        assert_eq!(content(&disk, "f").unwrap(), b"bad");
    }

    #[test]
    fn a_full_disk_takes_a_part_and_says_so() {
        let disk = disk();
        disk.set_capacity(Some(6));
        let file = disk.open(&dir().join("f"), OpenMode::CreateNew).unwrap();
        let error = file.write_at(0, &[b"0123456789"]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(content(&disk, "f").unwrap(), b"012345");
        assert_eq!(disk.space(dir()).unwrap(), DiskSpace { free_bytes: 0, total_bytes: 6 });
    }

    #[test]
    fn a_shared_file_is_one_file_under_two_names_until_one_is_replaced() {
        let disk = disk();
        replace_file(&disk, &dir().join("f"), b"x").unwrap();
        disk.share(&dir().join("f"), &dir().join("g")).unwrap();
        disk.sync_dir(dir()).unwrap();
        disk.open(&dir().join("g"), OpenMode::ReadWrite).unwrap().write_at(0, &[b"y"]).unwrap();
        assert_eq!(content(&disk, "f").unwrap(), b"y");
        replace_file(&disk, &dir().join("f"), b"z").unwrap();
        disk.crash(&SeededRng::new(3));
        assert_eq!(content(&disk, "f").unwrap(), b"z");
        assert!(disk.exists(&dir().join("g")).unwrap());
        assert!(disk.share(&dir().join("f"), &dir().join("g")).is_err());
        assert!(disk.share(&dir().join("h"), &dir().join("i")).is_err());
    }

    #[test]
    fn a_removed_directory_takes_its_files_along() {
        let disk = disk();
        replace_file(&disk, &dir().join("f"), b"x").unwrap();
        disk.remove_dir_all(dir()).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        disk.crash(&SeededRng::new(3));
        assert!(!disk.exists(&dir().join("f")).unwrap() && !disk.exists(dir()).unwrap());
    }
}
