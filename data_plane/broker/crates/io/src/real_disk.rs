//! The disk of the machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut};
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Advice, fadvise};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use crate::disk::{Disk, DiskFile, DiskSpace, OpenMode};

/// The disk of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(File);

impl Disk for RealDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => &mut options,
            OpenMode::ReadWrite => options.write(true),
            OpenMode::CreateNew => options.write(true).create_new(true),
            OpenMode::Replace => options.write(true).create(true).truncate(true),
        };
        Ok(Arc::new(RealFile(options.open(path)?)))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn share(&self, from: &Path, to: &Path) -> io::Result<()> {
        if clone_blocks(from, to)? { Ok(()) } else { fs::hard_link(from, to) }
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // The parent of a name without a directory is empty, which the system does not take for the current directory.
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        File::open(dir)?.sync_all()
    }

    fn space(&self, path: &Path) -> io::Result<DiskSpace> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(DiskSpace {
            free_bytes: stat.f_bavail * stat.f_frsize,
            total_bytes: stat.f_blocks * stat.f_frsize,
        })
    }
}

/// Makes `to` a file that shares the blocks of `from`; false where the file system can not.
fn clone_blocks(from: &Path, to: &Path) -> io::Result<bool> {
    let source = File::open(from)?;
    let target = OpenOptions::new().write(true).create_new(true).open(to)?;
    match rustix::fs::ioctl_ficlone(&target, &source) {
        Ok(()) => target.sync_all().map(|()| true),
        Err(Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS | Errno::XDEV | Errno::INVAL | Errno::PERM) => {
            fs::remove_file(to).map(|()| false)
        }
        Err(error) => {
            fs::remove_file(to)?;
            Err(error.into())
        }
    }
}

/// File systems that take no advice read as they always do.
fn advise(file: &File, offset: u64, bytes: Option<NonZeroU64>, advice: Advice) {
    let _ = fadvise(file, offset, bytes, advice);
}

impl DiskFile for RealFile {
    fn write_at(&self, offset: u64, parts: &[&[u8]]) -> io::Result<()> {
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut rest = slices.as_mut_slice();
        let mut position = offset;
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match rustix::io::pwritev(&self.0, rest, position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    position += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            match self.0.read_at(&mut out[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn read_cached(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            let mut rest = [IoSliceMut::new(&mut out[filled..])];
            match preadv2(&self.0, &mut rest, offset + filled as u64, ReadWriteFlags::NOWAIT) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(Errno::OPNOTSUPP) => return self.read_at(offset, out),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(filled)
    }

    fn read_as_asked(&self) {
        advise(&self.0, 0, None, Advice::Random);
    }

    fn read_ahead(&self, offset: u64, bytes: u64) {
        if let Some(bytes) = NonZeroU64::new(bytes) {
            advise(&self.0, offset, Some(bytes), Advice::WillNeed);
        }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{read_file, replace_file};

    #[test]
    fn parts_are_written_in_order_at_their_position() {
        let dir = tempfile::tempdir().unwrap();
        let file = RealDisk.open(&dir.path().join("f"), OpenMode::CreateNew).unwrap();
        file.write_at(3, &[b"ab", b"", b"cd"]).unwrap();
        file.write_at(0, &[b"xyz"]).unwrap();
        file.sync_data().unwrap();
        let mut out = [0; 16];
        assert_eq!(file.read_at(0, &mut out).unwrap(), 7);
        assert_eq!(&out[..7], b"xyzabcd");
        file.truncate(2).unwrap();
        assert_eq!(file.length().unwrap(), 2);
    }

    #[test]
    fn what_is_in_memory_is_read_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let file = RealDisk.open(&dir.path().join("f"), OpenMode::CreateNew).unwrap();
        let content: Vec<u8> = (0..100_000u32).map(|number| number as u8).collect();
        file.write_at(0, &[&content]).unwrap();
        file.sync_data().unwrap();
        let mut out = vec![0; 100_001];
        // Whoever has just read it can read it again from memory, unless memory is short or the file system can not tell.
        assert_eq!(file.read_at(0, &mut out).unwrap(), 100_000);
        out.fill(0);
        match file.read_cached(0, &mut out) {
            Ok(read) => assert_eq!(out[..read], content),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        match file.read_cached(100_000, &mut out) {
            Ok(read) => assert_eq!(read, 0, "behind the end"),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }

    #[test]
    fn advice_changes_nothing_of_what_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = RealDisk.open(&dir.path().join("f"), OpenMode::CreateNew).unwrap();
        file.write_at(0, &[&[7; 10_000]]).unwrap();
        file.sync_data().unwrap();
        file.read_as_asked();
        for (offset, bytes) in [(0, 4096), (9_000, 1 << 20), (u64::MAX, 1), (0, 0)] {
            file.read_ahead(offset, bytes);
        }
        let mut out = [0; 10_001];
        assert_eq!(file.read_at(0, &mut out).unwrap(), 10_000);
        assert_eq!(out[..10_000], [7; 10_000]);
    }

    #[test]
    fn files_are_replaced_whole_and_listed_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.json");
        replace_file(&RealDisk, &path, b"one").unwrap();
        replace_file(&RealDisk, &path, b"two").unwrap();
        RealDisk.open(&dir.path().join("a"), OpenMode::CreateNew).unwrap();
        assert_eq!(read_file(&RealDisk, &path, 3).unwrap(), b"two");
        assert!(read_file(&RealDisk, &path, 2).is_err());
        assert_eq!(RealDisk.list(dir.path()).unwrap(), ["a", "b.json"]);
        let space = RealDisk.space(dir.path()).unwrap();
        assert!(space.free_bytes > 0 && space.total_bytes >= space.free_bytes);
    }

    #[test]
    fn a_shared_file_outlives_its_first_name_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b"].map(|name| dir.path().join(name));
        replace_file(&RealDisk, &first, b"shared").unwrap();
        RealDisk.share(&first, &second).unwrap();
        assert_eq!(RealDisk.share(&first, &second).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        replace_file(&RealDisk, &first, b"another").unwrap();
        RealDisk.remove(&first).unwrap();
        assert_eq!(read_file(&RealDisk, &second, 100).unwrap(), b"shared");
        let missing = RealDisk.share(&first, &dir.path().join("c")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!(RealDisk.list(dir.path()).unwrap(), ["b"]);
    }

    #[test]
    fn create_new_refuses_what_exists() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        RealDisk.open(&path, OpenMode::CreateNew).unwrap();
        let again = RealDisk.open(&path, OpenMode::CreateNew).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }
}
