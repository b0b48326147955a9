//! The disk as the log sees it.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// The file exists and is only read.
    Read,
    /// The file exists and is read and written.
    ReadWrite,
    /// The file must not exist.
    CreateNew,
    /// The file is made, or emptied if it exists.
    Replace,
}

/// Room on the file system of the data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// Size of the file system.
    pub total_bytes: u64,
}

/// A file system. A new, renamed or removed name is durable only after [`Disk::sync_dir`] of its directory.
pub trait Disk: Debug + Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;

    /// Makes a directory and its missing parents; one that exists is fine.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Names in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Whether a file or directory exists.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Renames a file or a directory, replacing a file that is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file that nobody writes any more a second name, in another directory of the same file system. Where the file
    /// system can, the new name is a file of its own that shares the blocks, and it is synced.
    fn share(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// As [`Self::share`], but always the very same file, by which a reader knows it again.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a directory and everything in it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Room that is left where `path` lies.
    fn space(&self, path: &Path) -> io::Result<DiskSpace>;
}

/// An open file. Writes name their position: there is no shared cursor.
pub trait DiskFile: Debug + Send + Sync {
    /// Writes `parts` one after the other from `offset` on.
    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()>;

    /// Reads from `offset` on until `out` is full or the file ends; returns the bytes read.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize>;

    /// Reads as [`Self::read_at`], but only what is in memory: [`io::ErrorKind::WouldBlock`] where the medium would have to be
    /// waited for. Where the file system can not tell, it is waited for all the same.
    fn read_cached(&self, offset: u64, out: &mut [u8]) -> io::Result<usize>;

    /// Has reads of this file bring into memory what they ask for and nothing behind it, which the file's other users may be waiting
    /// for the medium behind. A hint: what comes is the same.
    fn read_as_asked(&self);

    /// Begins to bring `bytes` from `offset` on into memory, and does not wait for them. A hint, as above.
    fn read_ahead(&self, offset: u64, bytes: u64);

    /// Cuts the file, or lengthens it with zeros.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Makes the content and the length durable (fdatasync).
    fn sync_data(&self) -> io::Result<()>;

    /// Length in bytes.
    fn length(&self) -> io::Result<u64>;
}

/// Reads a whole file of at most `bytes_max`; a longer one is an error.
pub fn read_file(disk: &dyn Disk, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(path, OpenMode::Read)?;
    let length = file.length()?;
    if length > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{} is too large", path.display())));
    }
    let mut bytes = vec![0; length as usize];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

fn write_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = disk.open(path, OpenMode::Replace)?;
    file.write_at(0, &[bytes])?;
    file.sync_data()
}

/// Puts `bytes` at `path` so that after a crash the file holds either its old content or all of the new one. A failure leaves
/// nothing behind that takes room.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("tmp");
    if let Err(error) = write_file(disk, &temporary, bytes) {
        // The failure to write is the one to tell; where this fails too, the next attempt replaces the file.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.rename(&temporary, path)?;
    path.parent().map_or(Ok(()), |dir| disk.sync_dir(dir))
}
